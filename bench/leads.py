"""
An agency that takes leads by a form: whom it works for, who does the work, and submissions that
come in captured.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from bench.world import World
from delivery.flows.lead_to_brief import publish_lead_to_brief
from integrations.connections.operations import ConnectionSettings, connect
from routing.cover.agency import Agency
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.clients import Client, ClientDomain, Contact, Membership
from routing.people.staff import Team, TeamMembership, User
from routing.runs.operations.capture import Capture, Signal, capture
from routing.sla.operations.calendars import ensure_defaults

FORM, KIND = "leads", "form.submitted"
PEOPLE, CLIENTS = 8, 24
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_numbers = count(1)


def make_agency() -> None:
    """
    Two teams of four, a published flow, and clients that are known by their domains and by one
    person each.
    """
    system = Actor.system()
    people = [_person(number) for number in range(1, PEOPLE + 1)]
    big, usual = (
        Team.objects.create(name=name, lead=lead)
        for name, lead in (("Big leads", people[0]), ("Leads", people[4]))
    )
    for place, person in enumerate(people):
        TeamMembership.objects.create(team=big if place < PEOPLE // 2 else usual, user=person)
    Agency.objects.create(pk=1, name="Bench", team=usual, owner=people[0], backup=people[4])
    ensure_defaults(at=MONDAY)
    publish_lead_to_brief(
        owner=people[0], backup=people[4], high_value=big, usual=usual, by=system, at=MONDAY
    )
    wanted = ConnectionSettings(
        "form",
        FORM,
        "Leads",
        secret=secrets.token_hex(24),
        team=usual,
        owner=people[4],
        backup=people[5],
    )
    connect(wanted, by=system, at=MONDAY)
    for number in range(CLIENTS):
        _client(number, usual, people[number % PEOPLE], people[(number + 1) % PEOPLE])


def _person(number: int) -> User:
    made = User.objects.create_user(
        f"person{number}@bench.invalid", "", full_name=f"Person {number}", is_staff=True
    )
    made.groups.add(Group.objects.get(name=Role.ACCOUNT_MANAGER))
    return made


def _client(number: int, team: Team, owner: User, backup: User) -> None:
    client = Client.objects.create(
        code=f"L{number}X", name=f"Client {number}", team=team, owner=owner, backup=backup
    )
    ClientDomain.objects.create(client=client, domain=f"client{number}.example")
    contact = Contact.objects.create(
        full_name=f"Robin Okafor {number}", email=f"robin@client{number}.example"
    )
    Membership.objects.create(contact=contact, client=client)


def submit(_world: World, many: int, at: datetime) -> list[int]:
    """Do ``send`` as the job of a worker."""
    return send(many, at)


def send(many: int, at: datetime, batch: int = 100) -> list[int]:
    """Capture so many new submissions, as the hook does; the ids of their events."""
    numbers = new_numbers(many)
    found: list[int] = []
    for start in range(0, many, batch):
        found += capture_these(numbers[start : start + batch], at)
    return found


def new_numbers(many: int) -> list[int]:
    """Of submissions that no other process makes."""
    return [os.getpid() * 10**6 + next(_numbers) for _ in range(many)]


def capture_these(numbers: Sequence[int], at: datetime, again: str = "") -> list[int]:
    """:param again: tells a second delivery about the same submission from the first one"""
    signals = [
        Signal(FORM, KIND, f"{number}{again}", "form", str(number), at, body(number))
        for number in numbers
    ]
    captured = capture(signals, by=Actor.system(), at=at)
    assert all(each.outcome is Capture.NEW for each in captured)
    return [each.event_id for each in captured]


def body(number: int) -> Mapping[str, Any]:
    """One in five is a big one, which other people take."""
    client = number % CLIENTS
    return {
        "type": KIND,
        "data": {
            "deal": {
                "name": f"Landing page for autumn, part {number}",
                "amount": str(60_000 if number % 5 == 0 else 1_000 + number % 9_000),
                "currency": "EUR",
                "service": "website",
                "hours": "80",
                "rounds": "2",
                "starts": "2026-12-01",
                "ends": "2027-06-30",
            },
            "company": {
                "name": f"Client {client}",
                "domain": f"client{client}.example",
                "territory": "DACH",
                "size": "45",
            },
            "contact": {"name": f"Robin Okafor {client}", "email": f"robin@client{client}.example"},
        },
    }
