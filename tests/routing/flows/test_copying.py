"""A flow is made from another: everything of it, under a name and with people of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from delivery.approvals.models import ApprovalStage
from routing.flows.copying import FlowCopyDetails, NotCopied, copy_flow, free_slug
from routing.flows.files.stored import content_of
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import copy
from routing.models import Condition
from tests.desk import signed_in, url, words
from tests.flows import publish_by_two
from tests.routing.flows.test_lint import staffed
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G1", "P11"),
]

OWN = {"flow", "name", "owner", "backup", "last_review"}  # what the new flow does not take over


@pytest.fixture
def live(world: World) -> FlowVersion:
    """A live version with a row of every kind, and a complete catalogue entry."""
    draft = copy(make_flow(world), by=by(world.olga), at=NOW, reason="More of it")
    first = draft.rules.earliest("position")
    Condition.objects.create(
        rule=first, group=3, field="deal.name", operator="contains", value="audit"
    )
    draft.triggers.create(
        kind="form.submitted", field="x", operator="one_of", value="", values=["a", "b"]
    )
    draft.recurrences.create(
        name="Monday",
        every="week",
        weekdays=["mon"],
        at=time(9),
        zone="Europe/Berlin",
        start=date(2026, 1, 5),
    )
    ApprovalStage.objects.create(flow_version=draft, position=4, audience="client", answer_days=3)
    staffed(draft, world.alice, world.bob)
    Flow.objects.filter(pk=draft.flow_id).update(
        metric="Days to brief",
        outcome_owner=world.bob,
        touches=["privacy"],
        may_change=["Deals in HubSpot"],
        system_of_record="HubSpot",
        must_hold=["No deal without an owner"],
        feels_first="Sales",
        last_review=date(2026, 1, 1),
        next_review=date(2027, 1, 1),
    )
    draft.refresh_from_db()
    return publish_by_two(draft, world.olga, world.bob)


def exported(version: FlowVersion) -> Mapping[str, Any]:
    """Return the content of the file of a version, read anew from the database."""
    return content_of(FlowVersion.objects.get(pk=version.pk)).model_dump(by_alias=True)


def rest(version: FlowVersion) -> Mapping[str, Any]:
    return {key: value for key, value in exported(version).items() if key not in OWN}


def details(world: World, name: str = "Lead to audit") -> FlowCopyDetails:
    return FlowCopyDetails(name, world.alice, world.bob)


def test_a_copy_has_everything_of_the_live_version_and_its_own_name_and_people(
    world: World, live: FlowVersion
) -> None:
    draft = copy_flow(live, details(world), by=by(world.olga), at=NOW, reason="For audits")

    assert rest(draft) == rest(live)
    assert all(exported(live)[part] for part in ("recurrences", "approval_stages", "rules"))
    found = exported(draft)
    assert [found[key] for key in sorted(OWN)] == [
        world.bob.email,
        "lead-to-audit",
        None,
        "Lead to audit",
        world.alice.email,
    ]
    assert (draft.number, draft.published_at, draft.copied_from) == (1, None, live)
    assert draft.history.latest().history_change_reason == "For audits"


def test_a_name_that_is_taken_makes_nothing(world: World, live: FlowVersion) -> None:
    before = Flow.objects.count()
    taken = details(world, live.flow.name.upper())

    with pytest.raises(NotCopied, match="Choose another name"):
        copy_flow(live, taken, by=by(world.olga), at=NOW, reason="Again")

    assert Flow.objects.count() == before
    assert free_slug(live.flow.name + "!") == f"{live.flow.slug}-2"
    assert free_slug("漢字") == "flow"
    assert free_slug("_A_b_" * 40).replace("-", "").isalnum()


def test_what_is_not_there_any_more_is_named(world: World, live: FlowVersion) -> None:
    draft = copy(live, by=by(world.olga), at=NOW, reason="Other policy")
    draft.policy = "gone"

    with pytest.raises(NotCopied, match="sla_policy: “gone”"):
        copy_flow(draft, details(world), by=by(world.olga), at=NOW, reason="x")

    assert not Flow.objects.filter(slug="lead-to-audit").exists()


def test_only_who_may_add_flows_makes_one(world: World, live: FlowVersion) -> None:
    page = url(Flow, "copy", live.flow_id)

    with pytest.raises(PermissionDenied):
        copy_flow(live, details(world), by=by(world.alice), at=NOW, reason="Not mine")

    assert signed_in(world.alice).get(page).status_code == 403
    shown = signed_in(world.alice).get(url(Flow, "change", live.flow_id)).content.decode()
    assert page not in shown


def test_a_lead_makes_a_flow_from_another_at_the_desk(world: World, live: FlowVersion) -> None:
    browser = signed_in(world.olga)
    page = url(Flow, "copy", live.flow_id)
    assert page in browser.get(url(Flow, "change", live.flow_id)).content.decode()
    entered = {
        "name": "Lead to audit",
        "owner": world.alice.pk,
        "backup": world.alice.pk,
        "reason": "For audits",
    }

    twice = browser.post(page, entered)
    made = browser.post(page, {**entered, "backup": world.bob.pk}, follow=True)
    again = browser.post(page, {**entered, "backup": world.bob.pk})

    assert "must be two different people" in words(twice)
    draft = FlowVersion.objects.get(flow__slug="lead-to-audit")
    assert rest(draft) == rest(live)
    assert "Made Lead to audit with its first draft" in words(made)
    assert again.status_code == 409
    assert "There is a flow “Lead to audit” already" in words(again)
    assert f"made from {live}" in words(browser.get(url(Flow, "change", draft.flow_id)))
