"""
Sweep calendar triggers: capture what is due as events, and plan what comes next.

An occurrence and the plan of the next one are written in one transaction, so a worker that is
killed loses nothing and doubles nothing.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from routing.flows.models import FlowVersion
from routing.flows.recurrences import DaysOff, Recurrence, Schedule
from routing.flows.rhythm import Occurrence, Rhythm, first_after, occurrences
from routing.kernel.days import IsWorkingDay
from routing.kernel.isolate import isolate
from routing.kernel.queues import claim_batch
from routing.kernel.sql import run as sql
from routing.people.actors import Actor
from routing.runs.occurrences import (
    CLIENT,
    DAY,
    FACTS,
    FLOW,
    KIND,
    LATE,
    MISSED,
    MONTH,
    NAME,
    SOURCE,
    SUBJECT,
)
from routing.runs.operations.capture import Signal, capture

CHUNK = 2_000
# Later than this, an occurrence is named as late, and of several late ones only the last one runs.
LATE_AFTER = timedelta(minutes=15)
# What a schedule and its recurrence have of their own, and what those of one rhythm may share.
_OWN = ("pk", "flow_id", "recurrence_id", "recurrence__name", "recurrence__client")
_RHYTHM = (
    "every",
    "interval",
    "nth",
    "month_day",
    "at",
    "zone",
    "start",
    "on_day_off",
    "calendar",
)
_SHARED = ("last_day", "day", *(f"recurrence__{column}" for column in _RHYTHM))
_WEEKDAYS = Cast("recurrence__weekdays", TextField())  # as text, which can be a key
PLANNED = """
    UPDATE routing_schedule s SET recurrence_id = p.recurrence_id, day = p.day, at = p.at,
        last_day = p.last_day, calendar = p.calendar
    FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::timestamptz[], %s::date[], %s::text[])
        AS p(id, recurrence_id, day, at, last_day, calendar)
    WHERE s.id = p.id"""


@dataclass(frozen=True, slots=True)
class DueOccurrence:
    """An occurrence to run now. ``missed`` counts those that are left out because it is late."""

    occurrence: Occurrence
    is_late: bool = False
    missed: int = 0


@dataclass(frozen=True, slots=True)
class DueNow:
    """What is due of a schedule, and what comes next."""

    run: tuple[DueOccurrence, ...]
    last_day: date | None
    then: Occurrence | None


@dataclass(frozen=True, slots=True)
class DueRhythm:
    """The same for all schedules of one rhythm that are equally far."""

    now: DueNow
    zone: str
    stamp: str


@dataclass(frozen=True, slots=True)
class PlannedNext:
    """The new values of a schedule."""

    schedule_id: int
    recurrence_id: int
    then: Occurrence | None
    last_day: date | None
    stamp: str


def sweep_occurrences(*, at: datetime, chunk: int = CHUNK) -> int:
    """
    Capture the occurrences that are due, then plan what was published or whose days off changed.

    It can run many times at once. It returns how many schedules were due.
    """
    days_off = DaysOff()
    # First, so that what was due before a version was published is still captured.
    done = _capture_all(days_off, at, chunk)
    if _plan_live(days_off, at):
        done += _capture_all(days_off, at, chunk)
    return done


def _capture_all(days_off: DaysOff, at: datetime, chunk: int) -> int:
    done = 0
    while ids := _due(at, chunk):
        # A row that fails stays due: it is tried, and logged, with each sweep.
        found = isolate(lambda batch: _capture_due(batch, days_off, at), ids, lambda *_: None)
        done += found
        if not found or len(ids) < chunk:
            break
    return done


def _due(at: datetime, chunk: int) -> list[int]:
    rows = Schedule.objects.filter(at__lte=at).order_by("at", "id")
    return list(rows.values_list("pk", flat=True)[:chunk])


def _capture_due(ids: Sequence[int], days_off: DaysOff, at: datetime) -> int:
    with transaction.atomic():
        mine = claim_batch(Schedule.objects.filter(pk__in=_each_of(ids), at__lte=at))
        signals: list[Signal] = []
        known: dict[tuple[Any, ...], DueRhythm] = {}
        planned: list[PlannedNext] = []
        # As values: a model instance for each of thousands of rows costs more than the rest of it.
        rows = Schedule.objects.filter(pk__in=_each_of(mine)).values_list(
            *_OWN, *_SHARED, _WEEKDAYS
        )
        for pk, flow_id, recurrence_id, name, client, *shared in rows:
            # Many triggers have one rhythm, such as the first working day at 9:00.
            key = tuple(shared)
            if key not in known:
                known[key] = _due_of(key, days_off, at)
            found = known[key]
            signals += [
                _signal(pk, flow_id, name, client, found.zone, each) for each in found.now.run
            ]
            planned.append(
                PlannedNext(pk, recurrence_id, found.now.then, found.now.last_day, found.stamp)
            )
        capture(signals, by=Actor.system(), at=at)
        _keep(planned)
    return len(mine)


def _each_of(ids: Sequence[int]) -> RawSQL:
    # As one parameter: psycopg takes longer to split a statement of thousands than it runs.
    return RawSQL("SELECT unnest(%s::bigint[])", [list(ids)])


def _due_of(shared: Sequence[Any], days_off: DaysOff, at: datetime) -> DueRhythm:
    """:param shared: the values of ``_SHARED``, and the weekdays as JSON"""
    last_day, day, *values, weekdays = shared
    one = Recurrence(weekdays=json.loads(weekdays), **dict(zip(_RHYTHM, values, strict=True)))
    now = due_now(one.rhythm, days_off.working_days(one), last_day, day, at)
    return DueRhythm(now, one.zone, days_off.stamp_of(one))


def due_now(
    rhythm: Rhythm,
    is_working: IsWorkingDay,
    last_day: date | None,
    day: date | None,
    at: datetime,
) -> DueNow:
    """
    Return what is due: each occurrence that is not late, and of the late ones only the last.

    :param last_day: the day by the rule of the last occurrence that is done
    :param day: the same of the one that was planned next
    """
    after = day - timedelta(days=1) if day else last_day
    due: list[Occurrence] = []
    then = None
    for each in occurrences(rhythm, is_working, after):
        if each.at > at:
            then = each
            break
        due.append(each)
    late = [each for each in due if at - each.at > LATE_AFTER]
    run = [DueOccurrence(each, is_late=True, missed=len(late) - 1) for each in late[-1:]]
    run += [DueOccurrence(each) for each in due[len(late) :]]
    return DueNow(tuple(run), due[-1].day if due else last_day, then)


def _signal(
    schedule_id: int, flow_id: int, name: str, client: str, zone: str, due: DueOccurrence
) -> Signal:
    found = due.occurrence
    key = f"{schedule_id}/{found.day.isoformat()}"
    facts = {
        NAME: name,
        DAY: found.day.isoformat(),
        MONTH: f"{found.day:%Y-%m}",
    }
    if due.is_late:
        planned = found.at.astimezone(ZoneInfo(zone))
        facts[LATE] = f"{planned:%Y-%m-%d %H:%M}"
    if due.missed:
        facts[MISSED] = str(due.missed)
    body = {FLOW: flow_id, CLIENT: client, FACTS: facts}
    return Signal(SOURCE, KIND, key, SUBJECT, key, found.at, body)


def _keep(planned: Sequence[PlannedNext]) -> None:
    # In one order, so that two workers never wait for each other in a circle.
    rows = sorted(planned, key=lambda each: each.schedule_id)
    sql(
        PLANNED,
        [
            [each.schedule_id for each in rows],
            [each.recurrence_id for each in rows],
            [each.then.day if each.then else None for each in rows],
            [each.then.at if each.then else None for each in rows],
            [each.last_day for each in rows],
            [each.stamp for each in rows],
        ],
    )


def _plan_live(days_off: DaysOff, at: datetime) -> int:
    """
    Plan the recurrences of live versions that have no plan, or one of other days off.

    Return how many there were.
    """
    live = Recurrence.objects.filter(version__in=FlowVersion.objects.live().values("pk"))
    # What is due is captured first, by the plan that it has.
    not_due = Q(at=None) | Q(at__gt=at)
    with transaction.atomic():
        gone = Schedule.objects.filter(not_due, recurrence__isnull=False)
        gone.exclude(recurrence__in=live.values("pk")).update(recurrence=None, day=None, at=None)
        current = Schedule.objects.filter(
            flow=OuterRef("version__flow"),
            name=OuterRef("name"),
            recurrence=OuterRef("pk"),
            calendar__in=days_off.stamps(),
        )
        wanted = list(live.filter(~Exists(current)).select_related("version"))
        if not wanted:
            return 0
        Schedule.objects.bulk_create(
            [Schedule(flow_id=row.version.flow_id, name=row.name) for row in wanted],
            ignore_conflicts=True,
        )
        flows = {row.version.flow_id for row in wanted}
        free = Schedule.objects.filter(not_due, flow__in=flows).order_by("pk").select_for_update()
        schedules = {(row.flow_id, row.name): row for row in free}
        known: dict[Hashable, Occurrence | None] = {}
        _keep(
            [
                _planned(schedules[row.version.flow_id, row.name], row, days_off, known)
                for row in wanted
                if (row.version.flow_id, row.name) in schedules
            ]
        )
        return len(wanted)


def _planned(
    schedule: Schedule,
    row: Recurrence,
    days_off: DaysOff,
    known: MutableMapping[Hashable, Occurrence | None],
) -> PlannedNext:
    """:param known: the first occurrences that were computed already, for schedules alike"""
    published, last_day = row.version.published_at, schedule.last_day
    assert published is not None  # the version is live
    rhythm = row.rhythm
    key = (rhythm, row.calendar, published, last_day)
    if key not in known:
        known[key] = first_after(rhythm, days_off.working_days(row), published, last_day)
    return PlannedNext(schedule.pk, row.pk, known[key], last_day, days_off.stamp_of(row))
