"""
Load the demo: the agency first, then each request step by step.

Every step has the time at which it would have happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from delivery.flows.client_change import publish_client_change
from delivery.flows.client_request import publish_client_request
from delivery.flows.defaults import ensure_checks
from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.flows.recorded_request import publish_recorded_request
from delivery.progress.operations.recording import HandMade, NewRequest, record
from delivery.requests.models import Request
from delivery.requests.operations.first_response import record_call
from demo.agency import agency
from demo.agency.change import ask_for_change
from demo.agency.leads import submit_leads
from demo.agency.making import make_pieces
from demo.agency.outside import outside
from demo.agency.proven import prove_runs
from demo.agency.requests import REQUESTS, DemoRequest, Step
from routing.cover.agency import Agency
from routing.cover.operations.leaving import set_roles
from routing.cover.operations.portal_access import has_access, invite
from routing.people.actors import Actor
from routing.people.clients import Client, Contact, Membership
from routing.people.operations import save_contact
from routing.people.saving import save_with_reason
from routing.people.staff import Team, TeamMembership, User
from routing.runs.models import Run
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.escalate import escalate
from routing.work.door import OperationResult, operations_of
from routing.work.items import WorkItem

WHY = "The demo was loaded."
CALLED_AFTER_H = 1  # hours from a request to the first call about it
BY_ITSELF = {"begin", "deliver", "close"}  # steps that the system takes


class DemoStepRefused(RuntimeError):
    """A step of a request was refused, so the demo no longer fits the product."""


def load(at: datetime) -> list[User]:
    """Load everything or nothing. Return the people, who still need passwords."""
    with transaction.atomic():
        system = Actor.system()
        people = {person.email: _person(person, system, at) for person in agency.PEOPLE}
        teams = {
            name: _team(name, people[lead], people, system, at)
            for name, lead in agency.TEAMS.items()
        }
        clients = {
            account.code: _client(account, teams, people, system, at) for account in agency.CLIENTS
        }
        contacts = [_contact(known, clients, system, at) for known in agency.CONTACTS]
        first: dict[str, Contact] = {}
        for contact, known in zip(contacts, agency.CONTACTS, strict=True):
            first.setdefault(known.client, contact)
        _rules(people, teams, at)
        _invite(contacts, Actor.of(User.objects.get(email=agency.OPERATIONS)), at)
        made: list[Request] = []
        for wanted in REQUESTS:
            client, contact = clients[wanted.client], first[wanted.client]
            made.append(_open(wanted, client, contact, made, at))
        make_pieces(clients, made, at)
        submit_leads(clients, Actor.of(User.objects.get(email=agency.OPERATIONS)), at)
        prove_runs(clients, at)
        ask_for_change(at)
        escalate(at=at)  # overdue work has been escalated before anybody signs in
        outside().hush(at)
    return list(people.values())


def _rules(people: dict[str, User], teams: dict[str, Team], at: datetime) -> None:
    """Set up the agency: its row, hours, SLA policies, checks and flows."""
    owner, backup, since = people[agency.OPERATIONS], people[agency.DEPUTY], at - timedelta(days=90)
    row = Agency.objects.first() or Agency(pk=1)
    row.name, row.team, row.owner, row.backup = agency.NAME, teams["Atlas"], owner, backup
    save_with_reason(row, by=Actor.system(), at=at, reason=WHY)
    ensure_defaults(at=since, timezone="Europe/London", country="GB", region="ENG")
    ensure_checks(at=since)
    lead = Actor.of(User.objects.get(pk=owner.pk))
    publish_lead_to_brief(
        owner=owner,
        backup=backup,
        high_value=teams["Atlas"],
        usual=teams["Borealis"],
        by=lead,
        at=since,
    )
    publish_client_request(owner=owner, backup=backup, team=teams["Atlas"], by=lead, at=since)
    publish_client_change(owner=owner, backup=backup, team=teams["Atlas"], by=lead, at=since)
    publish_recorded_request(owner=owner, backup=backup, team=teams["Atlas"], by=lead, at=since)


def _invite(contacts: Sequence[Contact], by: Actor, at: datetime) -> None:
    for contact in contacts:
        if contact.email in agency.IN_PORTAL and not has_access(contact):
            invite(contact.pk, by=by, at=at, write=False)


def _person(person: agency.DemoPerson, system: Actor, at: datetime) -> User:
    user = User.objects.filter(email=person.email).first() or User(email=person.email)
    user.set_unusable_password()  # until the sign-ins are written
    user.full_name, user.timezone = person.name, person.timezone
    user.is_staff = user.is_active = True
    save_with_reason(user, by=system, at=at, reason=WHY)
    set_roles(user, [person.role], by=system, at=at, reason=WHY)
    return user


def _team(name: str, lead: User, people: dict[str, User], system: Actor, at: datetime) -> Team:
    team = Team.objects.filter(name=name).first() or Team(name=name)
    team.lead = lead
    save_with_reason(team, by=system, at=at, reason=WHY)
    for person in agency.PEOPLE:
        user = people[person.email]
        if person.team != name or TeamMembership.objects.filter(team=team, user=user).exists():
            continue
        save_with_reason(TeamMembership(team=team, user=user), by=system, at=at, reason=WHY)
    return team


def _client(
    account: agency.Account,
    teams: dict[str, Team],
    people: dict[str, User],
    system: Actor,
    at: datetime,
) -> Client:
    client = Client.objects.filter(code=account.code).first() or Client(code=account.code)
    client.name, client.timezone = account.name, account.timezone
    client.restricted = account.restricted
    client.team = teams[account.team]
    client.owner, client.backup = people[account.owner], people[account.backup]
    save_with_reason(client, by=system, at=at, reason=WHY)
    return client


def _contact(
    known: agency.DemoContact, clients: dict[str, Client], system: Actor, at: datetime
) -> Contact:
    contact = Contact.objects.filter(email=known.email).first()
    if contact is None:
        contact = Contact(full_name=known.name, email=known.email, language=known.language)
        save_contact(contact, by=system, at=at)
        save_with_reason(
            Membership(contact=contact, client=clients[known.client], role=known.role),
            by=system,
            at=at,
            reason=WHY,
        )
    return contact


def _open(
    wanted: DemoRequest, client: Client, contact: Contact, before: list[Request], at: datetime
) -> Request:
    """Open a request of the demo and take its steps."""
    by, moment = Actor.of(User.objects.get(pk=client.owner_id)), at - timedelta(hours=wanted.age_h)
    wanted_date = None
    if wanted.wanted_d is not None:
        wanted_date = at.date() + timedelta(days=wanted.wanted_d)
    call = NewRequest(
        client=client,
        title=wanted.title,
        details=wanted.details,
        kind=wanted.kind,
        channel=wanted.channel,
        contact=contact,
        wanted_date=wanted_date,
        priority=wanted.priority,
        evidence=wanted.evidence,
        chosen=_chosen(wanted),
    )
    request = record(call, by=by, at=moment).request
    if request is None:
        raise DemoStepRefused(f"{wanted.title}: no rule found an owner.")
    if wanted.steps:
        called_at = min(moment + timedelta(hours=CALLED_AFTER_H), at)
        record_call(request.item_id, body=f"Called {contact}.", by=by, at=called_at)
    for step in wanted.steps:
        moment = min(moment + timedelta(hours=step.after_h), at)
        _take(step, request, before, by, moment)
    return request


def _chosen(wanted: DemoRequest) -> HandMade | None:
    """Return the pair that was chosen by hand, by the names of the demo."""
    if wanted.chosen is None:
        return None
    owner, backup, because = wanted.chosen
    people = User.objects.in_bulk(
        [f"{owner}@{agency.DOMAIN}", f"{backup}@{agency.DOMAIN}"], field_name="email"
    )
    return HandMade(
        people[f"{owner}@{agency.DOMAIN}"], people[f"{backup}@{agency.DOMAIN}"], because
    )


def _take(step: Step, request: Request, before: list[Request], by: Actor, at: datetime) -> None:
    """Take a step of a request. One that was closed without proof ends with its run."""
    if step.verb == "close_unproven":
        lead = Actor.of(User.objects.get(email=agency.OPERATIONS))
        [ended] = operations_of(Run)[step.verb](
            [request.item.run_id or 0], by=lead, at=at, reason=step.reason
        )
        _check(ended, request, step.verb)
        return
    found = operations_of(Request).get(step.verb)
    operation = found or operations_of(WorkItem)[step.verb]
    target = request.pk if found else request.item_id
    who = Actor.system() if step.verb in BY_ITSELF else by
    details = operation.details(**_details(step, before)) if operation.details else None
    [result] = operation([target], by=who, at=at, reason=step.reason, details=details)
    _check(result, request, step.verb)


def _check(result: OperationResult, request: Request, verb: str) -> None:
    """:raises DemoStepRefused: if the step was not done"""
    if not result.done:
        reasons = "; ".join(str(each.message) for each in result.refusals)
        raise DemoStepRefused(f"{request}: {verb} was refused: {reasons}")


def _details(step: Step, before: list[Request]) -> dict[str, Any]:
    """Return details for the operation, with names of people and places of requests resolved."""
    details = dict(step.details)
    if step.verb == "hand_over":
        return {
            place: User.objects.get(email=f"{name}@{agency.DOMAIN}").pk
            for place, name in details.items()
        }
    if step.verb == "mark_duplicate":
        return {"duplicate_of": before[details["duplicate_of"]].pk}
    return details
