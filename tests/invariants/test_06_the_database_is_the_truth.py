"""
6.

The database is the truth, the broker a doorbell: kill any worker with -9, at any moment; nothing is
lost or done twice.
"""

from __future__ import annotations

import pytest

from delivery.models import Brief, Request
from routing.models import Clock, Decision, Dispatch, Notification, Run, RunStep
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from tests.journeys.killing import work_and_be_killed
from tests.journeys.test_lead_to_brief import signals
from tests.routing.runs.stories import usual_flow
from tests.world import NOW, World

pytestmark = pytest.mark.requirement("R10")

DEALS = 60


@pytest.mark.django_db(transaction=True)
def test_workers_killed_at_any_moment_lose_nothing_and_repeat_nothing(
    committed_world: World,
) -> None:
    world = committed_world
    usual_flow(world)
    for deal in range(DEALS):
        capture(signals(str(deal))[:3], by=Actor.system(), at=NOW)

    work_and_be_killed(world.acme)

    assert (
        Run.objects.count()
        == Request.objects.count()
        == Brief.objects.count()
        == Decision.objects.count()
        == DEALS
    )
    assert Notification.objects.count() == DEALS
    assert Clock.objects.filter(item__as_request__isnull=False, purpose="triage").count() == DEALS
    assert not Dispatch.objects.exists()
    assert not RunStep.objects.filter(state=RunStep.State.DUE).exists()
    assert set(Run.objects.values_list("state", flat=True)) == {"in_delivery"}
