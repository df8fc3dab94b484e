"""System checks of this project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def database_roles(**_: Any) -> list[CheckMessage]:
    return judge_roles(settings.DATABASES)


def judge_roles(databases: Mapping[str, Mapping[str, Any]]) -> list[CheckMessage]:
    """
    Check that migrations and the product use different roles of one database.

    One role owns the schema. The other runs the product and owns nothing.
    """
    owner = databases.get("owner")
    if owner is None:
        return [
            Error(
                "DATABASE_OWNER_URL is not set.",
                hint="Migrating needs the role that owns the schema. Set DATABASE_OWNER_URL for "
                "this command only. Web, worker and beat must not have it.",
                id="throughline.E001",
            )
        ]
    app = databases["default"]
    if owner["USER"] == app["USER"]:
        return [
            Error(
                f"DATABASE_URL and DATABASE_OWNER_URL name the same role, “{app['USER']}”.",
                hint="The running product must not own its tables, or it could rewrite history. "
                "Create a second role (CREATE ROLE … LOGIN) and name it in DATABASE_URL. Migrating "
                "grants it what it needs.",
                id="throughline.E002",
            )
        ]
    if any((app[key] or "") != (owner[key] or "") for key in ("HOST", "PORT", "NAME")):
        return [
            Error(
                "DATABASE_URL and DATABASE_OWNER_URL name different databases.",
                hint="Both must name the same host, port and database. Only the role and its "
                "password differ.",
                id="throughline.E003",
            )
        ]
    return []


def demo_sign_in(**_: Any) -> list[CheckMessage]:
    """Check that a public product does not run with the simplified sign-in of the demo."""
    if not settings.EMBEDDED or not settings.SITE_URL.startswith("https://"):
        return []
    return [
        Error(
            "EMBEDDED is set, but SITE_URL is public: staff sign in without a second factor.",
            hint="Unset EMBEDDED. Only `make run` sets it, for a product on one's own machine.",
            id="throughline.E004",
        )
    ]
