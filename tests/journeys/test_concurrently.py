"""Many workers on one queue: one effect."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief, Request
from routing.models import Decision, Dispatch, Notification, Run
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.operations.process import MAX_ATTEMPTS, process
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.threads import at_once
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crm(committed_world: World) -> Iterator[FakeCRM]:
    world = committed_world
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    with answering(FakeCRM(world.acme)) as crm:
        yield crm


@pytest.mark.requirement("N2")
def test_senders_and_workers_at_once_make_one_of_each(crm: FakeCRM) -> None:
    system, sent = Actor.system(), signals()

    def send_and_work(place: int) -> None:
        capture([sent[place % 6]], by=system, at=NOW)
        work()

    at_once([partial(send_and_work, place) for place in range(8)])
    work()

    assert (Run.objects.count(), Request.objects.count(), Brief.objects.count()) == (1, 1, 1)
    assert (Decision.objects.count(), Notification.objects.count(), Dispatch.objects.count()) == (
        1,
        1,
        0,
    )


def test_forty_deals_on_four_workers_each_once(crm: FakeCRM) -> None:
    system = Actor.system()
    for deal in range(40):
        capture(signals(str(deal))[:2], by=system, at=NOW)

    at_once([work] * 4)
    work()

    assert (
        Run.objects.count()
        == Request.objects.count()
        == Brief.objects.count()
        == Decision.objects.count()
        == 40
    )
    assert set(Run.objects.values_list("state", flat=True)) == {"in_delivery"}
    assert crm.reads == 40


@pytest.mark.requirement("E14", "N3")
def test_a_poisoned_event_is_put_aside_and_the_others_go_on(
    crm: FakeCRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture([*signals("1")[:1], *signals("2")[:1]], by=Actor.system(), at=NOW)
    poison = Dispatch.objects.order_by("event_id").first()
    assert poison is not None
    Dispatch.objects.filter(pk=poison.pk).update(attempts=MAX_ATTEMPTS - 1)
    place = process.__globals__["_place"]

    def fail_for_poison(events: list[object], *rest: object) -> None:
        if poison.event_id in [event.pk for event in events]:  # type: ignore[attr-defined]
            raise ValueError("cannot be computed")
        place(events, *rest)

    monkeypatch.setitem(process.__globals__, "_place", fail_for_poison)
    process(at=NOW)

    assert [run.subject_id for run in Run.objects.all()] == ["2"]
    assert Dispatch.objects.get().parked_reason == "ValueError"
