"""Retainers start the flows that wait until so many percent of a month's hours are used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from delivery.engagements.models import Engagement
from delivery.models import Deliverable, Request
from delivery.progress.retainer_month import hours_of_month
from delivery.progress.retainers import KIND, PERCENT, USUAL_PERCENT, sweep_retainers
from delivery.requests.operations import requests
from routing.flows.operations import publish_shipped
from routing.models import Flow, FlowField, FlowVersion, Rule, Run, Trigger
from routing.runs.operations.advance import advance
from tests.delivery.making import (
    done,
    fresh,
    make_deliverables,
    make_engagement,
    record_request,
    take_requests,
)
from tests.desk import filled, signed_in, url, words
from tests.world import World, by

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T4"),
]
FIRST = date(2026, 11, 1)  # of the month of NOW
MID = datetime(2026, 11, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def november(time_machine: object) -> None:
    """Nothing here depends on the day on which it runs."""
    time_machine.move_to(MID, tick=False)  # type: ignore[attr-defined]


def waiting_flow(world: World, percent: str = "") -> Flow:
    take_requests(MID)
    flow = Flow.objects.create(
        slug=f"hours-{percent}",
        name="Hours",
        purpose="",
        outcome="",
        owner=world.olga,
        backup=world.bob,
    )
    version = FlowVersion.objects.create(
        flow=flow, number=1, action="delivery.open_request", title="Talk about {retainer.name}"
    )
    field = PERCENT if percent else ""
    Trigger.objects.create(version=version, kind=KIND, field=field, value=percent)
    for place, name in enumerate(("retainer.name", "retainer.used", "retainer.percent")):
        FlowField.objects.create(
            version=version, name=name, label=name, type="text", required=True, position=place
        )
    Rule.objects.create(version=version, position=1, name="Every one", team=world.team)
    publish_shipped(version, by=by(world.olga), at=MID, reason="")
    return flow


def retainer(world: World, **fields: object) -> Engagement:
    return make_engagement(world, **{"name": "Care", "monthly_hours": Decimal(20)} | fields)


def plan(world: World, row: Engagement, *hours: str, due: date | None = FIRST) -> list[Deliverable]:
    """Deliverables of an approved brief of the engagement."""
    request = record_request(world, details="Care", at=MID)
    for step in (requests.triage, requests.accept):
        done(step([request.pk], by=by(world.alice), at=MID))
    planned = [
        {"key": f"k{place}", "title": "Care", "format": "file", "hours": each}
        for place, each in enumerate(hours)
    ]
    made = make_deliverables(world, planned=planned, request=fresh(request), engagement=row)
    Deliverable.objects.filter(pk__in=[each.pk for each in made]).update(due_date=due)
    return made


def test_a_flow_starts_once_for_an_engagement_and_month(world: World) -> None:
    row = retainer(world)
    plan(world, row, "10", "5.99")
    flow = waiting_flow(world, "80")
    assert sweep_retainers(at=MID) == 0

    plan(world, row, "0.01")

    assert (sweep_retainers(at=MID), sweep_retainers(at=MID)) == (1, 0)
    advance(clock=lambda: MID)
    run = Run.objects.get(flow=flow)
    facts = run.enrichments.latest("pk").facts
    request = Request.objects.get(item__run=run)
    assert (request.item.title, request.item.client) == ("Talk about Care", world.acme)
    assert (facts["retainer.used"], facts["retainer.percent"]) == ("16.00", "80")
    assert (facts["retainer.month"], facts["retainer.left"]) == ("2026-11", "4.00")
    # The next month counts anew, also while the run of this one is open.
    december = MID + timedelta(days=30)
    assert sweep_retainers(at=december) == 0
    plan(world, row, "20", due=date(2026, 12, 31))
    assert sweep_retainers(at=december) == 1


def test_each_percentage_that_a_flow_waits_for_comes_once(world: World) -> None:
    plan(world, retainer(world), "21")
    assert sweep_retainers(at=MID) == 0  # no flow waits

    waiting_flow(world)  # without a number
    waiting_flow(world, "100")
    waiting_flow(world, "110")

    assert USUAL_PERCENT == 80
    assert sweep_retainers(at=MID) == 2


def test_only_work_of_the_month_that_is_not_cancelled_counts(world: World) -> None:
    row = retainer(world)
    plan(world, row, "1", due=date(2026, 10, 31))
    plan(world, row, "2", due=date(2026, 11, 30))
    plan(world, row, "4", due=date(2026, 12, 1))
    plan(world, row, "8", due=None)  # planned this month
    gone = plan(world, row, "16")
    Deliverable.objects.filter(pk__in=[each.pk for each in gone]).update(state="cancelled")
    plan(world, make_engagement(world, name="Other"), "32")

    assert hours_of_month([row], MID)[row.pk].used == 10
    assert hours_of_month([row], MID + timedelta(days=30))[row.pk].used == 4


def test_the_month_is_that_of_the_client(world: World) -> None:
    row = retainer(world)
    row.client.timezone = "Pacific/Auckland"
    row.client.save()
    evening = datetime(2026, 10, 31, 20, tzinfo=UTC)

    assert hours_of_month([row], evening)[row.pk].name == "2026-11"


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"starts_date": date(2026, 11, 30)}, 1),
        ({"starts_date": date(2026, 12, 1)}, 0),
        ({"ends_date": date(2026, 11, 1)}, 1),
        ({"ends_date": date(2026, 10, 31)}, 0),
        ({"monthly_hours": None}, 0),
        ({"monthly_hours": Decimal(0)}, 0),
    ],
)
def test_only_a_retainer_that_runs_this_month_starts_a_flow(
    world: World, fields: dict[str, object], count: int
) -> None:
    plan(world, retainer(world, **fields), "20")
    waiting_flow(world, "80")

    assert sweep_retainers(at=MID) == count


def test_hours_that_are_taken_away_meanwhile_stop_the_run_for_a_person(world: World) -> None:
    row = retainer(world)
    plan(world, row, "20")
    flow = waiting_flow(world, "80")
    sweep_retainers(at=MID)
    Engagement.objects.filter(pk=row.pk).update(monthly_hours=None)

    advance(clock=lambda: MID)

    assert Run.objects.get(flow=flow).state == Run.State.WAITING


def test_the_page_of_an_engagement_shows_what_is_used(world: World) -> None:
    row = retainer(world)
    plan(world, row, "5")
    browser, path = signed_in(world.olga), url(Engagement, "change", row.pk)

    page = browser.get(path)
    assert "5.00 of 20.00 hours, 25 %" in words(page)
    browser.post(path, filled(page) | {"monthly_hours": "10", "reason": "Agreed anew"})

    assert "5.00 of 10.00 hours, 50 %" in words(browser.get(path))
