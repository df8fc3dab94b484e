"""
6.

The database is the truth, the broker a doorbell: kill any worker with -9, at any moment; nothing is
lost or done twice.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest
from django.db import connection

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief, Request
from routing.models import Clock, Decision, Dispatch, Notification, Run, RunStep
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.test_lead_to_brief import signals
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("R10")

DEALS = 60


def worker(world: World) -> subprocess.Popen[str]:
    """A worker process on this test's database."""
    parts = connection.settings_dict
    dsn = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={parts['HOST'].replace('/', '%2F')}"  # noqa: E501
    env = {**os.environ, "DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "tests.journeys.worker", str(world.acme.pk)]
    started = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )  # ours
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


@pytest.mark.django_db(transaction=True)
def test_workers_killed_at_any_moment_lose_nothing_and_repeat_nothing(
    committed_world: World,
) -> None:
    world, chance = committed_world, random.Random(7)  # noqa: S311  # not for secrets
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    for deal in range(DEALS):
        capture(signals(str(deal))[:3], by=Actor.system(), at=NOW)

    killed = 0
    for _ in range(4):
        with worker(world) as victim:
            # The moment is the point; the test holds whenever it falls.
            time.sleep(chance.uniform(0.05, 0.6))
            victim.kill()
        killed += victim.returncode != 0
    with worker(world) as last:
        assert last.wait(timeout=120) == 0

    assert killed > 0
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
