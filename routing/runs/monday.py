"""The newest stalled runs, with the five things to know of each; what is not recorded is None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, Min, OuterRef, QuerySet, Subquery, When

from routing.flows.event_catalogue import kind_words
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.models import Run, RunEvent
from routing.runs.stalled import is_stalled
from routing.sla.operations.first_response import RESPONDED
from routing.work.items import WorkItem
from routing.work.turns import PARTS, SYSTEM, turn_of, values_of, with_turns
from routing.work.visibility import work_seen_by

CASE = "exceptioncase"


@dataclass(frozen=True, slots=True)
class StalledRun:
    """
    A stalled run.

    ``action`` says what has to be done next, about the work ``about`` by its owner. ``heard_at`` is
    the moment at which something first reached the client. Each may be missing.
    """

    run: Run
    since: datetime | None
    trigger: str | None
    source: str | None
    owner: User | None
    action: str | None
    about: WorkItem | None
    heard_at: datetime | None


def newest_stalled(by: Actor, at: datetime, most: int) -> list[StalledRun]:
    """
    Return the open runs that an actor may see and that stalled last before ``at``, the newest
    first. A few queries for any number.
    """
    runs: list[Any] = list(_stalled(by, at)[:most])
    ids = [run.pk for run in runs]
    triggers, heard = _triggers(ids), _heard(ids)
    work = _next_work(by, ids, at)
    acts = _acts(work.values())
    found = []
    for run in runs:
        item = work.get(run.pk)
        found.append(
            StalledRun(
                run,
                run.stalled_at,
                triggers.get(run.pk),
                run.source or None,
                item.owner if item else run.item.owner,
                acts.get(item.pk) if item else None,
                item,
                heard.get(run.pk),
            )
        )
    return found


def _stalled(by: Actor, at: datetime) -> QuerySet[Run]:
    late = WorkItem.objects.filter(run=OuterRef("pk"), is_open=True, next_due_at__lt=at)
    first = late.order_by().values("run").annotate(first=Min("next_due_at")).values("first")
    since = Case(When(state=Run.State.WAITING, then=F("item__changed_at")), default=Subquery(first))
    seen = work_seen_by(by).order_by().values("pk")
    runs = Run.objects.filter(is_stalled(at), state__in=Run.open_states, item__in=seen)
    related = runs.select_related("item__client", "item__owner", "flow")
    return related.annotate(stalled_at=since).order_by(F("stalled_at").desc(nulls_last=True), "-pk")


def _triggers(runs: Sequence[int]) -> Mapping[int, str]:
    started = RunEvent.objects.filter(run__in=runs, part=RunEvent.Part.STARTED)
    rows = started.order_by("-event_id").values_list("run_id", "event__kind")
    return {run: kind_words(kind) for run, kind in rows}


def _heard(runs: Sequence[int]) -> Mapping[int, datetime]:
    events = Event.objects.filter(kind=RESPONDED.kind, item__run__in=runs).order_by()
    return dict(
        events.values("item__run").annotate(first=Min("at")).values_list("item__run", "first")
    )


def _next_work(by: Actor, runs: Sequence[int], at: datetime) -> Mapping[int, WorkItem]:
    """
    Return the work of each run on which somebody has to act: an exception before other work, and
    then what is due first.
    """
    open_work = work_seen_by(by).filter(run__in=runs, is_open=True)
    waiting = (
        with_turns(open_work)
        .select_related("owner")
        .order_by(F("next_due_at").asc(nulls_last=True), "pk")
    )
    found: dict[int, WorkItem] = {}
    for item in waiting:
        turn = turn_of(item)
        if turn is None or turn.party in {PARTS, SYSTEM} or item.run_id is None:
            continue
        known = found.get(item.run_id)
        if known is None or (item.kind == CASE and known.kind != CASE):
            found[item.run_id] = item
    return found


def _acts(items: Iterable[WorkItem]) -> Mapping[int, str]:
    """Return what has to be done with each item from ``with_turns``, by its id."""
    rows = list(items)
    values, found = values_of(rows), {}
    for item in rows:
        turn = turn_of(item)
        if turn is not None:
            found[item.pk] = str(turn.act) % values.get(item.pk, {})
    return found
