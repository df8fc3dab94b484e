"""Everybody who could call a verb: one person a role."""

from __future__ import annotations

import pytest

from routing.kernel.roles import Role
from routing.people.actors import Actor
from tests.world import by, make_user


@pytest.fixture
def people(db: None) -> dict[str, Actor]:
    return {role.value: by(make_user(str(role.label), role)) for role in Role}
