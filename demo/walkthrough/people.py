"""The people of the walkthrough: the demo's, or else its own, created once and kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from demo.agency import agency
from routing.cover.operations.leaving import set_roles
from routing.kernel.roles import AM, CREATIVE, INTEGRATIONS, OPS, QA, Role
from routing.models import Team, TeamMembership, User
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

DOMAIN = "walkthrough.example"  # RFC 2606: nobody receives mail there
TEAM = "Walkthrough"
WHY = "Made by the walkthrough."
_DEMO = {
    "account": f"mara@{agency.DOMAIN}",
    "second": f"jonas@{agency.DOMAIN}",
    "lead": f"olu@{agency.DOMAIN}",
    "maker": f"tess@{agency.DOMAIN}",
    "reviewer": f"ken@{agency.DOMAIN}",
    "keeper": f"ines@{agency.DOMAIN}",
}
_ROLES: dict[str, Role] = {
    "account": AM,
    "second": AM,
    "lead": OPS,
    "maker": CREATIVE,
    "reviewer": QA,
    "keeper": INTEGRATIONS,
}
_NAMES = {
    "account": "Account Manager",
    "second": "Second Account Manager",
    "lead": "Operations Lead",
    "maker": "Creative",
    "reviewer": "QA Reviewer",
    "keeper": "Integrations Owner",
}
IN_TEAM = ("account", "second", "maker")


@dataclass(frozen=True, slots=True)
class Cast:
    """
    The people by their parts.

    ``account`` and ``second`` are account managers, ``lead`` leads operations, ``maker`` is a
    creative, ``reviewer`` is in QA and ``keeper`` owns the integrations.
    """

    account: User
    second: User
    lead: User
    maker: User
    reviewer: User
    keeper: User
    team: Team


def by(user: User) -> Actor:
    """Return the actor for a person, with permissions read afresh."""
    return Actor.of(User.objects.get(pk=user.pk))


def cast(at: datetime) -> Cast:
    """
    Return all people, and create missing ones.

    Call it under a lock, because walkthroughs share the people.
    """
    found = {user.email: user for user in User.objects.staff().filter(email__in=_DEMO.values())}
    whole = all(
        email in found and found[email].groups.filter(name=_ROLES[part]).exists()
        for part, email in _DEMO.items()
    )
    if whole:
        people = {part: found[email] for part, email in _DEMO.items()}
    else:
        people = {part: _person(part, at) for part in _ROLES}
    return Cast(**people, team=_team(people, at))


def _person(part: str, at: datetime) -> User:
    email = f"{part}@{DOMAIN}"
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User(email=email, full_name=f"Walkthrough {_NAMES[part]}", is_staff=True)
        user.set_unusable_password()  # these people never sign in
        save_with_reason(user, by=Actor.system(), at=at, reason=WHY)
        set_roles(user, [_ROLES[part]], by=Actor.system(), at=at, reason=WHY)
    elif not user.is_active:
        user.is_active = True
        save_with_reason(user, by=Actor.system(), at=at, reason=WHY)
    return user


def _team(people: dict[str, User], at: datetime) -> Team:
    team = Team.objects.filter(name=TEAM).first() or Team(name=TEAM)
    if team._state.adding or team.lead_id != people["lead"].pk:
        team.lead = people["lead"]
        save_with_reason(team, by=Actor.system(), at=at, reason=WHY)
    for part in IN_TEAM:
        if not TeamMembership.objects.filter(team=team, user=people[part]).exists():
            save_with_reason(
                TeamMembership(team=team, user=people[part]), by=Actor.system(), at=at, reason=WHY
            )
    return team
