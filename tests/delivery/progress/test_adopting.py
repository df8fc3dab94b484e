"""B1: requests from before every request had a run get theirs, dated now."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from delivery.models import Request
from delivery.progress.operations.adopting import adopt, adopt_all
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.kernel.events import Dispatch
from routing.models import Event, Outcome, Run, WorkItem
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from routing.runs.operations.advance import advance
from tests.delivery.making import (
    hand_in,
    make_deliverables,
    make_destination,
    record_request,
    take_requests,
)
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.requirement("T2")
LATER = NOW + timedelta(days=40)
ENDS = {
    "captured": "in_delivery",
    "accepted": "in_delivery",
    "delivered": "awaiting_outcome",
    "closed": "closed_unproven",
    "rejected": "cancelled",
    "cancelled": "cancelled",
}


@pytest.fixture
def agency(world: World) -> World:
    take_requests(NOW)
    return world


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(("state", "expected"), ENDS.items())
def test_the_run_stands_where_its_request_stands(agency: World, state: str, expected: str) -> None:
    request = make_request(agency.acme, state, at=NOW)

    assert adopt_all(clock=lambda: LATER) == 1

    run = Run.objects.get()
    request.item.refresh_from_db()
    assert (run.state, run.item.client, run.item.owner) == (expected, agency.acme, agency.alice)
    assert (request.item.run_id, request.item.parent_id) == (run.pk, run.item_id)


def test_nothing_is_backdated_and_the_event_names_its_instant(agency: World) -> None:
    request = make_request(agency.acme, at=NOW)

    adopt_all(clock=lambda: LATER)

    event = Event.objects.get(kind="desk.earlier_request")
    run = Run.objects.get()
    joined = WorkItem.history.filter(id=request.item_id).latest("history_id")
    assert (event.at, run.item.created_at, joined.history_date) == (LATER, LATER, LATER)
    assert event.payload.body["about"] == NOW.isoformat()
    assert run.enrichments.get().at == LATER
    assert not run.decisions.exists()
    assert request.item.created_at == NOW


def test_all_its_work_follows_with_its_outcomes(agency: World) -> None:
    [row] = make_deliverables(agency, planned=_one(make_destination(agency).pk))
    hand_in(agency, row)
    outcomes.expect([row.item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)

    adopt_all(clock=lambda: LATER)

    run = Run.objects.get()
    assert not WorkItem.objects.filter(run=None).exists()
    kinds = WorkItem.objects.filter(run=run).values_list("kind", flat=True)
    assert {"run", "request", "brief", "deliverable"} <= set(kinds)
    assert Outcome.objects.get().run == run


def test_again_and_a_request_with_a_run_change_nothing(agency: World) -> None:
    record_request(agency)
    make_request(agency.acme)
    adopt_all(clock=lambda: LATER)
    before = Event.objects.count()

    assert adopt(at=LATER) == 0
    advance(clock=lambda: LATER)

    assert Event.objects.count() == before
    assert not Dispatch.objects.exists()
    assert Run.objects.count() == Request.objects.count() == 2


def test_many_are_taken_in_batches(agency: World) -> None:
    for _ in range(5):
        make_request(agency.acme)

    assert adopt(at=LATER, limit=2) == 2
    assert adopt_all(clock=lambda: LATER) == 3


@pytest.mark.in_zone("UTC")
def test_its_trace_and_its_decision_say_where_it_came_from(agency: World) -> None:
    request = make_request(agency.acme, at=NOW)
    adopt_all(clock=lambda: LATER)

    story = said("trace", request.item.ref)

    words = (
        f"recorded by hand by Throughline on {NOW:%Y-%m-%d %H:%M} UTC, before every request had a "
        "run; Alice owned it then"
    )
    assert words in story
    assert words in said("decide", request.item.ref)
    answers = said("trace", request.item.ref, "--questions")
    assert f"No rule decided: {words}." in answers
    assert "It was there before it had an event" in answers


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_evidence_stays_whole(committed_world: World) -> None:
    take_requests(NOW)
    make_request(committed_world.acme)
    seal(at=NOW)

    adopt_all(clock=lambda: LATER)
    seal(at=LATER)

    assert verify().whole


def _one(destination: int) -> list[dict[str, object]]:
    return [
        {
            "key": "one",
            "title": "Landing page",
            "format": "page",
            "destination": destination,
            "amount": "100",
        }
    ]
