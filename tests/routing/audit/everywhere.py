"""One row in every table, with a text in each field that may hold a person's data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from psycopg import sql
from psycopg.types.json import Jsonb
from simple_history.models import HistoricalChanges

from routing.kernel.texts import redactable_fields

_numbers = count(50_001)
AT = datetime.fromisoformat("2026-11-23T09:30:00+00:00")
# Constraints that a value made from its type would break.
FITTING: dict[str, dict[str, Any]] = {
    "routing_client": {"owner_id": 1, "backup_id": 2},
    "routing_flow": {"owner_id": 1, "backup_id": 2},
    "routing_agency": {"id": 1, "owner_id": 1, "backup_id": 2},
    "routing_clientmerge": {"alias_id": 1, "into_id": 2},
    "integrations_externallink": {"client_id": 1},
    "routing_promisechange": {"policy_id": 1},
    "routing_file": {"sha256": "a" * 64, "storage_key": f"aa/{'a' * 64}"},
    "routing_clock": {
        "running_since": None,
        "stopped_at": "2026-11-23T09:30:00Z",
        "wakes_at": None,
    },
    "routing_workitem": {"is_open": False},
    # Not of the person who is erased: their own drafts are deleted, those of others rewritten.
    "delivery_formdraft": {"contact_id": 50_000},
}


def declared_models() -> list[type[models.Model]]:
    """Return every model with text that may hold a person's data, histories included."""
    found = []
    for model in apps.get_models():
        tracked = model.instance_type if issubclass(model, HistoricalChanges) else model  # type: ignore[attr-defined]
        ours = tracked._meta.app_label in settings.OUR_APPS
        if ours and not model._meta.proxy and words_of(model):
            found.append(model)
    return found


def words_of(model: type[models.Model]) -> set[str]:
    if not issubclass(model, HistoricalChanges):
        return set(redactable_fields(model))
    names = {field.name for field in model._meta.concrete_fields}
    return (set(redactable_fields(model.instance_type)) & names) | {"history_change_reason"}  # type: ignore[attr-defined]


def insert_everywhere(dsn: str, text: str, short: str, *, without: set[str]) -> list[str]:
    """Insert a row into every table, as only a superuser can, and return the tables."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(dsn, dbname=name, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("DELETE FROM routing_agency")  # there is only one
        for model in declared_models():
            if model._meta.db_table not in without:
                _insert(superuser, model, text, short)
    return [model._meta.db_table for model in declared_models()]


def _insert(
    session: psycopg.Connection[Any], model: type[models.Model], text: str, short: str
) -> None:
    values = {
        str(field.column): value for field, value in _values(model, text, short) if value is not ...
    }
    values |= FITTING.get(model._meta.db_table, {})
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    session.execute(statement, list(values.values()))


def _values(
    model: type[models.Model], text: str, short: str
) -> Iterator[tuple[models.Field[Any, Any], Any]]:
    words = words_of(model)
    for field in model._meta.concrete_fields:
        if field.name in words:
            yield field, _worded(field, text, short)
        elif field.null:
            yield field, None
        else:
            yield field, _plain(field)


def _worded(field: models.Field[Any, Any], text: str, short: str) -> Any:
    if isinstance(field, models.JSONField):
        return Jsonb({"of": [text, {"deep": text}]})
    if isinstance(field, models.BinaryField):
        return text.encode()
    if isinstance(field, ArrayField):
        return [text]
    if field.name in {"domain", "slug"}:
        return short.replace(" ", "-").lower() + ".example"
    longest = field.max_length or len(text)
    return text if len(text) <= longest else short


def _plain(field: models.Field[Any, Any]) -> Any:
    number = next(_numbers)
    if field.is_relation:
        return number if field.unique else 1
    made: dict[type[Any], Any] = {
        models.BooleanField: False,
        models.DateTimeField: AT,
        models.DateField: date(2026, 11, 23),
        models.TimeField: time(9),
        models.DurationField: timedelta(hours=1),
        models.DecimalField: Decimal(1),
        models.JSONField: Jsonb({}),
        models.UUIDField: uuid4(),
        models.BinaryField: b"",
        ArrayField: [],
    }
    for kind, value in made.items():
        if isinstance(field, kind):
            return value
    if isinstance(field, models.IntegerField):
        return number % 30_000 if not field.primary_key else number
    if field.choices:
        return field.choices[0][0]
    return f"x{number}"[-(field.max_length or 20) :]
