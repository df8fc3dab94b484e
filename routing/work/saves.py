"""
Records of history in words: the changes of each save with the names of values, and the event that
each save belongs to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from django.db import models
from django.utils.formats import date_format, localize
from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.people.staff import User
from routing.work.display import exact
from routing.work.items import WorkItem

LIMIT = 200  # records of each table; older ones stay in the database
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
# Verbs that write a column of the work item, for events that share time and actor.
WRITERS: Mapping[str, Collection[str]] = {
    "held_at": {"hold", "resume"},
    "held_by_id": {"hold", "resume"},
    "hold_reason": {"hold", "resume"},
    "resumes_date": {"hold", "resume", "resume_later"},
    "client_id": {"identify", "name_client", "route"},
    "owner_id": {"route", "hand_over", "replace_person", "reopen"},
    "backup_id": {"route", "hand_over", "replace_person", "reopen"},
    "team_id": {"route"},
    "doer_id": {"hand_over", "replace_person", "start"},
    "title": {"route", "edit", "replan"},
    "priority": {"route", "edit"},
}


@dataclass(frozen=True, slots=True)
class PartWords:
    """Label and text of one value within a JSON column. Without a label it is not shown."""

    label: str
    text: str = ""


# Says a value within a JSON column by its name there; None if it needs no words of its own.
SayPart = Callable[[str, Any], PartWords | None]


@dataclass(frozen=True, slots=True)
class FieldChange:
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Save:
    """
    One record of history, with the fields that differ from the previous record of its table.

    ``wrote`` has the columns of all of them, also of those that no page shows.
    """

    record: Any
    changed: Sequence[tuple[Any, Any, Any]] = ()  # field, before, after
    wrote: frozenset[str] = frozenset()

    @property
    def at(self) -> datetime:
        at: datetime = self.record.history_date
        return at

    @property
    def by_id(self) -> int:
        by: int = self.record.history_user_id
        return by

    @property
    def type(self) -> str:
        return str(self.record.history_type)

    @property
    def reason(self) -> str:
        return str(self.record.history_change_reason)


def newest_records(row: Any) -> list[Any]:
    """Return the newest records of a row's history, oldest first."""
    return list(row.history.order_by("-history_id")[:LIMIT])[::-1]


def saves_in(records: Sequence[Any]) -> list[Save]:
    """Return the saves of one row, oldest first. The first one has no changes."""
    if not records:
        return []
    return [Save(records[0]), *(_save(before, after) for before, after in pairwise(records))]


def _save(before: Any, after: Any) -> Save:
    changed, wrote = [], set()
    for each in after.tracked_fields:
        old, new = getattr(before, each.attname), getattr(after, each.attname)
        if old == new:
            continue
        wrote.add(each.attname)
        if each.name not in HIDDEN and each.editable:
            changed.append((each, old, new))
    return Save(after, tuple(changed), frozenset(wrote))


# -- Events and their saves ------------------------------------------------------------------------


def with_events(
    events: Sequence[Event], of_noun: Sequence[Save], of_item: Sequence[Save], noun: str
) -> tuple[Mapping[int, Sequence[Save]], Sequence[Save]]:
    """
    Return the saves of each event by its id, and the saves without an event.

    :param events: those of one work item, in any order
    :param noun: name of the noun's model, such as ``request``
    """
    # One statement writes an event with its history, and gives both the same time and actor. No
    # column links them. Where several events share both, as in one transaction, the order of ids is
    # that of the steps: each event of a noun has exactly one record of the noun.
    moments: dict[tuple[datetime, int], list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda each: each.pk):
        moments[event.at, event.actor_id].append(event)
    found: dict[int, list[Save]] = defaultdict(list)
    alone: list[Save] = []
    for moment, saves in _by_moment(of_noun).items():
        mine = [each for each in moments.get(moment, ()) if each.kind.split(".")[1] == noun]
        # From the end, because the oldest records may not have been read.
        for save in reversed(saves):
            if mine:
                found[mine.pop().pk].append(save)
            else:
                alone.append(save)
    for moment, saves in _by_moment(of_item).items():
        here = moments.get(moment, [])
        for save in saves:
            owner = _event_of(save, here, found)
            if owner is None:
                alone.append(save)
            else:
                found[owner.pk].append(save)
    return found, alone


def _by_moment(saves: Sequence[Save]) -> Mapping[tuple[datetime, int], list[Save]]:
    found: dict[tuple[datetime, int], list[Save]] = defaultdict(list)
    for save in saves:
        found[save.at, save.by_id].append(save)
    return found


def _event_of(
    save: Save, events: Sequence[Event], found: Mapping[int, Sequence[Save]]
) -> Event | None:
    """Return the event whose statement wrote this record of a work item."""
    if save.type == "+":
        return next((each for each in events if each.kind.endswith(".create")), None)
    later = [each for each in events if not each.kind.endswith(".create")]
    free = [each for each in later if not _has_item(found.get(each.pk, ()))]

    def fit(event: Event) -> int:
        verb = event.kind.rpartition(".")[2]
        return sum(verb in WRITERS.get(column, ()) for column in save.wrote)

    # max() keeps the first of equals, which is the earliest step.
    return max(free or later, key=fit, default=None)


def _has_item(saves: Sequence[Save]) -> bool:
    return any(save.record.instance_type is WorkItem for save in saves)


# -- Names of values -------------------------------------------------------------------------------


