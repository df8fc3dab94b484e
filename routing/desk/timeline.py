"""
The timeline of a work item: its events with the changes in history, newest first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.runs.event_words import CLOCKS, sentence_of, states_of
from routing.sla.clocks import Clock
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkNoun
from routing.work.kinds import kind_label, models_by_kind
from routing.work.notes import Note
from routing.work.operations.notes import ADDED
from routing.work.saves import (
    LIMIT,
    FieldChange,
    Names,
    Save,
    loaded,
    newest_records,
    saves_in,
    with_events,
)
from routing.work.visibility import record_is_seen

QUOTED = 300  # characters of a note, which the page shows in full above


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
    of_noun, of_item = saves_in(newest_records(noun)), saves_in(newest_records(noun.item))
    saves, alone = with_events(own, of_noun, of_item, str(noun._meta.model_name))
    names = Names(
        [*of_noun, *of_item],
        {save.by_id for save in alone},  # actors of saves without an event, as in a migration
        loaded(noun, noun.item, *events),
    )
    for event in own:
        entry = ActivityEntry(event.at, sentence_of(event, noun), _way(noun, event, purposes))
        if event.kind == ADDED:
            _quote(entry, event, quoted.get(event.object_id or 0))
        _add(entry, saves.get(event.pk, ()), names)
        entries.append(entry)
    together: dict[tuple[datetime, int], list[Save]] = defaultdict(list)
    for save in alone:
        together[save.at, save.by_id].append(save)
    for (at, by_id), same in together.items():
        entry = ActivityEntry(at, _("%(who)s made a change") % {"who": names.user(by_id)})
        _add(entry, same, names)
        entries.append(entry)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _add(entry: ActivityEntry, saves: Sequence[Save], names: Names) -> None:
    for save in saves:
        entry.reason = entry.reason or save.reason
        entry.changes += names.changes(save)


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
        f"{kind_label(part)} {part.ref}: {sentence_of(event, noun)}",
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
    """Return the history of a row that is not work, such as a client or a team, newest first."""
    return entries_of(saves_in(newest_records(row)))[::-1]


def saves_of_parts(
    row: models.Model, parts: Sequence[type[models.Model]], by: Actor
) -> list[ActivityEntry]:
    """
    Return the history of rows that belong to a row, such as the targets of a policy.

    Those that were deleted are included, and those that ``by`` may not see are left out.
    """
    found: list[ActivityEntry] = []
    for part in parts:
        model: Any = part
        column = next(
            (each.attname for each in model._meta.fields if each.related_model is type(row)), ""
        )
        if not column or not hasattr(model, "history"):
            continue
        by_part: dict[int, list[Any]] = defaultdict(list)
        records = model.history.filter(**{column: row.pk}).order_by("-history_id")[:LIMIT]
        for record in reversed(records):
            by_part[record.id].append(record)
        for same in by_part.values():
            if not record_is_seen(model, same[-1], by):
                continue
            found += entries_of(saves_in(same), called=_name_of(same[-1], model))
    return found


def _name_of(record: Any, model: Any) -> str:
    """Return the name of a row, which may be gone, such as “Target: Standard · request”."""
    try:
        name = str(record.instance)
    except ObjectDoesNotExist:
        name = f"{record.id}"
    return f"{str(model._meta.verbose_name).capitalize()} {name}"


def entries_of(saves: Sequence[Save], called: str = "") -> list[ActivityEntry]:
    """
    Return an entry for each save, oldest first.

    :param called: the name of the row, if it is not the one that the page is about
    """
    names = Names(saves, {save.by_id for save in saves})
    words = {"+": _("%(who)s created %(what)s"), "-": _("%(who)s deleted %(what)s")}
    entries = []
    for save in saves:
        text = words.get(save.type, _("%(who)s changed %(what)s") if called else "")
        text = text or _("%(who)s made a change")
        values = {"who": names.user(save.by_id), "what": called or _("this")}
        changes = names.changes(save)
        entries.append(ActivityEntry(save.at, text % values, reason=save.reason, changes=changes))
    return entries


def _quote(entry: ActivityEntry, event: Event, note: Note | None) -> None:
    words = _("%(who)s wrote an internal note")
    if note and note.is_shared:
        words = _("%(who)s wrote a note for the client")
    entry.what = words % {"who": event.actor}
    entry.reason = Truncator(note.body).chars(QUOTED) if note else ""


def _way(noun: Any, event: Event, purposes: Mapping[int, str]) -> str:
    if event.kind.startswith(CLOCKS):
        return purposes.get(event.object_id or 0, "").replace("_", " ")
    return states_of(event, noun)
