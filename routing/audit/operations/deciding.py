"""Decide about one place in which somebody may have been named: rewrite it, or keep it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connections, transaction
from psycopg import sql

from routing.audit.models import Erasure
from routing.audit.operations.completing import BYTES, FILES
from routing.audit.operations.redaction import OWNER, decision_without_words, rewrite
from routing.audit.operations.seals import column_types
from routing.audit.places import TextPlace, text_places
from routing.audit.rewriting import emptied
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.people.saving import tell
from routing.people.staff import User
from routing.runs.decisions import Decision
from routing.work.operations.files import erase_file
from routing.work.registry import announce

DECIDED = announce("routing.contact.decide_near_match")
REWRITE, KEEP = "rewrite", "keep"


class NotListed(ValueError):
    """The place is not among the near matches of this erasure, or is a person of its own."""


def decide(erasure: Erasure, place: str, what: str, *, by: Actor, at: datetime) -> None:
    """
    Rewrite the whole column of a row, or record that it stays.

    :param place: ``table:row:column``, as the report lists it
    :raises NotListed: see the class; nothing was changed
    """
    if place not in erasure.report.get("near", ()):
        raise NotListed(f"{place} is not among the near matches of this erasure.")
    if what == REWRITE:
        _rewrite(erasure, place, by, at)
    with transaction.atomic():
        decided = {**erasure.report.get("decided", {})}
        decided[place] = {"what": what, "by": by.user_id, "at": at.isoformat()}
        erasure.report = {**erasure.report, "decided": decided}
        erasure.save(update_fields=["report"])
        tell(DECIDED.kind, erasure.contact_id, by=by, at=at)


def _rewrite(erasure: Erasure, place: str, by: Actor, at: datetime) -> None:
    table, key, name = place.split(":")
    if (table, name) == (FILES.table, BYTES):
        erase_file(int(key), by=by, at=at)
        return
    found = next(each for each in text_places() if each.table == table)
    if found.model in {Contact, User}:
        raise NotListed(f"{place} is another person. Erase that contact instead.")
    row: Any = found.model._base_manager.using(OWNER).get(pk=key)
    values = _emptied(found, row, name)
    with transaction.atomic(using=OWNER):
        if found.ledger is not None:
            reason = f"Near match of the erasure of contact {erasure.contact_id}"
            rewrite(found.ledger, row.pk, values, types=column_types(), reason=reason, at=at)
            return
        statement = sql.SQL("UPDATE {} SET {} = %s WHERE {} = %s").format(
            sql.Identifier(table),
            sql.Identifier(next(iter(values))),
            sql.Identifier(str(found.model._meta.pk.column)),
        )
        with connections[OWNER].cursor() as cursor:
            cursor.execute(statement, [next(iter(values.values())), row.pk])


def _emptied(place: TextPlace, row: Any, name: str) -> dict[str, Any]:
    """Return the columns to write, with their values as the database takes them."""
    field = place.model._meta.get_field(name)
    value = emptied(getattr(row, name))
    if field.unique and isinstance(value, str):
        value = f"{value} {row.pk}"
    if place.model is Decision and name != "rule_name":
        return dict(decision_without_words(row.pk))
    return {str(field.column): field.get_db_prep_save(value, connections[OWNER])}
