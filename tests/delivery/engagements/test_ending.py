"""Engagements that are about to end start the flows that wait for them, each once."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from delivery.engagements.ending import DAYS, KIND, sweep_endings
from delivery.models import Request
from routing.flows.operations import publish_shipped
from routing.models import Flow, FlowField, FlowVersion, Rule, Run, Trigger
from routing.runs.operations.advance import advance
from tests.delivery.making import make_engagement, take_requests
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("T4")]


def renewal(world: World, days: str) -> Flow:
    take_requests(NOW)
    flow = Flow.objects.create(
        slug=f"renewal-{days}",
        name="Renewal",
        purpose="",
        outcome="",
        owner=world.olga,
        backup=world.bob,
    )
    version = FlowVersion.objects.create(
        flow=flow, number=1, action="delivery.open_request", title="Renew {engagement.name}"
    )
    Trigger.objects.create(version=version, kind=KIND, field=DAYS, value=days)
    for place, name in enumerate(("engagement.name", "engagement.days_left")):
        FlowField.objects.create(
            version=version, name=name, label=name, type="text", required=True, position=place
        )
    Rule.objects.create(version=version, position=1, name="Every one", team=world.team)
    publish_shipped(version, by=by(world.olga), at=NOW, reason="")
    return flow


def test_an_engagement_starts_a_flow_once_so_many_days_before_it_ends(world: World) -> None:
    today = NOW.astimezone(ZoneInfo(world.acme.timezone)).date()
    make_engagement(world, name="No end")
    make_engagement(world, name="Ended", ends_date=today - timedelta(days=1))
    make_engagement(world, name="Later", ends_date=today + timedelta(days=31))
    make_engagement(world, name="Site", ends_date=today + timedelta(days=30))
    assert sweep_endings(at=NOW) == 0  # no flow waits for it

    flow = renewal(world, "30")

    assert (sweep_endings(at=NOW), sweep_endings(at=NOW)) == (1, 0)
    advance(clock=lambda: NOW)
    run = Run.objects.get(flow=flow)
    request = Request.objects.get(item__run=run)
    assert (request.item.title, request.item.client) == ("Renew Site", world.acme)
    assert run.enrichments.latest("pk").facts["engagement.days_left"] == "30"
    # A day later the other one has its turn, and an open run keeps nothing from that.
    assert sweep_endings(at=NOW + timedelta(days=1)) == 1


def test_an_end_that_is_moved_counts_anew_and_late_is_better_than_never(world: World) -> None:
    today = NOW.astimezone(ZoneInfo(world.acme.timezone)).date()
    row = make_engagement(world, ends_date=today + timedelta(days=20))
    renewal(world, "30")
    assert sweep_endings(at=NOW + timedelta(days=5)) == 1  # after some days of downtime

    row.ends_date = today + timedelta(days=90)
    row.save()

    assert sweep_endings(at=NOW + timedelta(days=6)) == 0
    assert sweep_endings(at=NOW + timedelta(days=60)) == 1
