"""
Loading the demo: the agency first, then each story step by step, with the times it would have had.
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
from delivery.requests.models import Request
from delivery.requests.operations.requests import open_request
from demo.agency import agency
from demo.agency.change import ask_for_change
from demo.agency.leads import tell_leads
from demo.agency.making import make_pieces
from demo.agency.outside import outside
from demo.agency.stories import STORIES, DemoRequest, Step
from routing.cover.agency import Agency
from routing.cover.operations.leaving import set_roles
from routing.cover.operations.portal_access import has_access, invite
from routing.people.actors import Actor
from routing.people.clients import Client, Contact, Membership
from routing.people.operations import save_contact
from routing.people.saving import save_with_reason
from routing.people.staff import Team, TeamMembership, User
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.escalate import escalate
from routing.work.door import operations_of
from routing.work.items import WorkItem

WHY = "The demo was loaded."
BY_ITSELF = {"begin", "deliver", "close"}  # steps that nobody presses a button for


class StoryBroke(RuntimeError):
    """A step of a story was refused: the demo no longer fits the product."""


def load(at: datetime) -> list[User]:
    """Load everything, or nothing; the people whose passwords have to be made."""
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
        first = {
            code: next(
                each
                for each, known in zip(contacts, agency.CONTACTS, strict=True)
                if known.client == code
            )
            for code in clients
        }
        _rules(people, teams, at)
        _invite(contacts, Actor.of(User.objects.get(email=agency.OPERATIONS)), at)
        made: list[Request] = []
        for story in STORIES:
            made.append(_tell(story, clients[story.client], first[story.client], made, at))
        make_pieces(clients, made, at)
        tell_leads(clients, Actor.of(User.objects.get(email=agency.OPERATIONS)), at)
        ask_for_change(at)
        escalate(at=at)  # what is late by now was told of before anybody looked
        outside().hush(at)
    return list(people.values())


def _rules(people: dict[str, User], teams: dict[str, Team], at: datetime) -> None:
    """The agency's own row, its hours and promises, and the flow that its leads take."""
    owner, backup, since = people[agency.OPERATIONS], people[agency.DEPUTY], at - timedelta(days=90)
    row = Agency.objects.first() or Agency(pk=1)
    row.name, row.team, row.owner, row.backup = agency.NAME, teams["Atlas"], owner, backup
    save_with_reason(row, by=Actor.system(), at=at, reason=WHY)
    ensure_defaults(at=since, timezone="Europe/London", country="GB")
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


def _invite(contacts: Sequence[Contact], by: Actor, at: datetime) -> None:
    for contact in contacts:
        if contact.email in agency.IN_PORTAL and not has_access(contact):
            invite(contact.pk, by=by, at=at, write=False)


def _person(person: agency.DemoPerson, system: Actor, at: datetime) -> User:
    user = User.objects.filter(email=person.email).first() or User(email=person.email)
    user.set_unusable_password()  # until the sign-ins are written
    user.full_name, user.timezone, user.is_staff, user.is_active = (
        person.name,
        person.timezone,
        True,
        True,
    )
    save_with_reason(user, by=system, at=at, reason=WHY)
    set_roles(user, [person.role], by=system, at=at, reason=WHY)
    return user


def _team(name: str, lead: User, people: dict[str, User], system: Actor, at: datetime) -> Team:
    team = Team.objects.filter(name=name).first() or Team(name=name)
    team.lead = lead
    save_with_reason(team, by=system, at=at, reason=WHY)
    for person in agency.PEOPLE:
        if (
            person.team == name
            and not TeamMembership.objects.filter(team=team, user=people[person.email]).exists()
        ):
            save_with_reason(
                TeamMembership(team=team, user=people[person.email]), by=system, at=at, reason=WHY
            )
    return team


def _client(
    account: agency.Account,
    teams: dict[str, Team],
    people: dict[str, User],
    system: Actor,
    at: datetime,
) -> Client:
    client = Client.objects.filter(code=account.code).first() or Client(code=account.code)
    client.name, client.timezone, client.restricted = (
        account.name,
        account.timezone,
        account.restricted,
    )
    client.team, client.owner, client.backup = (
        teams[account.team],
        people[account.owner],
        people[account.backup],
    )
    save_with_reason(client, by=system, at=at, reason=WHY)
    return client


def _contact(
    known: agency.DemoContact, clients: dict[str, Client], system: Actor, at: datetime
) -> Contact:
    contact = Contact.objects.filter(email=known.email).first()
    if contact is None:
        contact = Contact(full_name=known.name, email=known.email)
        save_contact(contact, by=system, at=at)
        save_with_reason(
            Membership(contact=contact, client=clients[known.client], role=known.role),
            by=system,
            at=at,
            reason=WHY,
        )
    return contact


def _tell(
    story: DemoRequest, client: Client, contact: Contact, before: list[Request], at: datetime
) -> Request:
    by, moment = Actor.of(User.objects.get(pk=client.owner_id)), at - timedelta(hours=story.age_h)
    request = open_request(
        client=client,
        title=story.title,
        details=story.details,
        kind=story.kind,
        channel=story.channel,
        contact=contact,
        wanted_date=at.date() + timedelta(days=story.wanted_d)
        if story.wanted_d is not None
        else None,
        priority=story.priority,
        by=by,
        at=moment,
    )
    for step in story.steps:
        moment = min(moment + timedelta(hours=step.after_h), at)
        _take(step, request, before, by, moment)
    return request


def _take(step: Step, request: Request, before: list[Request], by: Actor, at: datetime) -> None:
    found = operations_of(Request).get(step.verb)
    operation = found or operations_of(WorkItem)[step.verb]
    target = request.pk if found else request.item_id
    who = Actor.system() if step.verb in BY_ITSELF else by
    details = operation.details(**_details(step, before)) if operation.details else None
    [result] = operation([target], by=who, at=at, reason=step.reason, details=details)
    if not result.done:
        raise StoryBroke(
            f"{request}: {step.verb} was refused: "
            f"{'; '.join(str(each.message) for each in result.refusals)}"
        )


def _details(step: Step, before: list[Request]) -> dict[str, Any]:
    """Details as the operation takes them: people by first name, earlier stories by their place."""
    details = dict(step.details)
    if step.verb == "hand_over":
        return {
            place: User.objects.get(email=f"{name}@{agency.DOMAIN}").pk
            for place, name in details.items()
        }
    if step.verb == "mark_duplicate":
        return {"duplicate_of": before[details["duplicate_of"]].pk}
    return details
