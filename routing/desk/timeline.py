"""
One timeline of a piece of work: its events, and what history says changed with each, newest first.
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

QUOTED = 300  # characters of a note; all of it is above
LIMIT = (
    200  # records of each table; older ones are in the database, and a page of them helps nobody
)
CLOCKS = "routing.clock."  # what the sweep told: the event says which level
BESIDE = {"item", "client"}  # what some models are called by
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
    Return the history of the noun and its work item. The number of queries is constant, whatever
    the length.

    :param notes: those that the page has loaded already
    :param with_parts: also what became of the work below it, such as its exceptions
    """
    events = _events(noun, with_parts=with_parts)
    own = [event for event in events if event.item_id == noun.item_id]
    quoted, purposes = _quoted(own, notes), _purposes(own)
    entries = [_of_part(event) for event in events if event.item_id != noun.item_id]
    by_moment: dict[
        tuple[datetime, int], ActivityEntry
    ] = {}  # what one person did at one instant is one operation
    for event in own:
        entries.append(ActivityEntry(event.at, _what(noun, event), _way(noun, event, purposes)))
        if event.kind == ADDED:
            _quote(entries[-1], event, quoted.get(event.object_id or 0))
            continue
        by_moment[event.at, event.actor_id] = entries[-1]
    saves = list(_saves([*_newest(noun), *_newest(noun.item)]))
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
    """The newest first: those of the noun, and in the same query those of the work below it."""
    if not with_parts:
        return list(
            Event.objects.filter(item=noun.item_id).select_related("actor").order_by("-id")[:LIMIT]
        )
    items = WorkItem.objects.filter(Q(pk=noun.item_id) | Q(parent=noun.item_id)).order_by()
    found = Event.objects.filter(item__in=items).exclude(~Q(item=noun.item_id), kind=ADDED)
    return list(found.select_related("actor", "item").order_by("-id")[: 2 * LIMIT])


def _of_part(event: Event) -> ActivityEntry:
    """An event of the work below, with the reference of what it happened to."""
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
    """The history of something that is not work, such as a client or a team."""
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
    """Say in the past tense who did what. ``noun`` is a noun or its class."""
    if event.kind.startswith(CLOCKS):
        return WORDS[Level[event.to_state.upper()]]
    who = str(event.actor)
    if event.kind.endswith(".create"):
        name = noun._meta.verbose_name if noun is not None else _("work item")
        return _("%(who)s created the %(noun)s") % {"who": who, "noun": name}
    done = {step.kind: step.done for step in (NAME_CLIENT, *all_operations())}
    return str(done.get(event.kind) or _("%(who)s made a change")) % {"who": who}


def _quote(entry: ActivityEntry, event: Event, note: Note | None) -> None:
    words = (
        _("%(who)s wrote a note for the client")
        if note and note.is_shared
        else _("%(who)s wrote an internal note")
    )
    entry.what = words % {"who": event.actor}
    entry.reason = Truncator(note.body).chars(QUOTED) if note else ""


def _way(noun: Any, event: Event, purposes: Mapping[int, str]) -> str:
    if event.kind.startswith(CLOCKS):
        return purposes.get(event.object_id or 0, "").replace("_", " ")
    if event.from_state == event.to_state or not event.from_state:
        return ""
    words = dict(noun.State.choices) if hasattr(noun, "State") else {}
    return f"{words.get(event.from_state, event.from_state)} → {words.get(event.to_state, event.to_state)}"  # noqa: E501


@dataclass(frozen=True, slots=True)
class Save:
    """
    One record of history, with each field that differs from the record before it of the same table.
    """

    at: datetime
    by_id: int
    type: str
    reason: str
    changed: Sequence[tuple[Any, Any, Any]]  # field, before, after


def _saves(records: Sequence[Any]) -> Iterable[Save]:
    """The first record of each table differs in nothing: there is none before it."""
    by_model: dict[type, list[Any]] = defaultdict(list)
    for record in records:
        by_model[type(record)].append(record)
    for same in by_model.values():
        yield _save(same[0], ())
        for before, after in pairwise(same):
            yield _save(
                after,
                [
                    (each, *values)
                    for each in _tracked(after)
                    if (values := _differ(each, before, after))
                ],
            )


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


def _differ(each: Any, before: Any, after: Any) -> tuple[Any, Any] | None:
    old, new = getattr(before, each.attname), getattr(after, each.attname)
    return None if old == new else (old, new)


def _loaded(*rows: models.Model) -> Iterable[models.Model]:
    """What was loaded beside the rows."""
    for row in rows:
        yield from (beside for beside in row._state.fields_cache.values() if beside is not None)


class Names:
    """
    What the values that changed are called, foreign keys looked up once for each model.

    :param users: ids of users whose names are asked for as well
    :param loaded: rows that are there already and so are not looked up
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
            named |= {
                row.pk: str(row) for row in (rows.select_related(*beside) if beside else rows)
            }
        return named

    def user(self, user_id: int) -> str:
        return self.found[User].get(user_id, str(user_id))

    def changes(self, save: Save) -> list[FieldChange]:
        return [
            FieldChange(
                str(each.verbose_name).capitalize(), self.say(each, old), self.say(each, new)
            )
            for each, old, new in save.changed
        ]

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
        return (
            str(localize(value))
            if not isinstance(value, bool)
            else (_("yes") if value else _("no"))
        )


def _in_short(part: Any) -> str:
    """
    One of a list that history keeps, such as a planned deliverable: by its title, where it has one.
    """
    return (
        str(part.get("title") or part.get("key") or _("one"))
        if isinstance(part, dict)
        else str(part)
    )
