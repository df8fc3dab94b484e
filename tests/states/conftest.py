"""Everybody who could call a verb: one person a role."""

from __future__ import annotations

import pytest

from routing.actors import Actor
from routing.roles import Role
from tests.world import by, make_user


@pytest.fixture
def people(db: None) -> dict[str, Actor]:
    return {role.value: by(make_user(str(role.label), role)) for role in Role}
