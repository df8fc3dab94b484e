"""
System checks of evidence: the declaration of text fields, and the routes of exceptions.

Those that read the database are run by ``migrate`` and ``check --database default``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections, models
from simple_history.models import HistoricalChanges

from routing.kernel.texts import declaration_faults
from routing.runs.exceptions import ExceptionRoute
from routing.runs.operations.exception_defaults import unrouted


@register()
def every_text_field_is_declared(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a text field of ours of which erasure does not know what it may hold."""
    found: list[CheckMessage] = []
    for model in _declaring_models():
        found += [_undeclared(model, fault) for fault in declaration_faults(model)]
    return found


def _undeclared(model: type[models.Model], fault: str) -> CheckMessage:
    return Error(
        f"{model.__name__}.{fault}.",
        hint="Name the field in ``redactable`` if it may hold a client's words or a person's data, "
        "otherwise in ``impersonal``: docs/decisions/0018.",
        id="throughline.E025",
    )


def _declaring_models() -> Iterator[type[models.Model]]:
    """Yield the models of ours that declare their own fields."""
    for model in apps.get_models():
        # A history table has the columns of its model, and the declaration is that model's.
        is_history = issubclass(model, HistoricalChanges)
        if model._meta.app_label in settings.OUR_APPS and not is_history and not model._meta.proxy:
            yield model


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
