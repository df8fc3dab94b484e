"""
Flows that an event starts: those that ask for a value go before those that take any event of its
kind.
"""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.flows.operations import publish_shipped
from routing.models import Flow, FlowVersion, Rule, Run, RunEvent, Trigger
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.process import process
from routing.sla.operations.calendars import ensure_defaults
from tests.world import NOW, World, by


@pytest.fixture
def flows(world: World) -> None:
    """The general one, and one for account 7 alone."""
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    flow = Flow.objects.create(
        slug="seven", name="Seven", purpose="", outcome="", owner=world.olga, backup=world.bob
    )
    version = FlowVersion.objects.create(
        flow=flow, number=1, action="delivery.open_request", title=""
    )
    for value in ("7", "8"):
        Trigger.objects.create(
            version=version, kind="hubspot.deal.creation", field="portalId", value=value
        )
    Rule.objects.create(version=version, position=1, name="Everything", team=world.team)
    publish_shipped(version, by=by(world.olga), at=NOW, reason="")


def started(portal: object, at: datetime = NOW) -> list[str]:
    capture(
        [Signal("crm", "hubspot.deal.creation", "901", "deal", "901", at, {"portalId": portal})],
        by=Actor.system(),
        at=at,
    )
    process(at=at)
    return list(Run.objects.values_list("flow__slug", flat=True))


@pytest.mark.parametrize("portal", [7, "7", 8])
def test_an_event_that_a_flow_asks_for_by_value_is_not_taken_by_the_general_one_too(
    flows: None, portal: object
) -> None:
    assert started(portal) == ["seven"]


@pytest.mark.parametrize("portal", [9, None])
def test_every_other_event_starts_the_general_one_alone(flows: None, portal: object) -> None:
    assert started(portal) == ["lead-to-brief"]


def test_events_without_a_flow_are_processed_in_the_same_few_statements_for_one_and_for_many(
    world: World,
) -> None:
    def count(many: int) -> int:
        kind = "hubspot.deal.propertyChange"
        capture(
            [
                Signal("crm", kind, f"{many}:{number}", "deal", f"{many}:{number}", NOW, {})
                for number in range(many)
            ],
            by=Actor.system(),
            at=NOW,
        )
        with CaptureQueriesContext(connection) as statements:
            advance(clock=lambda: NOW)
        return len(statements)

    assert count(1) == count(30) == 16
    assert RunEvent.objects.filter(part=RunEvent.Part.UNCLAIMED).count() == 31
    with CaptureQueriesContext(connection) as statements:
        advance(clock=lambda: NOW)
    # One for events, one for each kind of step, and one for flows that were switched on.
    assert len(statements) == 6
