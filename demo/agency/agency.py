"""
The demo agency: its people, teams, clients and contacts.

All are invented, and their addresses use reserved domains.
"""

from __future__ import annotations

from dataclasses import dataclass

from routing.kernel.roles import AM, AUDITOR, CREATIVE, INTEGRATIONS, OPS, QA, Role
from routing.people.clients import Contact, Membership

DOMAIN = "northlight.example"  # RFC 2606: nobody receives mail there


@dataclass(frozen=True, slots=True)
class DemoPerson:
    name: str
    email: str
    role: Role
    timezone: str
    team: str


@dataclass(frozen=True, slots=True)
class Account:
    code: str
    name: str
    timezone: str
    team: str
    owner: str
    backup: str
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class DemoContact:
    name: str
    email: str
    client: str
    role: Membership.Role
    language: str = Contact.Language.ENGLISH


def _at(name: str) -> str:
    first, _, _last = name.partition(" ")
    return f"{first.lower()}@{DOMAIN}"


def _person(name: str, role: Role, timezone: str, team: str) -> DemoPerson:
    return DemoPerson(name, _at(name), role, timezone, team)


PEOPLE = (
    _person("Mara Lindqvist", AM, "Europe/Stockholm", "Atlas"),
    _person("Jonas Weber", AM, "Europe/Berlin", "Borealis"),
    _person("Priya Raman", AM, "Asia/Kolkata", "Cedar"),
    _person("Olu Adeyemi", OPS, "Europe/London", "Atlas"),
    _person("Tess Moreau", CREATIVE, "Europe/Paris", "Atlas"),
    _person("Ken Watanabe", QA, "Asia/Tokyo", "Borealis"),
    _person("Ines Duarte", INTEGRATIONS, "Europe/Lisbon", "Borealis"),
    _person("Ruth Calder", AUDITOR, "America/New_York", "Cedar"),
)

NAME = "Northlight"
OPERATIONS, DEPUTY = _at("Olu"), _at("Jonas")

# Each team with its lead.
TEAMS = {"Atlas": _at("Mara"), "Borealis": _at("Jonas"), "Cedar": _at("Priya")}

CLIENTS = (
    Account("ACM", "Acme Outdoor", "America/New_York", "Atlas", _at("Mara"), _at("Olu")),
    Account("BRW", "Brightwater Hotels", "Europe/London", "Atlas", _at("Mara"), _at("Jonas")),
    Account("FJD", "Fjord Coffee", "Europe/Berlin", "Borealis", _at("Jonas"), _at("Mara")),
    Account("LUM", "Lumen Energy", "Europe/Berlin", "Borealis", _at("Jonas"), _at("Olu")),
    Account("SAK", "Sakura Rail", "Asia/Tokyo", "Cedar", _at("Priya"), _at("Olu")),
    Account(
        "VHC",
        "Vance Health",
        "America/New_York",
        "Cedar",
        _at("Priya"),
        _at("Olu"),
        restricted=True,
    ),
)

# Contacts with access to the portal: somebody at each client, or nobody could be asked anything.
IN_PORTAL = (
    "dana@acme-outdoor.example",
    "tom@brightwater.example",
    "eva@fjord-coffee.example",
    "katrin@lumen-energy.example",
    "aiko@sakura-rail.example",
    "carol@vance-health.example",
)

_R, GERMAN = Membership.Role, Contact.Language.GERMAN
CONTACTS = (
    DemoContact("Dana Whitfield", "dana@acme-outdoor.example", "ACM", _R.APPROVER),
    DemoContact("Luis Ortega", "luis@acme-outdoor.example", "ACM", _R.REQUESTER),
    DemoContact("Hannah Price", "hannah@brightwater.example", "BRW", _R.APPROVER),
    DemoContact("Tom Ashby", "tom@brightwater.example", "BRW", _R.REQUESTER),
    DemoContact("Eva Brandt", "eva@fjord-coffee.example", "FJD", _R.APPROVER),
    DemoContact("Nils Hagen", "nils@fjord-coffee.example", "FJD", _R.VIEWER),
    DemoContact("Katrin Vogel", "katrin@lumen-energy.example", "LUM", _R.APPROVER, GERMAN),
    DemoContact("Marc Stein", "marc@lumen-energy.example", "LUM", _R.REQUESTER, GERMAN),
    DemoContact("Aiko Mori", "aiko@sakura-rail.example", "SAK", _R.APPROVER),
    DemoContact("Ren Sato", "ren@sakura-rail.example", "SAK", _R.REQUESTER),
    DemoContact("Carol Vance", "carol@vance-health.example", "VHC", _R.APPROVER),
    DemoContact("Ravi Shah", "ravi@vance-health.example", "VHC", _R.REQUESTER),
)
