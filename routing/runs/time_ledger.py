"""Time ledger: whose time each second of a piece of work was, and the event that began it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from routing.kernel.events import Event
from routing.runs.event_words import CLOCKS
from routing.runs.models import RunEvent
from routing.sla.clocks import Clock
from routing.sla.hours import OpenTime
from routing.sla.timing import AGENCY, ZERO, Terms
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind

CLOSED = "closed"  # the party of time in which the work was closed, before it was reopened


class WorkChange(NamedTuple):
    """
    Values of one item from an instant on. A value that is None stays as it was.

    ``party`` is the party that the item itself waits on, also while it is on hold, or empty if the
    agency works on it and its parts decide. ``stopped`` says whether an incident stops the item,
    which counts while the item itself waits on nobody else.
    """

    at: datetime
    item_id: int
    is_open: bool | None = None
    party: str | None = None
    stopped: bool | None = None


class StoppedSpan(NamedTuple):
    """Time in which an incident stopped an item. ``end`` is None while it does."""

    item_id: int
    start: datetime
    end: datetime | None


class PartySpan(NamedTuple):
    """Time of one party. ``end`` is the next span's ``start``."""

    start: datetime
    end: datetime
    party: str


@dataclass(frozen=True, slots=True)
class LedgerSegment:
    """
    Time of one party, to the second, with the event that gave it to them.

    ``counted`` is the working time in it, by the calendar of the work's main clock. It is None for
    work that never had a clock.
    """

    start: datetime
    end: datetime
    party: str
    event: Event | None
    counted: timedelta | None

    @property
    def elapsed(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TimeLedger:
    """
    All time of a piece of work, from its first event to its end, or to ``at`` while it is open.

    Segments are contiguous, and their lengths add up to ``elapsed`` exactly.
    """

    item: WorkItem
    at: datetime
    segments: tuple[LedgerSegment, ...]

    @property
    def elapsed(self) -> timedelta:
        return sum((each.elapsed for each in self.segments), ZERO)

    @property
    def counted(self) -> timedelta | None:
        found = [each.counted for each in self.segments if each.counted is not None]
        return sum(found, ZERO) if found else None

    def by_party(self) -> Mapping[str, timedelta]:
        """Return the elapsed time of each party, longest first."""
        found: dict[str, timedelta] = defaultdict(timedelta)
        for each in self.segments:
            found[each.party] += each.elapsed
        return dict(sorted(found.items(), key=lambda one: -one[1]))


def time_ledger(item: WorkItem, at: datetime) -> TimeLedger:
    """
    Return the time ledger of any work item as of ``at`` (aware), recomputed from history.

    A run begins with the event that started it, and other work when it was created. At each instant
    the time is that of the party that the work waits on; of the party that all its open parts wait
    on; or else of the agency. This is the rule of clocks (``routing.sla.timing.turn``), for parts
    of parts as well. Time on hold counts for the party that the work itself waits on.
    """
    parts = _parts(item)
    began = _began(item)
    begin = whole_second(began.at if began else item.created_at)
    changes = list(_changes(parts, at))
    spans = party_spans(item.pk, _parents(item, parts), changes, begin, whole_second(at))
    events = _events(parts, [span.start for span in spans[1:]])
    hours = _hours(parts)
    segments = tuple(
        LedgerSegment(
            *span,
            began if place == 0 else events.get(span.start),
            hours.between(span.start, span.end) if hours else None,
        )
        for place, span in enumerate(spans)
    )
    return TimeLedger(item, at, segments)


def whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


# -- Whose time it was, as a pure function ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _WorkThen:
    is_open: bool = False
    party: str = ""
    stopped: bool = False


def party_spans(
    root: int,
    parents: Mapping[int, int],
    changes: Iterable[WorkChange],
    begin: datetime,
    until: datetime,
) -> list[PartySpan]:
    """
    Return the time of each party from ``begin`` to the end of the work, or to ``until``.

    :param parents: the parent of each part of ``root``, by item id
    :param changes: in any order; those of one item in the same second apply in the order given
    """
    parts: dict[int, list[int]] = defaultdict(list)
    for part, parent in parents.items():
        parts[parent].append(part)
    then: dict[int, _WorkThen] = {root: _WorkThen(is_open=True)}
    turns = [(begin, _party(root, parts, then))]
    ordered = sorted(changes, key=lambda change: whole_second(change.at))
    for at, together in groupby(ordered, key=lambda change: whole_second(change.at)):
        for change in together:
            then[change.item_id] = _after(then.get(change.item_id, _WorkThen()), change)
        turns.append((max(begin, at), _party(root, parts, then)))
    kept = _changes_of_party(turns)
    if kept[-1][1] != CLOSED:
        kept.append((until, CLOSED))
    return [
        PartySpan(start, end, party)
        for (start, party), (end, _next_party) in pairwise(kept)
        if start < end
    ]


def _after(before: _WorkThen, change: WorkChange) -> _WorkThen:
    found = before
    if change.is_open is not None:
        found = replace(found, is_open=change.is_open)
    if change.party is not None:
        found = replace(found, party=change.party)
    if change.stopped is not None:
        found = replace(found, stopped=change.stopped)
    return found


def _party(item: int, parts: Mapping[int, Sequence[int]], then: Mapping[int, _WorkThen]) -> str:
    here = then[item]
    if not here.is_open:
        return CLOSED
    if here.party:
        return here.party
    if here.stopped:
        return str(WorkItem.WaitingOn.INCIDENT)
    open_parts = [part for part in parts.get(item, ()) if part in then and then[part].is_open]
    waited_for = {_party(part, parts, then) for part in open_parts}
    return waited_for.pop() if len(waited_for) == 1 else AGENCY


def _changes_of_party(turns: Sequence[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
    """Return the turns that changed the party; of several in one second, the last."""
    last = dict(turns)
    found: list[tuple[datetime, str]] = []
    for at, party in sorted(last.items()):
        if not found or found[-1][1] != party:
            found.append((at, party))
    return found


def stops(spans: Iterable[StoppedSpan], at: datetime) -> Iterator[WorkChange]:
    """Yield the changes of spans until ``at``. Spans of one item may overlap."""
    by_item: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for item, start, end in spans:
        if start < (until := min(end or at, at)):
            by_item[item].append((start, until))
    for item, found in by_item.items():
        reached: datetime | None = None
        for start, until in sorted(found):
            if reached is None or start > reached:
                if reached is not None:
                    yield WorkChange(reached, item, stopped=False)
                yield WorkChange(start, item, stopped=True)
            reached = max(reached or until, until)
        if reached is not None and reached < at:
            yield WorkChange(reached, item, stopped=False)


# -- What packages above know: time in which incidents stopped work --------------------------------

Stopping = Callable[[Sequence[WorkItem], datetime], Iterable[StoppedSpan]]

_stopping: list[Stopping] = []


def stopped_by_incidents(function: Stopping) -> Stopping:
    """Register a function that returns when incidents stopped some of these items."""
    _stopping.append(function)
    return function


# -- What the rows say -----------------------------------------------------------------------------


def _parts(item: WorkItem) -> list[WorkItem]:
    """Return the work and everything below it; of a run, all its work."""
    if item.kind == "run":
        return [item, *WorkItem.objects.filter(run=item.run_id).exclude(pk=item.pk)]
    found, level = [item], [item]
    while level:
        level = list(WorkItem.objects.filter(parent__in=level))
        found += level
    return found


def _parents(root: WorkItem, parts: Sequence[WorkItem]) -> Mapping[int, int]:
    # The topmost work of a run has no parent, or one in an earlier run.
    known = {part.pk for part in parts}
    return {
        part.pk: part.parent_id if part.parent_id in known else root.pk
        for part in parts
        if part.pk != root.pk
    }


def _changes(parts: Sequence[WorkItem], at: datetime) -> Iterator[WorkChange]:
    for part in parts:
        if part.created_at <= at:
            yield WorkChange(part.created_at, part.pk, is_open=True)
    yield from _states(parts, at)
    for load in _stopping:
        yield from stops(load(parts, at), at)
    rows = WorkItem.history.filter(id__in=[part.pk for part in parts], history_date__lte=at)
    columns = ("history_date", "id", "held_at", "waiting_on")
    for since, part, held_at, waits_on in rows.order_by("history_id").values_list(*columns):
        is_decided = held_at is not None or waits_on != AGENCY
        yield WorkChange(since, part, party=waits_on if is_decided else "")


def _states(parts: Sequence[WorkItem], at: datetime) -> Iterator[WorkChange]:
    by_kind: dict[str, list[int]] = defaultdict(list)
    for part in parts:
        by_kind[part.kind].append(part.pk)
    for kind, ids in by_kind.items():
        model: Any = models_by_kind().get(kind)
        if model is None:
            continue
        rows = model.history.filter(item__in=ids, history_date__lte=at).order_by("history_id")
        for since, part, state in rows.values_list("history_date", "item", "state"):
            yield WorkChange(since, part, is_open=state in model.open_states)


def _began(item: WorkItem) -> Event | None:
    """Return the event that began a piece of work: a run's signal, or the creation of the rest."""
    if item.kind != "run":
        return (
            Event.objects.filter(item=item).select_related("actor", "item").order_by("id").first()
        )
    part = (
        RunEvent.objects.filter(run=item.run_id, part=RunEvent.Part.STARTED)
        .select_related("event__actor", "event__item")
        .order_by("event__at", "event_id")
        .first()
    )
    return part.event if part else None


def _events(parts: Sequence[WorkItem], starts: Sequence[datetime]) -> Mapping[datetime, Event]:
    """Return the first event of the work in each of these seconds: reactions follow their cause."""
    if not starts:
        return {}
    seconds = set(starts)
    events = (
        Event.objects.filter(item__in=parts, at__gte=min(starts))
        .filter(at__lt=max(starts) + timedelta(seconds=1))
        .exclude(kind__startswith=CLOCKS)
        .select_related("actor", "item")
    )
    found = (event for event in events.order_by("-id") if whole_second(event.at) in seconds)
    return {whole_second(event.at): event for event in found}


def _hours(parts: Sequence[WorkItem]) -> OpenTime | None:
    """Return the hours of the clock that covers the work: its resolution, or the longest."""
    clocks = Clock.objects.filter(item__in=parts).select_related("terms").order_by("pk")
    found = max(clocks, key=lambda clock: clock.coverage, default=None)
    return Terms.read(found.terms.document).hours if found else None
