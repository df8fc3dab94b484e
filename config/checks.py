"""System checks of the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def database_roles(**_: Any) -> list[CheckMessage]:
    return judge_roles(settings.DATABASES)


def judge_roles(databases: Mapping[str, Mapping[str, Any]]) -> list[CheckMessage]:
    """
    Check that there are two roles where migrations run: one owns the schema, the other runs and
    owns nothing.
    """
    owner = databases.get("owner")
    if owner is None:
        return [
            Error(
                "DATABASE_OWNER_URL is not set.",
                hint="Migrating needs the role that owns the schema. Set DATABASE_OWNER_URL for "
                "this command only; "
                "web, worker and beat must not have it.",
                id="throughline.E001",
            )
        ]
    app = databases["default"]
    if owner["USER"] == app["USER"]:
        return [
            Error(
                f"DATABASE_URL and DATABASE_OWNER_URL name the same role, “{app['USER']}”.",
                hint="The running product must not own its tables, or it could rewrite history. "
                "Make a second role "
                "(CREATE ROLE … LOGIN) and name it in DATABASE_URL; migrating grants it what it "
                "needs.",
                id="throughline.E002",
            )
        ]
    places = [
        tuple(database[key] or "" for key in ("HOST", "PORT", "NAME")) for database in (app, owner)
    ]
    if places[0] != places[1]:
        return [
            Error(
                "DATABASE_URL and DATABASE_OWNER_URL name different databases.",
                hint="Both must name the same host, port and database; only the role and its "
                "password differ.",
                id="throughline.E003",
            )
        ]
    return []
