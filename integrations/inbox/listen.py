"""
Look up the connection of a webhook.

This runs for every webhook, so it is one prepared statement.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection as database
from django.db import models

from integrations.base.connections import Connection
from routing.kernel.sql import run
from routing.people.staff import User

_OF_USER = ("id", "full_name", "kind")


def listening(slug: str) -> Connection | None:
    """Return the active connection of this slug, with its service user."""
    # Django checks an idle connection when it opens a cursor. This statement does not pass there,
    # and it is the first of a request.
    database.close_if_health_check_failed()
    found = run(_asking(), [slug]) if "\0" not in slug else []
    if not found:
        return None
    fields = Connection._meta.concrete_fields
    values = [_read(field, value) for field, value in zip(fields, found[0], strict=False)]
    connection = Connection.from_db(database.alias, [field.attname for field in fields], values)
    connection.service_user = User.from_db(database.alias, _OF_USER, found[0][len(fields) :])
    return connection


@cache
def _asking() -> str:
    mine = ", ".join(f'c."{field.column}"' for field in Connection._meta.concrete_fields)
    theirs = ", ".join(f'u."{name}"' for name in _OF_USER)
    tables = f'"{Connection._meta.db_table}" c JOIN "{User._meta.db_table}" u ON u.id = c.service_user_id'  # noqa: E501
    return f"SELECT {mine}, {theirs} FROM {tables} WHERE c.slug = %s AND c.is_active"  # noqa: S608  # names of our own


def _read(field: models.Field[Any, Any], value: Any) -> Any:
    reading = getattr(field, "from_db_value", None)
    return reading(value, None, database) if reading else value
