"""Publishing: what would not work is refused, what is published never changes."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.audit.checks import every_reason_has_a_route
from routing.flows.operations import NotPublishable, copy, faults, publish
from routing.models import (
    Condition,
    ExceptionRoute,
    FlowField,
    FlowVersion,
    Rule,
    Trigger,
    VersionAction,
)
from routing.runs.operations.exception_defaults import unrouted
from routing.sla.operations.calendars import ensure_defaults
from tests.world import NOW, World, by


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


def test_shipping_the_flow_twice_makes_it_once(world: World, flow: FlowVersion) -> None:
    again = publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )

    assert again == flow
    assert (flow.published_at, flow.published_by) == (NOW, world.olga)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: FlowVersion.objects.filter(pk=v.pk).update(title="x"),
        lambda v: v.triggers.update(kind="x"),
        lambda v: v.fields.all().delete(),
        lambda v: Rule.objects.filter(version=v).update(name="x"),
        lambda v: Condition.objects.filter(rule__version=v).update(value="1"),
        lambda v: Rule.objects.create(
            version=v, position=9, name="x", team_id=v.rules.first().team_id
        ),
        lambda v: Condition.objects.filter(rule__version=v).delete(),
        lambda v: Trigger.objects.create(version=v, kind="x"),
        lambda v: v.actions.update(kind="x"),
        lambda v: VersionAction.objects.create(version=v, kind="x"),
    ],
)
def test_the_database_refuses_to_change_what_is_published(
    flow: FlowVersion, change: object
) -> None:
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        change(flow)  # type: ignore[operator]


@pytest.mark.requirement("G4", "G10", "O25")
def test_rolling_back_is_publishing_a_copy_of_an_older_version(
    world: World, flow: FlowVersion
) -> None:
    newer = copy(flow, by=by(world.olga), at=NOW, reason="Try")
    publish(newer, by=by(world.olga), at=NOW, reason="Try")

    back = publish(
        copy(flow, by=by(world.olga), at=NOW, reason="Back"),
        by=by(world.olga),
        at=NOW,
        reason="Back",
    )

    assert (back.number, back.copied_from) == (3, flow)
    assert FlowVersion.objects.live().get() == back
    assert back.rules.count() == flow.rules.count()
    assert (
        Condition.objects.filter(rule__version=back).count()
        == Condition.objects.filter(rule__version=flow).count()
    )
    with pytest.raises(NotPublishable, match="already published"):
        publish(back, by=by(world.olga), at=NOW, reason="Again")


@pytest.mark.requirement("G18", "L1", "L2", "T4", "T18")
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda v: v.triggers.all().delete(), "Add one"),
        (lambda v: v.rules.last().delete(), "last rule must have no conditions"),
        (lambda v: v.actions.update(kind="x"), "no action “x”"),
        (
            lambda v: FlowVersion.objects.filter(pk=v.pk).update(title="{deal.colour}"),
            "deal.colour",
        ),
        (
            lambda v: FlowVersion.objects.filter(pk=v.pk).update(template="Ask {contact.name}"),
            "cannot contain personal fields",
        ),
        (lambda v: FlowVersion.objects.filter(pk=v.pk).update(policy="x"), "no SLA policy"),
        (
            lambda v: Condition.objects.filter(rule__version=v).update(value="much"),
            "is not a number",
        ),
        (
            lambda v: Condition.objects.filter(rule__version=v).update(field="contact.email"),
            "which is personal",
        ),
        (
            lambda v: FlowField.objects.filter(version=v, name="deal.amount").delete(),
            "not a field of this version",
        ),
    ],
)
def test_a_draft_that_would_not_work_says_why(
    world: World, flow: FlowVersion, spoil: object, says: str
) -> None:
    draft = copy(flow, by=by(world.olga), at=NOW, reason="Try")
    spoil(draft)  # type: ignore[operator]

    found = faults(FlowVersion.objects.get(pk=draft.pk))

    assert any(says in fault for fault in found), found


def test_only_operations_publish(world: World, flow: FlowVersion) -> None:
    with pytest.raises(PermissionDenied):
        publish(flow, by=by(world.alice), at=NOW, reason="x")
    with pytest.raises(PermissionDenied):
        copy(flow, by=by(world.alice), at=NOW, reason="x")


@pytest.mark.requirement("E1", "E2", "E8")
def test_a_reason_without_a_route_fails_the_system_check(world: World) -> None:
    ExceptionRoute.objects.filter(reason="duplicate").delete()

    [error] = every_reason_has_a_route(databases=["default"])

    assert unrouted() == ["duplicate"]
    assert "duplicate" in error.msg
    assert every_reason_has_a_route(databases=None) == []
