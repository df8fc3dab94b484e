"""Timeboxes of exceptions: the flow's own policy goes before exception routing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.flows.operations import copy
from routing.kernel.reasons import Reason
from routing.models import Clock, ExceptionCase, FlowVersion, SLAPolicy, Target
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.sla.operations.calendars import ensure_defaults, save_policy
from tests.flows import publish_by_two
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("E6", "E9", "L4", "L5")

SECONDS = timedelta(seconds=6)


@pytest.fixture
def flow(world: World) -> FlowVersion:
    ensure_defaults(at=NOW)
    return publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )


def choose(world: World, flow: FlowVersion, kind: str) -> None:
    """A policy of the flow's own, with one target for this kind of work."""
    policy = SLAPolicy(slug="quick", name="Quick", calendar_source=SLAPolicy.Source.ALWAYS)
    target = Target(
        kind=kind,
        purpose="resolution",
        worktime=SECONDS,
        met_in=["resolved"] if kind == "exceptioncase" else [],
    )
    save_policy(policy, by=by(world.olga), at=NOW, targets=[target])
    draft = copy(flow, by=by(world.olga), at=NOW, reason="Quicker")
    draft.policy = "quick"
    draft.save()
    publish_by_two(draft, world.olga, world.bob)


def stopped(world: World) -> ExceptionCase:
    crm = FakeCRM(world.acme)
    del crm.facts["deal.amount"]
    with answering(crm):
        capture(signals()[:1], by=Actor.system(), at=NOW)
        work()
    return ExceptionCase.objects.select_related("item", "run__item").get()


def test_a_flows_own_policy_says_how_long_its_exceptions_may_stand(
    world: World, flow: FlowVersion
) -> None:
    choose(world, flow, "exceptioncase")

    case = stopped(world)

    clock = Clock.objects.get(item=case.item)
    assert (clock.policy.slug, clock.target, clock.due_at) == ("quick", SECONDS, NOW + SECONDS)


def test_a_policy_that_says_nothing_of_exceptions_leaves_them_to_the_map(
    world: World, flow: FlowVersion
) -> None:
    choose(world, flow, "request")

    case = stopped(world)

    clock = Clock.objects.get(item=case.item)
    assert (clock.policy.slug, clock.target) == ("standard", timedelta(minutes=240))


def test_it_holds_for_what_is_found_out_later_too(world: World, flow: FlowVersion) -> None:
    choose(world, flow, "exceptioncase")
    run = stopped(world).run
    assert run is not None

    found = raise_exception(ExceptionFinding(Reason.FAILED_DELIVERY, run=run), at=NOW)

    assert found is not None
    assert {clock.target for clock in Clock.objects.filter(item=found.item)} == {SECONDS}
