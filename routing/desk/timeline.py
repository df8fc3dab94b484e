"""One timeline of a piece of work: its events, and what history says changed with each, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import models
from django.utils.formats import localize
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import WORDS
from routing.sla.ladder import Level
from routing.work.door import all_operations
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkNoun
from routing.work.kinds import kind_label, nouns
from routing.work.notes import Note
from routing.work.operations.notes import ADDED

QUOTED = 300  # characters of a note; all of it is above
LIMIT = 200  # records of each table; older ones are in the database, and a page of them helps nobody
CLOCKS = "routing.clock."  # what the sweep told: the event says which level
HIDDEN = {"id", "item", "ref", "kind", "held_by", "held_at", "hold_reason", "state", "created_at", "run", "parent"}


@dataclass(frozen=True, slots=True)
class Change:
    label: str
    before: str
    after: str


@dataclass(slots=True)
class Entry:
    at: datetime
    who: str
    what: Words
    way: str = ""  # from state to state, in words
    reason: str = ""
    changes: list[Change] = field(default_factory=list)


def timeline_of(noun: WorkNoun, *, with_parts: bool = False) -> list[Entry]:
    """
    Return the history of the noun and its work item. The number of queries is constant, whatever the length.

    :param with_parts: also what became of the work below it, such as its exceptions
    """
    records = [*_newest(noun), *_newest(noun.item)]
    names = Names(records)
    notes = {note.pk: note for note in Note.objects.filter(item=noun.item_id)[:LIMIT]}
    told: list[Entry] = []
    by_moment: dict[tuple[datetime, int], Entry] = {}  # what one person did at one instant is one operation
    purposes = dict(Clock.objects.filter(item=noun.item_id).values_list("pk", "purpose"))
    for event in Event.objects.filter(item=noun.item_id).select_related("actor").order_by("-id")[:LIMIT]:
        told.append(Entry(event.at, str(event.actor), _what(event), _way(noun, event, purposes)))
        if event.kind == ADDED:
            _quote(told[-1], notes.get(event.object_id or 0))
            continue
        by_moment[event.at, event.actor_id] = told[-1]
    for record, changes in _changes(records, names):
        moment = (record.history_date, record.history_user_id)
        if moment not in by_moment:
            by_moment[moment] = Entry(record.history_date, names.user(record.history_user_id), _("Changed"))
            told.append(by_moment[moment])
        by_moment[moment].reason = by_moment[moment].reason or record.history_change_reason
        by_moment[moment].changes += changes
    if with_parts:
        told += _of_parts(noun.item)
    return sorted(told, key=lambda entry: entry.at, reverse=True)


def _of_parts(item: WorkItem) -> list[Entry]:
    """Events of the work below, each with the reference of what it happened to."""
    parts = {part.pk: part for part in WorkItem.objects.filter(parent=item).order_by("-pk")[:LIMIT]}
    events = Event.objects.filter(item__in=parts).exclude(kind=ADDED).select_related("actor").order_by("-id")[:LIMIT]
    return [
        Entry(event.at, str(event.actor), f"{kind_label(part)} {part.ref}: {_what(event)}", _way(nouns().get(part.kind), event, {}))
        for event in events
        if (part := parts.get(event.item_id or 0))
    ]


def saves_of(row: models.Model) -> list[Entry]:
    """The history of something that is not work, such as a client or a team."""
    records = _newest(row)
    names = Names(records)
    words = {"+": _("Created"), "-": _("Deleted")}
    entries = [
        Entry(
            record.history_date,
            names.user(record.history_user_id),
            words.get(record.history_type, _("Changed")),
            reason=record.history_change_reason,
            changes=changes,
        )
        for record, changes in _changes(records, names)
    ]
    return entries[::-1]


def _newest(row: Any) -> list[Any]:
    return list(row.history.order_by("-history_id")[:LIMIT])[::-1]


def _what(event: Event) -> Words:
    kind = event.kind
    if kind.startswith(CLOCKS):
        return WORDS[Level[event.to_state.upper()]]
    labels = {each.kind: each.label for each in all_operations()}
    return labels.get(kind) or (_("Created") if kind.endswith(".create") else kind.rpartition(".")[2].replace("_", " ").capitalize())


def _quote(entry: Entry, note: Note | None) -> None:
    entry.what = _("Note for the client") if note and note.is_shared else _("Internal note")
    entry.reason = Truncator(note.body).chars(QUOTED) if note else ""


def _way(noun: Any, event: Event, purposes: Mapping[int, str]) -> str:
    if event.kind.startswith(CLOCKS):
        return purposes.get(event.object_id or 0, "").replace("_", " ")
    if event.from_state == event.to_state or not event.from_state:
        return ""
    words = dict(noun.State.choices) if hasattr(noun, "State") else {}
    return f"{words.get(event.from_state, event.from_state)} → {words.get(event.to_state, event.to_state)}"


def _changes(records: Sequence[Any], names: Names) -> Iterable[tuple[Any, list[Change]]]:
    """Each record with what differs from the one before it of the same table; the first one of each with nothing."""
    by_model: dict[type, list[Any]] = defaultdict(list)
    for record in records:
        by_model[type(record)].append(record)
    for same in by_model.values():
        if same:
            yield same[0], []
        for before, after in pairwise(same):
            yield after, [change for each in _tracked(after) if (change := _change(each, before, after, names))]


def _tracked(record: Any) -> Iterable[Any]:
    return (each for each in record.tracked_fields if each.name not in HIDDEN and each.editable)


def _change(each: Any, before: Any, after: Any, names: Names) -> Change | None:
    old, new = getattr(before, each.attname), getattr(after, each.attname)
    if old == new:
        return None
    return Change(str(each.verbose_name).capitalize(), names.say(each, old), names.say(each, new))


class Names:
    """Display names of values in history records. Foreign keys are looked up once per model."""

    def __init__(self, records: Sequence[Any]) -> None:
        wanted: dict[type[models.Model], set[int]] = defaultdict(set)
        for record in records:
            wanted[record._meta.get_field("history_user").related_model].add(record.history_user_id)
            for each in _tracked(record):
                if each.is_relation and getattr(record, each.attname) is not None:
                    wanted[each.related_model].add(getattr(record, each.attname))
        self.found = {model: self._named(model, ids) for model, ids in wanted.items()}
        self.users = next((names for model, names in self.found.items() if model._meta.label == "routing.User"), {})

    @staticmethod
    def _named(model: type[models.Model], ids: set[int]) -> dict[int, str]:
        rows = model._default_manager.filter(pk__in=ids)
        rows = rows.select_related("item") if issubclass(model, WorkNoun) else rows
        return {row.pk: str(row) for row in rows}

    def user(self, user_id: int) -> str:
        return self.users.get(user_id, str(user_id))

    def say(self, each: Any, value: Any) -> str:
        if value is None or value in ("", [], {}):
            return _("nothing")
        if isinstance(value, list):
            return ", ".join(_in_short(each) for each in value)
        if each.is_relation:
            return self.found.get(each.related_model, {}).get(value, f"#{value}")
        if each.choices:
            return str(dict(each.flatchoices).get(value, value))
        if isinstance(value, datetime):
            return str(localize(localtime(value)))
        return str(localize(value)) if not isinstance(value, bool) else (_("yes") if value else _("no"))


def _in_short(part: Any) -> str:
    """One of a list that history keeps, such as a planned deliverable: by its title, where it has one."""
    return str(part.get("title") or part.get("key") or _("one")) if isinstance(part, dict) else str(part)
