"""
The timeline of a work item: its events with the changes in history, newest first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, cast

from django.db import models
from django.db.models import Q
from django.utils.formats import localize
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.people.staff import User
from routing.runs.operations.identify import NAME_CLIENT
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import WORDS
from routing.sla.ladder import Level
from routing.work.door import all_operations
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkNoun
from routing.work.kinds import kind_label, models_by_kind
from routing.work.notes import Note
from routing.work.operations.notes import ADDED

QUOTED = 300  # characters of a note, which the page shows in full above
LIMIT = 200  # records of each table; older ones stay in the database
CLOCKS = "routing.clock."  # kinds of events about escalations, whose state is the level
BESIDE = {"item", "client"}  # relations that some models use in their names
HIDDEN = {
    "id",
    "item",
    "ref",
    "kind",
    "held_by",
    "held_at",
    "hold_reason",
    "state",
    "created_at",
    "run",
    "parent",
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    label: str
    before: str
    after: str


@dataclass(slots=True)
class ActivityEntry:
    at: datetime
    what: Words  # a sentence that says who did it
    way: str = ""  # from state to state, in words
    reason: str = ""
    changes: list[FieldChange] = field(default_factory=list)


def timeline_of(
    noun: WorkNoun, *, notes: Collection[Note] = (), with_parts: bool = False
) -> list[ActivityEntry]:
    """
    Return the history of a row and its work item, with a constant number of queries.

    :param notes: notes that the page has loaded already
    :param with_parts: include the work below it, such as its exceptions
    """
    events = _events(noun, with_parts=with_parts)
    own = [event for event in events if event.item_id == noun.item_id]
    quoted, purposes = _quoted(own, notes), _purposes(own)
    entries = [_of_part(event) for event in events if event.item_id != noun.item_id]
    # An operation gives its event and its history rows the same time and actor. So they belong
    # together, although no column links them.
    by_moment: dict[tuple[datetime, int], ActivityEntry] = {}
    for event in own:
        entries.append(ActivityEntry(event.at, _what(noun, event), _way(noun, event, purposes)))
        if event.kind == ADDED:
            _quote(entries[-1], event, quoted.get(event.object_id or 0))
            continue
        by_moment[event.at, event.actor_id] = entries[-1]
    saves = list(_saves([*_newest(noun), *_newest(noun.item)]))
    # Actors of saves without an event, such as in a migration: only their names must be loaded.
    unheard = {save.by_id for save in saves if (save.at, save.by_id) not in by_moment}
    names = Names(saves, unheard, _loaded(noun, noun.item, *events))
    for save in saves:
        moment = (save.at, save.by_id)
        if moment not in by_moment:
            who = names.user(save.by_id)
            by_moment[moment] = ActivityEntry(save.at, _("%(who)s made a change") % {"who": who})
            entries.append(by_moment[moment])
        by_moment[moment].reason = by_moment[moment].reason or save.reason
        by_moment[moment].changes += names.changes(save)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _events(noun: WorkNoun, *, with_parts: bool) -> list[Event]:
    """Return the newest events of a row and, if asked for, of the work below it."""
    if not with_parts:
        return list(
            Event.objects.filter(item=noun.item_id).select_related("actor").order_by("-id")[:LIMIT]
        )
    # Notes about parts are left out, because the pages of the parts show them.
    items = WorkItem.objects.filter(Q(pk=noun.item_id) | Q(parent=noun.item_id)).order_by()
    found = Event.objects.filter(item__in=items).exclude(~Q(item=noun.item_id), kind=ADDED)
    return list(found.select_related("actor", "item").order_by("-id")[: 2 * LIMIT])


def _of_part(event: Event) -> ActivityEntry:
    """Return an entry for an event of the work below, with the reference of that work."""
    part = cast("WorkItem", event.item)
    noun = models_by_kind().get(part.kind)
    return ActivityEntry(
        event.at,
        f"{kind_label(part)} {part.ref}: {_what(noun, event)}",
        _way(noun, event, {}),
    )


def _quoted(events: Sequence[Event], notes: Collection[Note]) -> dict[int, Note]:
    found = {note.pk: note for note in notes}
    missing = {
        event.object_id for event in events if event.kind == ADDED and event.object_id
    } - found.keys()
    return found | Note.objects.in_bulk(missing)


def _purposes(events: Sequence[Event]) -> dict[int, str]:
    ids = {event.object_id for event in events if event.kind.startswith(CLOCKS) and event.object_id}
    return dict(Clock.objects.filter(pk__in=ids).values_list("pk", "purpose")) if ids else {}


def saves_of(row: models.Model) -> list[ActivityEntry]:
    """Return the history of a row that is not work, such as a client or a team."""
    saves = list(_saves(_newest(row)))
    names = Names(saves, {save.by_id for save in saves})
    words = {"+": _("%(who)s created this"), "-": _("%(who)s deleted this")}
    entries = [
        ActivityEntry(
            save.at,
            words.get(save.type, _("%(who)s made a change")) % {"who": names.user(save.by_id)},
            reason=save.reason,
            changes=names.changes(save),
        )
        for save in saves
    ]
    return entries[::-1]


def _newest(row: Any) -> list[Any]:
    return list(row.history.order_by("-history_id")[:LIMIT])[::-1]


def _what(noun: Any, event: Event) -> Words:
    """Return a past-tense sentence about an event. ``noun`` is a row or its model."""
    if event.kind.startswith(CLOCKS):
        return WORDS[Level[event.to_state.upper()]]
    who = str(event.actor)
    if event.kind.endswith(".create"):
        name = noun._meta.verbose_name if noun is not None else _("work item")
        return _("%(who)s created the %(noun)s") % {"who": who, "noun": name}
    done = {step.kind: step.done for step in (NAME_CLIENT, *all_operations())}
    return str(done.get(event.kind) or _("%(who)s made a change")) % {"who": who}


def _quote(entry: ActivityEntry, event: Event, note: Note | None) -> None:
    words = _("%(who)s wrote an internal note")
    if note and note.is_shared:
        words = _("%(who)s wrote a note for the client")
    entry.what = words % {"who": event.actor}
    entry.reason = Truncator(note.body).chars(QUOTED) if note else ""


def _way(noun: Any, event: Event, purposes: Mapping[int, str]) -> str:
    if event.kind.startswith(CLOCKS):
        return purposes.get(event.object_id or 0, "").replace("_", " ")
    if event.from_state == event.to_state or not event.from_state:
        return ""
    words = dict(noun.State.choices) if hasattr(noun, "State") else {}
    before = words.get(event.from_state, event.from_state)
    after = words.get(event.to_state, event.to_state)
    return f"{before} → {after}"


@dataclass(frozen=True, slots=True)
class Save:
    """
    One record of history, with the fields that differ from the previous record of its table.
    """

    at: datetime
    by_id: int
    type: str
    reason: str
    changed: Sequence[tuple[Any, Any, Any]]  # field, before, after


def _saves(records: Sequence[Any]) -> Iterable[Save]:
    """Yield the records of each table with their changes. The first one has no changes."""
    by_model: dict[type, list[Any]] = defaultdict(list)
    for record in records:
        by_model[type(record)].append(record)
    for same in by_model.values():
        yield _save(same[0], ())
        for before, after in pairwise(same):
            yield _save(after, list(_changes(before, after)))


def _changes(before: Any, after: Any) -> Iterable[tuple[Any, Any, Any]]:
    for each in _tracked(after):
        old, new = getattr(before, each.attname), getattr(after, each.attname)
        if old != new:
            yield each, old, new


def _save(record: Any, changed: Sequence[tuple[Any, Any, Any]]) -> Save:
    return Save(
        record.history_date,
        record.history_user_id,
        record.history_type,
        record.history_change_reason,
        changed,
    )


def _tracked(record: Any) -> Iterable[Any]:
    return (each for each in record.tracked_fields if each.name not in HIDDEN and each.editable)


def _loaded(*rows: models.Model) -> Iterable[models.Model]:
    """Yield related rows that are already loaded."""
    for row in rows:
        yield from (beside for beside in row._state.fields_cache.values() if beside is not None)


class Names:
    """
    Display names of changed values. Related rows are loaded with one query for each model.

    :param users: ids of further users whose names are needed
    :param loaded: rows that are already loaded
    """

    def __init__(
        self, saves: Iterable[Save], users: Collection[int], loaded: Iterable[models.Model] = ()
    ) -> None:
        wanted: dict[type[models.Model], set[int]] = defaultdict(set)
        wanted[User] |= set(users)
        for save in saves:
            for each, *values in save.changed:
                if each.is_relation:
                    wanted[each.related_model] |= {value for value in values if value is not None}
        here = {(type(row), row.pk): row for row in loaded}
        self.found = {model: self._named(model, ids, here) for model, ids in wanted.items()}

    @staticmethod
    def _named(
        model: type[models.Model], ids: set[int], here: Mapping[tuple[type, Any], models.Model]
    ) -> dict[int, str]:
        named = {pk: str(here[model, pk]) for pk in ids if (model, pk) in here}
        if missing := ids - named.keys():
            beside = [each.name for each in model._meta.fields if each.name in BESIDE]
            rows = model._default_manager.filter(pk__in=missing)
            if beside:  # without arguments, select_related would follow every relation
                rows = rows.select_related(*beside)
            named |= {row.pk: str(row) for row in rows}
        return named

    def user(self, user_id: int) -> str:
        return self.found[User].get(user_id, str(user_id))

    def changes(self, save: Save) -> list[FieldChange]:
        found = []
        for each, old, new in save.changed:
            label = str(each.verbose_name).capitalize()
            found.append(FieldChange(label, self.say(each, old), self.say(each, new)))
        return found

    def say(self, each: Any, value: Any) -> str:
        if value is None or value in ("", [], {}):
            return _("nothing")
        if isinstance(value, list):
            return ", ".join(_in_short(each) for each in value)
        if each.is_relation:
            return self.found.get(each.related_model, {}).get(value, f"#{value}")
        if each.choices:
            return str(dict(each.flatchoices).get(value, value))
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, datetime):
            value = localtime(value)
        return str(localize(value))


def _in_short(part: Any) -> str:
    """
    Return the name of one element of a list in history, such as a planned deliverable.
    """
    if isinstance(part, dict):
        return str(part.get("title") or part.get("key") or _("one"))
    return str(part)
