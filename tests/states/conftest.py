"""Everybody who could call a verb: one person for each role, of the agency and of a client."""

from __future__ import annotations

import pytest

from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.clients import Membership
from tests.portal import invited, user_of
from tests.world import World, by, make_user


@pytest.fixture
def people(db: None) -> dict[str, Actor]:
    return {role.value: by(make_user(str(role.label), role)) for role in Role}


@pytest.fixture
def contacts(world: World) -> dict[str, Actor]:
    """Contacts with access to the portal, by the role they have at one client."""
    found = {}
    for role in Membership.Role:
        contact = invited(world, str(role.label), (world.acme, role.value))
        found[f"client_{role.value}"] = by(user_of(contact))
    return found
