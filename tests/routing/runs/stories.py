"""Runs for tests of the desk: one that went all the way, and one that stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from delivery.flows import lead_to_brief
from routing.models import FlowVersion, Run, Team
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import capture
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals
from tests.world import World, by


def make_flow(world: World) -> FlowVersion:
    ensure_defaults(at=timezone.now())
    south = Team.objects.create(name="High value", lead=world.bob)
    return lead_to_brief.publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=south,
        usual=world.team,
        by=by(world.olga),
        at=timezone.now(),
    )


def usual_flow(world: World) -> FlowVersion:
    """A live flow from leads to briefs, whose rules all route to the usual team."""
    ensure_defaults(at=timezone.now())
    return lead_to_brief.publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=timezone.now(),
    )


def work(at: datetime | None = None) -> None:
    advance(clock=lambda: at or timezone.now())


@contextmanager
def crm_of(world: World) -> Iterator[FakeCRM]:
    with answering(FakeCRM(world.acme)) as crm:
        yield crm


def run_about(deal: str) -> Run:
    """Return the run of a new deal's signals."""
    capture(signals(deal), by=Actor.system(), at=timezone.now())
    work()
    return Run.objects.get(subject_id=deal)
