from __future__ import annotations

import pytest

from integrations.models import Connection
from routing.kernel.roles import INTEGRATIONS
from routing.models import User
from tests.integrations.outbox.conftest import connection, rings, shelf, shelves, time
from tests.world import make_user

__all__ = ["connection", "keeper", "rings", "shelf", "shelves", "time"]


@pytest.fixture
def keeper(connection: Connection) -> User:
    """The health owner of the connection, who has a backup."""
    owner, backup = make_user("Keeper", INTEGRATIONS), make_user("Spare", INTEGRATIONS)
    connection.health_owner, connection.health_backup = owner, backup
    connection.save(update_fields=["health_owner", "health_backup"])
    return owner
