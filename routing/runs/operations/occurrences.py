"""
Sweep calendar triggers: capture what is due as events, and plan what comes next.

An occurrence and the plan of the next one are written in one transaction, so a worker that is
killed loses nothing and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

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
class PlannedNext:
    """What a schedule is written to."""

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
        mine = claim_batch(Schedule.objects.filter(pk__in=ids, at__lte=at))
        signals: list[Signal] = []
        known: dict[Hashable, DueNow] = {}
        planned: list[PlannedNext] = []
        for row in Schedule.objects.filter(pk__in=mine).select_related("recurrence"):
            recurrence = row.recurrence
            assert recurrence is not None  # only a schedule that has one is due
            # Many triggers have one rhythm, such as the first working day at 9:00.
            key = (recurrence.rhythm, recurrence.calendar, row.last_day, row.day)
            if key not in known:
                is_working = days_off.working_days(recurrence)
                known[key] = due_now(recurrence.rhythm, is_working, row.last_day, row.day, at)
            found = known[key]
            signals += [_signal(row, recurrence, each) for each in found.run]
            stamp = days_off.stamp_of(recurrence)
            planned.append(PlannedNext(row.pk, recurrence.pk, found.then, found.last_day, stamp))
        capture(signals, by=Actor.system(), at=at)
        _keep(planned)
    return len(mine)


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


def _signal(row: Schedule, recurrence: Recurrence, due: DueOccurrence) -> Signal:
    found = due.occurrence
    key = f"{row.pk}/{found.day.isoformat()}"
    facts = {
        NAME: recurrence.name,
        DAY: found.day.isoformat(),
        MONTH: f"{found.day:%Y-%m}",
    }
    if due.is_late:
        planned = found.at.astimezone(ZoneInfo(recurrence.zone))
        facts[LATE] = f"{planned:%Y-%m-%d %H:%M}"
    if due.missed:
        facts[MISSED] = str(due.missed)
    body = {FLOW: row.flow_id, CLIENT: recurrence.client, FACTS: facts}
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
        _keep(
            [
                _planned(schedules[row.version.flow_id, row.name], row, days_off)
                for row in wanted
                if (row.version.flow_id, row.name) in schedules
            ]
        )
        return len(wanted)


def _planned(schedule: Schedule, row: Recurrence, days_off: DaysOff) -> PlannedNext:
    published, last_day = row.version.published_at, schedule.last_day
    assert published is not None  # the version is live
    then = first_after(row.rhythm, days_off.working_days(row), published, last_day)
    return PlannedNext(schedule.pk, row.pk, then, last_day, days_off.stamp_of(row))
