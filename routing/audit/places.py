"""
Places of text in the database: which columns may hold a person's data, whose rows they are in, and
which rows are never rewritten.

Packages above this one register the rows of their models in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalChanges

from routing.audit.ledgers import Ledger, append_only_models, ledgers
from routing.audit.models import Seal, SealedRow
from routing.flows.models import FlowField, FlowVersion, Trigger
from routing.flows.recurrences import Recurrence
from routing.flows.rules import Condition, Rule
from routing.kernel.texts import redactable_fields, text_fields
from routing.people.clients import Contact
from routing.people.finder import Finder
from routing.people.naming import PersonTerms
from routing.people.staff import User
from routing.work.files import File
from routing.work.notes import Note

CHUNK = 2_000
REASON = "history_change_reason"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with the accounts of their portal, and everything that they are called."""

    contact_id: int
    user_ids: tuple[int, ...]
    identity: PersonTerms

    def finder(self) -> Finder:
        return Finder(self.identity)

    def is_row(self, model: type[models.Model], key: Any) -> bool:
        """Return whether a row is the person: the contact or an account."""
        if model is Contact:
            return bool(key == self.contact_id)
        return model is User and key in self.user_ids


@dataclass(frozen=True, slots=True)
class TextPlace:
    """
    A table with text. ``fields`` may hold a person's data, ``others`` are declared to hold none.

    ``tracked`` is the model whose history the table is, or None. ``ledger`` is set for evidence.
    """

    model: type[Any]
    fields: tuple[str, ...]
    others: tuple[str, ...]
    tracked: type[models.Model] | None
    ledger: Ledger | None

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    def rows(self, using: str, where: Q | None = None) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Yield the key and the text of each row, by field."""
        names = (*self.fields, *self.others)
        rows = self.model._base_manager.using(using).order_by()
        if where is not None:
            rows = rows.filter(where)
        for key, *values in rows.values_list("pk", *names).iterator(chunk_size=CHUNK):
            yield key, dict(zip(names, values, strict=True))

    def locked(self, key: Any, using: str) -> dict[str, Any] | None:
        """Return the text of one row as it is now, locked until the transaction ends."""
        rows = self.model._base_manager.using(using).order_by().filter(pk=key)
        found: dict[str, Any] | None = rows.select_for_update().values(*self.fields).first()
        return found


def text_places() -> list[TextPlace]:
    """Return every table with text except seals and sessions, those of others included."""
    by_table = {ledger.table: ledger for ledger in ledgers()}
    evidence = set(append_only_models())
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed or model in _APART:
            continue
        tracked = model.instance_type if issubclass(model, HistoricalChanges) else None  # type: ignore[attr-defined]
        texts = text_fields(model)
        declared = set(redactable_fields(tracked or model)) | ({REASON} if tracked else set())
        fields = tuple(name for name in texts if name in declared)
        others = tuple(name for name in texts if name not in declared)
        ledger = by_table.get(model._meta.db_table) if model in evidence else None
        if texts:
            found.append(TextPlace(model, fields, others, tracked, ledger))
    return found


# Seals hold digests only. Sessions are encoded, so they are searched apart.
_APART = frozenset({Seal, SealedRow, Session})


# -- Rows that are the person's --------------------------------------------------------------------

Theirs = Callable[[Person], Q]

_theirs: dict[type[models.Model], Theirs] = {}


def theirs(model: type[models.Model]) -> Callable[[Theirs], Theirs]:
    """
    Register the rows of a model that are the person's own.

    Their declared fields are emptied on erasure, whatever is in them, and are in the person's
    export.
    """

    def register(condition: Theirs) -> Theirs:
        _theirs[model] = condition
        return condition

    return register


def own_rows() -> Mapping[type[models.Model], Theirs]:
    return dict(_theirs)


@theirs(Note)
def notes_of(person: Person) -> Q:
    return Q(author__in=person.user_ids)


@theirs(File)
def files_of(person: Person) -> Q:
    return Q(uploader__in=person.user_ids)


# -- Rows that are never rewritten -----------------------------------------------------------------

_spared: dict[type[models.Model], list[tuple[Q, str]]] = defaultdict(list)


def spare(model: type[models.Model], rows: Q, why: str) -> None:
    """
    Register rows that an erasure lists for a person to decide, and never rewrites.

    :param why: a code, such as ``published``
    """
    _spared[model].append((rows, why))


def spared_rows(place: TextPlace, using: str) -> dict[Any, str]:
    """Return the keys of the rows of a table that are never rewritten, each with its code."""
    found: dict[Any, str] = {}
    for rows, why in _spared.get(place.model, ()):
        keys = place.model._base_manager.using(using).filter(rows).values_list("pk", flat=True)
        found.update(dict.fromkeys(keys, why))
    return found


PUBLISHED = "published"
spare(FlowVersion, Q(published_at__isnull=False), PUBLISHED)
for _part in (Trigger, FlowField, Recurrence, Rule):
    spare(_part, Q(version__published_at__isnull=False), PUBLISHED)
spare(Condition, Q(rule__version__published_at__isnull=False), PUBLISHED)
# People of their own. The erased contact and the account have lost their words by then.
SOMEBODY = "somebody else"
spare(User, Q(), SOMEBODY)
spare(Contact, Q(erased_at=None), SOMEBODY)
