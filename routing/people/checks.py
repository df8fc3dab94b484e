"""System checks of addresses. ``migrate`` and ``check --database default`` run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

from routing.kernel.domains import stored_address
from routing.people.clients import Contact
from routing.people.staff import User


@register(Tags.database)
def addresses_have_one_form(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Name the people whose address is another spelling of somebody else's."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        tables = connections[alias].introspection.table_names()
        for model in (Contact, User):
            if model._meta.db_table not in tables:
                continue
            rows = model._default_manager.using(alias).filter(email__iregex=r"[^\x01-\x7f]|xn--")
            found += [_warning(row) for row in rows if row.email != stored_address(row.email)]
    return found


def _warning(row: Contact | User) -> CheckMessage:
    return checks.Warning(
        f"{row._meta.verbose_name} {row.pk} has another spelling of an e-mail address that "
        f"somebody else has, so nothing finds them by it.",
        hint="Enter another address on their page, or erase one of the two.",
        id="throughline.W040",
    )
