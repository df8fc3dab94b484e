"""
Every task is safe to run twice: with work in mid-flight, and nothing mocked, the second run changes
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from config.celery import BEAT, app
from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Answer, Approval
from integrations.base import doorbell
from integrations.connections.operations import ConnectionSettings, connect
from routing.kernel.storage import private
from routing.models import Destination, Dispatch, Outcome
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults
from tests.delivery.making import hand_in, make_deliverables, question, say, with_the_client
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import make_connection, new_deal, send
from tests.integrations.outbox.remote import read_now, work_off
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.django_db(transaction=True)
app.loader.import_default_modules()
OURS = sorted(name for name in app.tasks if not name.startswith("celery."))


@dataclass(frozen=True)
class Flight:
    orphan: Path


@pytest.fixture
def crm(committed_world: World) -> Iterator[Sandbox]:
    made = Sandbox()
    make_connection("hubspot", committed_world, base_url=made.url)
    yield made
    made.stop()


@pytest.fixture
def mid_flight(
    committed_world: World,
    crm: Sandbox,
    live_server: LiveServer,
    settings: Settings,
    tmp_path: Path,
) -> Flight:
    """
    An event that waits, a clock that is due, a page on its way, one to look at, a question without
    answer, bytes of nobody.
    """
    world = committed_world
    settings.SITE_URL, settings.SITES_DIR = live_server.url, tmp_path
    ensure_defaults(at=timezone.now())
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=timezone.now(),
    )
    connect(
        ConnectionSettings(kind="static", slug="blog", team=world.team),
        by=Actor.system(),
        at=timezone.now(),
    )
    place = Destination.objects.create(client=world.acme, name="Blog", kind="static", path="news")
    with time_machine.travel(NOW - timedelta(days=40), tick=False):
        [page] = make_deliverables(
            world,
            planned=[{"key": "one", "title": "Page", "format": "page", "destination": place.pk}],
        )
        page = with_the_client(world, page)
        assert say(page, Answer.Word.APPROVE).done
        [waits] = make_deliverables(world)
        hand_in(world, waits)
        make_request(world.acme)
    Approval.objects.filter(pk=question(waits).pk).update(expires_at=NOW - timedelta(days=1))
    deal = crm.deal(
        company=crm.company(name="ACM Ltd", domain="acme.example"), dealname="Site", amount="12000"
    )
    assert send(new_deal(int(deal))).status_code == 200
    orphan = Path(private().path(f"ab/{uuid4().hex}"))
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"nobody's")
    os.utime(orphan, (0, 0))
    return Flight(orphan)


# Says until which transaction a refresh has read, and that goes on with every transaction.
READ_UNTIL = "routing_rollupstate"


def state() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of ours."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            ours = model._meta.app_label in {"routing", "delivery", "integrations"}
            if ours and table != READ_UNTIL:
                cursor.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1')  # noqa: S608  # our own table names
                found[table] = cursor.fetchall()
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {table: (before[table], rows) for table, rows in after.items() if rows != before[table]}


def test_every_task_of_ours_is_in_the_table_of_beat():
    assert sorted(beat.task for beat in BEAT) == OURS


def test_every_task_run_twice_changes_nothing_the_second_time(
    mid_flight: Flight, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(doorbell.outbound, "ring", work_off)
    monkeypatch.setattr(doorbell.reading, "ring", read_now)
    begun = state()
    for task in OURS * 3:  # what one leaves, another one takes up: an event becomes a letter
        app.tasks[task].run()
    worked = set(changed(begun, state()))

    still = {}
    for task in OURS:
        app.tasks[task].run()
        before = state()
        app.tasks[task].run()
        still[task] = changed(before, state())

    assert (
        Outcome.objects.get(item__as_deliverable__destination__name="Blog").state
        == Outcome.State.PROVEN
    )
    assert not Approval.objects.filter(state="pending", expires_at__lt=timezone.now()).exists()
    assert not Dispatch.objects.filter(due_at__lte=timezone.now()).exists()
    assert not mid_flight.orphan.exists()
    assert {
        "routing_event",
        "routing_run",
        "routing_escalation",
        "routing_seal",
        "delivery_approval",
        "integrations_attempt",
    } <= worked
    assert {task: found for task, found in still.items() if found} == {}
