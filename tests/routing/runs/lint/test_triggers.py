"""Triggers of a draft that nobody sent lately."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from routing.flows.lint import lint_findings
from routing.flows.operations import copy
from routing.kernel.events import Payload
from routing.models import FlowVersion, Team, TeamMembership, Trigger
from routing.people.actors import Actor
from routing.runs.operations.capture import Signal, capture
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(world: World) -> FlowVersion:
    version = copy(make_flow(world), by=by(world.olga), at=NOW, reason="Look at it")
    for team in Team.objects.filter(pk__in=version.rules.values("team")):
        for user in (world.alice, world.bob):
            TeamMembership.objects.get_or_create(team=team, user=user)
    version.triggers.exclude(kind="hubspot.deal.creation").delete()
    return version


def came(kind: str, **body: str) -> None:
    sent = Signal("outside", kind, f"{kind} {body}", "deal", "4711", NOW, body)
    capture([sent], by=Actor.system(), at=NOW)


def silent(version: FlowVersion) -> Sequence[tuple[str, tuple[str, ...]]]:
    found = (each for each in lint_findings(version) if each.code == "silent_trigger")
    return [(each.message, each.near) for each in found]


def test_a_kind_that_never_came_is_found_with_those_that_did(draft: FlowVersion) -> None:
    came("hubspot.deal.propertyChange")

    [(message, near)] = silent(draft)

    assert "None of the last 10,000 events is of the kind “Deal created (HubSpot)”." in message
    assert "Did you mean Deal changed (HubSpot)?" in message
    assert near == ("hubspot.deal.propertyChange",)
    came("hubspot.deal.creation")
    assert silent(draft) == []


def test_a_value_that_no_event_had_is_found_with_those_that_some_had(draft: FlowVersion) -> None:
    came("hubspot.deal.creation", pipeline="sales-eu")
    Trigger.objects.filter(version=draft).update(field="pipeline", value="sales-ue")

    [(message, near)] = silent(draft)

    assert "matches the trigger “Deal created (HubSpot), if “pipeline” is “sales-ue””." in message
    assert near == ("sales-eu",)
    Trigger.objects.filter(version=draft).update(value="sales-eu")
    assert silent(draft) == []


def test_a_value_that_was_erased_is_not_named(draft: FlowVersion) -> None:
    came("hubspot.deal.creation", pipeline="sales-eu")
    Payload.objects.update(erased_at=NOW)
    Trigger.objects.filter(version=draft).update(field="pipeline", value="sales-ue")

    [(_message, near)] = silent(draft)

    assert near == ()


def test_a_system_that_sent_nothing_yet_is_no_finding(draft: FlowVersion) -> None:
    came("form.submitted")

    assert silent(draft) == []
