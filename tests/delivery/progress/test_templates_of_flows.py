"""Flows that fill the briefs they open from a template."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from delivery.models import Brief
from delivery.progress.operations.templates_of_flows import DEFAULT, offered
from routing.flows.actions import ActionSpec, kind_named
from routing.models import FlowVersion
from tests.delivery.plans.making import make_template
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.routing.runs.test_actions import with_actions
from tests.world import World

OPEN = "delivery.open_request"


@pytest.fixture
def flow(world: World) -> Iterator[FlowVersion]:
    with crm_of(world):
        yield make_flow(world)


@pytest.mark.parametrize("named", [True, False])
def test_a_flow_fills_the_plan_from_a_field_with_a_date(
    world: World, flow: FlowVersion, named: bool
) -> None:
    version = make_template(world, is_default=not named, body="## Usual")
    chosen = str(version.template_id) if named else DEFAULT
    with_actions(world, flow, ActionSpec(OPEN, {"plan_template": chosen, "launch": "{deal.ends}"}))

    run = run_about("931")

    brief = Brief.objects.get(item__run=run)
    assert brief.template == version
    assert brief.launch_date == date(2027, 3, 31)  # when the deal of the story ends
    assert [each.title for each in brief.plan] == ["Landing page", "Mail", "Ad"]
    assert brief.plan[2].due == brief.launch_date
    assert brief.body.endswith("## Usual")


def test_what_is_no_date_leaves_the_date_to_a_person(world: World, flow: FlowVersion) -> None:
    version = make_template(world)
    inputs = {"plan_template": str(version.template_id), "launch": "soon"}
    with_actions(world, flow, ActionSpec(OPEN, inputs))

    run_about("932")

    brief = Brief.objects.get()
    assert (brief.template, brief.launch_date) == (version, None)
    assert [each.due for each in brief.plan] == [None, None, None]


def test_a_flow_is_offered_templates_for_all_clients_by_name(world: World) -> None:
    make_template(world)
    make_template(world, name="Acme only", client=world.acme)
    make_template(world, name="Old", is_active=False)

    assert [each.in_file for each in offered()] == ["", "Launch"]
    kind = kind_named(OPEN)
    assert kind is not None
    assert [each.required for each in kind.inputs] == [False, False]
