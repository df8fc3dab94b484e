"""Signed forms that arrive while their flow is switched off: none is lost, and none is doubled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.utils import timezone

from delivery.models import Brief, Request
from integrations.models import Inbound
from routing.models import Clock, Dispatch, Event, Flow, HeldEvent, Run, RunEvent
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import capture
from routing.runs.operations.release import release_held
from routing.runs.operations.switching import switch_off, switch_on
from tests.integrations.inbox.senders import make_connection, submit
from tests.journeys.killing import work_and_be_killed
from tests.journeys.test_lead_to_brief import signals
from tests.routing.runs.stories import usual_flow
from tests.threads import at_once
from tests.world import World, by

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.requirement("G4", "G10")]
FORMS = 50


@pytest.fixture
def flow(committed_world: World) -> Flow:
    world = committed_world
    version = usual_flow(world)
    make_connection("form", world)
    return version.flow


def work() -> None:
    advance(clock=timezone.now)


def send(key: str) -> int:
    deal = {"name": f"Site {key}", "amount": "9000", "currency": "EUR", "ends": "2027-06-30"}
    company = {"name": "New", "domain": "new.example"}
    contact = {"name": "Robin", "email": "robin@new.example"}
    body = {
        "type": "form.submitted",
        "timestamp": "2026-11-23T09:00:00Z",
        "data": {"deal": deal, "company": company, "contact": contact},
    }
    status: int = submit(body, key=key).status_code
    return status


def off(world: World, flow: Flow) -> None:
    switch_off(flow.pk, by=by(world.olga), at=timezone.now(), reason="Wrong team")


def on(world: World, flow: Flow) -> int:
    return switch_on(flow.pk, by=by(world.olga), at=timezone.now(), reason="Mended").released


def test_fifty_signed_forms_wait_and_are_fifty_runs_with_clocks_from_receipt(
    committed_world: World, flow: Flow
) -> None:
    off(committed_world, flow)
    keys = [f"msg_{number}" for number in range(FORMS)]
    answers = {send(key) for key in [*keys, *keys[:5]]}  # some are sent twice
    work()

    assert all(200 <= answer < 300 for answer in answers)
    assert HeldEvent.objects.waiting().count() == Event.objects.filter(source="form-main").count()
    assert (HeldEvent.objects.count(), Run.objects.count()) == (FORMS, 0)
    received = dict(HeldEvent.objects.values_list("event_id", "received_at"))

    assert on(committed_world, flow) == FORMS
    at_once([work] * 3)  # several workers release at once
    work()

    assert (Run.objects.count(), Request.objects.count(), Brief.objects.count()) == (FORMS,) * 3
    assert RunEvent.objects.filter(part=RunEvent.Part.STARTED).count() == FORMS
    assert set(HeldEvent.objects.values_list("state", flat=True)) == {HeldEvent.State.PROCESSED}
    started = dict(
        Clock.objects.filter(item__kind="request").values_list("item__run", "started_at")
    )
    assert len(started) == FORMS
    for run, event in RunEvent.objects.values_list("run_id", "event_id"):
        assert started[run] == received[event]
    assert not Dispatch.objects.exists()
    assert Inbound.objects.count() == FORMS


def test_a_flow_that_is_switched_while_forms_arrive_loses_and_doubles_none(
    committed_world: World, flow: Flow
) -> None:
    def switch() -> None:
        for _time in range(4):
            off(committed_world, flow)
            work()
            on(committed_world, flow)

    def send_and_work(place: int) -> None:
        for number in range(6):
            send(f"msg_{place}_{number}")
            work()

    doing: list[Callable[[], None]] = [switch, *(partial(send_and_work, each) for each in range(3))]
    at_once(doing)
    work()

    assert Run.objects.count() == Event.objects.filter(source="form-main").count() == 18
    assert RunEvent.objects.filter(part=RunEvent.Part.STARTED).count() == 18
    assert not HeldEvent.objects.waiting().exists()
    assert not Dispatch.objects.exists()


def test_a_release_by_many_workers_at_once_queues_each_event_once(
    committed_world: World, flow: Flow
) -> None:
    off(committed_world, flow)
    for number in range(20):
        send(f"msg_{number}")
    work()
    on(committed_world, flow)

    found = at_once([lambda: release_held(at=timezone.now(), limit=20)] * 4)

    assert sum(found) == Dispatch.objects.count() == 20
    assert set(HeldEvent.objects.values_list("state", flat=True)) == {HeldEvent.State.RELEASED}


@pytest.mark.drill
def test_workers_killed_while_they_release_lose_and_double_none(
    committed_world: World, flow: Flow
) -> None:
    off(committed_world, flow)
    for deal in range(FORMS):
        capture(signals(str(deal))[:3], by=Actor.system(), at=timezone.now())
    work()
    assert (HeldEvent.objects.waiting().count(), Run.objects.count()) == (FORMS, 0)
    on(committed_world, flow)

    work_and_be_killed(committed_world.acme)

    assert (Run.objects.count(), Request.objects.count(), Brief.objects.count()) == (FORMS,) * 3
    assert RunEvent.objects.filter(part=RunEvent.Part.STARTED).count() == FORMS
    assert set(HeldEvent.objects.values_list("state", flat=True)) == {HeldEvent.State.PROCESSED}
    assert not Dispatch.objects.exists()