def loaded(*rows: models.Model | None) -> Iterable[models.Model]:
    """Yield related rows that are already loaded."""
    for row in rows:
        if row is not None:
            cached = row._state.fields_cache.values()
            yield from (beside for beside in cached if beside is not None)


class Names:
    """
    Display names of changed values. Related rows are loaded with one query for each model.

    :param users: ids of further users whose names are needed
    :param loaded: rows that are already loaded
    """

    def __init__(
        self,
        saves: Iterable[Save],
        users: Collection[int],
        loaded: Iterable[models.Model] = (),
        values: Iterable[tuple[Any, Any]] = (),
    ) -> None:
        wanted: dict[type[models.Model], set[int]] = defaultdict(set)
        wanted[User] |= set(users)
        pairs = list(values)
        for save in saves:
            for each, *both in save.changed:
                pairs += [(each, value) for value in both]
        for each, value in pairs:
            if each.is_relation and value is not None:
                wanted[each.related_model].add(value)
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

    def user(self, user_id: int | None) -> str:
        return self.found[User].get(user_id or 0, f"#{user_id}")

    def changes(self, save: Save) -> list[FieldChange]:
        found = []
        for each, old, new in save.changed:
            label = str(each.verbose_name).capitalize()
            if _is_nested(old) or _is_nested(new):
                say = getattr(save.record.instance_type, "said_of_part", None)
                part = partial(say, save.record, each.attname) if say else None
                found += _nested_changes(label, old, new, part)
            else:
                before, after = (self.said(save.record, each, value) for value in (old, new))
                found.append(FieldChange(label, before, after))
        return found

    def said(self, row: Any, each: Any, value: Any) -> str:
        """
        Return a value in the words of its model, which may know what its codes and numbers mean.

        :param row: a record of history, or the row itself
        """
        model = getattr(row, "instance_type", type(row))
        own = getattr(model, "said_in_history", None)
        said = own(row, each.attname, value) if own and value is not None else None
        return said or self.say(each, value)

    def say(self, each: Any, value: Any) -> str:
        if value is None or value in ("", [], {}):
            return _("nothing")
        if isinstance(value, list | dict):
            return _nested_in_short(value)
        if each.is_relation:
            return self.found.get(each.related_model, {}).get(value, f"#{value}")
        if each.choices:
            return str(dict(each.flatchoices).get(value, value))
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        return said_plainly(value)


def _nested_in_short(value: Any) -> str:
    """Return a list or a dict on one line."""
    if isinstance(value, list):
        return ", ".join(_in_short(part) for part in value)
    flat = flattened(value).values()
    return "; ".join(f"{name}: {text}" if name else text for name, text in flat)


def _in_short(part: Any) -> str:
    """
    Return the name of one element of a list in history, such as a planned deliverable.
    """
    if isinstance(part, dict):
        return str(part.get("title") or part.get("key") or _("one"))
    return said_plainly(part)


# -- Values of JSON columns, part by part ----------------------------------------------------------


def said_plainly(value: Any) -> str:
    """Return a single value in words: instants with their zone, lengths of time in hours."""
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return exact(value)
    if isinstance(value, date):
        return date_format(value, "D j M Y")
    if isinstance(value, timedelta):
        hours, seconds = divmod(round(value.total_seconds()), 3600)
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": seconds // 60}
    return str(localize(value))


def _is_nested(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _nested_changes(
    label: str, old: Any, new: Any, say: SayPart | None = None
) -> list[FieldChange]:
    before, after = flattened(old or {}, say), flattened(new or {}, say)
    found = []
    for path in dict.fromkeys([*before, *after]):
        was, now = before.get(path), after.get(path)
        if was == now:
            continue
        name = (now or was or ("", ""))[0]
        text = f"{label}, {name}" if name else label
        found.append(FieldChange(text, was[1] if was else "–", now[1] if now else "–"))
    return found


def flattened(value: Any, say: SayPart | None = None) -> dict[tuple[str, ...], tuple[str, str]]:
    """
    Return the single values of nested ones by their paths, each with its name and its text.

    Elements of a list are told apart by their ``key``, so that one that was renamed stays the same.
    """
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    waiting: list[tuple[tuple[str, ...], str, Any]] = [((), "", value)]
    while waiting:
        path, name, each = waiting.pop()
        if isinstance(each, dict):
            inner = list(_inner(each, say))
        elif isinstance(each, list) and any(isinstance(part, dict) for part in each):
            inner = [_element(place, part) for place, part in enumerate(each, start=1)]
        else:
            text = ", ".join(map(str, each)) if isinstance(each, list) else said_plainly(each)
            found[path] = (name, text)
            continue
        for key, called, part in reversed(inner):
            waiting.append(((*path, key), f"{name}, {called}" if name else called, part))
    return found


def _inner(each: Mapping[str, Any], say: SayPart | None) -> Iterator[tuple[str, str, Any]]:
    """Yield the key, the label and the value of each part of a dict that is shown."""
    for key, part in each.items():
        own = say(str(key), part) if say else None
        if own is None:
            yield str(key), str(key).replace("_", " "), part
        elif own.label:
            yield str(key), own.label, own.text


def _element(place: int, part: Any) -> tuple[str, str, Any]:
    if not isinstance(part, dict):
        return (str(place), str(place), part)
    key = str(part.get("key") or part.get("title") or place)
    return (key, str(part.get("title") or key), part)
