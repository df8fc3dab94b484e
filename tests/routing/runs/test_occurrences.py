"""Flows that the calendar starts: what is due is an event once, whatever happened meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction

from routing.flows.approving import freeze
from routing.flows.operations import copy, publish_shipped
from routing.flows.recurrences import Recurrence, Schedule
from routing.flows.rhythm import Every, OnDayOff
from routing.models import (
    Calendar,
    Event,
    Flow,
    FlowVersion,
    HeldEvent,
    Rule,
    Run,
    RunEvent,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.operations import occurrences as sweeping
from routing.runs.operations.advance import advance
from routing.runs.operations.occurrences import sweep_occurrences
from routing.runs.operations.switching import switch_off, switch_on
from routing.sla.operations.calendars import ensure_defaults, save_calendar
from tests.world import World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("T5")]

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)  # a Monday
NINE = datetime(2026, 11, 3, 9, tzinfo=UTC)  # the first occurrence
DAY = timedelta(days=1)


def make_flow(world: World, *, at: datetime = BEGIN, **rhythm: Any) -> Flow:
    """Publish a flow that the calendar starts for ACM, every day at 9:00 from 3 November."""
    ensure_defaults(at=at)
    flow = Flow.objects.create(
        slug="retainer-month",
        name="Retainer month",
        purpose="Plan",
        outcome="Planned",
        owner=world.olga,
        backup=world.bob,
    )
    version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        action="delivery.open_request",
        title="{occurrence.name} of {occurrence.date}",
    )
    version.fields.create(name="occurrence.name", label="Trigger", type="text")
    version.fields.create(name="occurrence.date", label="Day", type="date")
    values = {
        "name": "Plan the month",
        "every": Every.DAY,
        "zone": "UTC",
        "start": date(2026, 11, 3),
        "at": time(9),
        "client": world.acme.code,
    }
    Recurrence.objects.create(version=version, **values | rhythm)
    Rule.objects.create(version=version, position=1, name="All", team=world.team)
    publish_shipped(version, by=by(world.olga), at=at, reason="Begin")
    return flow


def tick(at: datetime) -> None:
    sweep_occurrences(at=at)
    advance(clock=lambda: at)


def days() -> list[str]:
    return [
        str(key).partition("/")[2]
        for key in Event.objects.filter(source="calendar")
        .order_by("pk")
        .values_list("dedupe_key", flat=True)
    ]


def test_two_occurrences_with_the_first_still_open_are_two_runs(world: World) -> None:
    make_flow(world)
    tick(BEGIN)
    assert not days()

    tick(NINE)
    tick(NINE + timedelta(seconds=10))
    tick(NINE + DAY)

    runs = list(Run.objects.order_by("pk").select_related("item__client"))
    assert days() == ["2026-11-03", "2026-11-04"]
    assert [(run.item.is_open, run.item.client) for run in runs] == [(True, world.acme)] * 2
    assert [run.item.title for run in runs] == [
        "Retainer month: Plan the month of 2026-11-03",
        "Retainer month: Plan the month of 2026-11-04",
    ]
    assert WorkItem.objects.filter(kind="request").count() == 2


def test_after_a_week_of_downtime_one_late_run_says_that_it_is_late(world: World) -> None:
    make_flow(world)
    tick(BEGIN)

    tick(NINE + 7 * DAY + timedelta(hours=3))

    run = Run.objects.get()
    assert days() == ["2026-11-10"]
    assert run.item.title.endswith("2026-11-10 (late, planned for 2026-11-10 09:00)")
    facts = run.enrichments.latest("pk").facts
    assert facts["occurrence.missed"] == "7"

    tick(NINE + 8 * DAY)
    assert days() == ["2026-11-10", "2026-11-11"]
    assert "late" not in Run.objects.latest("pk").item.title


def test_late_ones_are_one_run_and_the_punctual_one_another(world: World) -> None:
    make_flow(world)
    tick(BEGIN)

    tick(NINE + 7 * DAY + timedelta(minutes=5))

    assert days() == ["2026-11-09", "2026-11-10"]
    late = ["late" in run.item.title for run in Run.objects.order_by("pk")]
    assert late == [True, False]


def test_a_kill_before_the_commit_loses_and_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flow(world)
    tick(BEGIN)
    keep = sweeping._keep

    def killed(planned: Any) -> None:
        keep(planned)
        raise SystemExit

    monkeypatch.setattr(sweeping, "_keep", killed)
    with pytest.raises(SystemExit), transaction.atomic():
        sweep_occurrences(at=NINE)
    monkeypatch.undo()
    assert not days()

    tick(NINE)
    tick(NINE)

    assert days() == ["2026-11-03"]
    assert RunEvent.objects.filter(part=RunEvent.Part.STARTED).count() == 1


def test_a_flow_that_is_switched_off_holds_its_occurrences(world: World) -> None:
    flow = make_flow(world)
    tick(BEGIN)
    switch_off(flow.pk, by=by(world.olga), at=BEGIN, reason="Holidays")

    tick(NINE)
    tick(NINE + DAY)

    assert not Run.objects.exists()
    assert [row.client for row in HeldEvent.objects.all()] == [world.acme] * 2

    switch_on(flow.pk, by=by(world.olga), at=NINE + 2 * DAY - DAY / 2, reason="Back")
    tick(NINE + 2 * DAY - DAY / 2)
    assert Run.objects.count() == 2


def test_a_new_version_goes_on_where_the_old_one_was(world: World) -> None:
    flow = make_flow(world)
    tick(NINE)
    second = copy(flow.versions.get(), by=by(world.olga), at=NINE, reason="Later")
    second.recurrences.update(at=time(17))
    # Published while nothing sweeps, after the old version's next occurrence was due.
    publish(second, world, at=NINE + DAY + timedelta(minutes=1))

    tick(NINE + DAY + timedelta(minutes=2))
    tick(NINE + DAY + timedelta(hours=8))
    tick(NINE + 2 * DAY + timedelta(hours=8))

    assert days() == ["2026-11-03", "2026-11-04", "2026-11-05"]
    assert Schedule.objects.get().recurrence_id == second.recurrences.get().pk


def publish(version: FlowVersion, world: World, *, at: datetime) -> None:
    freeze(version, by=by(world.olga), at=at, reason="Ready")


def test_a_version_without_the_trigger_ends_it(world: World) -> None:
    flow = make_flow(world)
    tick(BEGIN)
    second = copy(flow.versions.get(), by=by(world.olga), at=BEGIN, reason="By hand")
    second.recurrences.all().delete()
    publish(second, world, at=BEGIN)

    tick(BEGIN + timedelta(minutes=1))
    tick(NINE)

    assert not days()


def test_a_new_day_off_moves_what_is_planned(world: World) -> None:
    make_flow(world, on_day_off=OnDayOff.NEXT, every=Every.WEEK, weekdays=["tue"])
    tick(BEGIN)
    assert Schedule.objects.get().at == NINE
    calendar = Calendar.objects.get()
    calendar.extra_dates = {"2026-11-03": "Moving house"}
    save_calendar(calendar, by=Actor.system(), at=BEGIN)

    tick(BEGIN + timedelta(minutes=1))
    assert Schedule.objects.get().at == NINE + DAY
    tick(NINE)
    assert not days()
    tick(NINE + DAY)
    tick(NINE + 2 * DAY)

    assert days() == ["2026-11-03"]
