"""
System checks that read the database. ``migrate`` and ``check --database default`` run them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from routing.runs.exceptions import ExceptionRoute
from routing.runs.operations.exception_defaults import unrouted


@register(Tags.database)
def every_reason_has_a_route(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for alias in databases or ():
        if ExceptionRoute._meta.db_table not in connections[alias].introspection.table_names():
            continue  # before the first migration
        found += [
            Error(
                f"Exception routing has no route for the reason “{reason}”.",
                hint="Add one under Exception routing, or run `manage.py migrate` to add the "
                "missing routes.",
                id="throughline.E020",
            )
            for reason in unrouted(alias)
        ]
    return found
