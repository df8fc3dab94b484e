"""B5: deals that the CRM merged or deleted. One run follows, the other ends as its duplicate."""

from __future__ import annotations

import time
from typing import Any

import pytest

from delivery.models import Brief, Request
from delivery.requests.operations import requests
from integrations.adapters.hubspot.events import moved
from integrations.models import Connection, ExternalLink
from routing.models import ExceptionCase, Run, RunEvent
from routing.runs.operations.advance import advance
from routing.runs.operations.runs import cancel
from tests.delivery.making import done, fresh
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.enriching import acme_deal
from tests.integrations.inbox.senders import event, send
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.real_clock, pytest.mark.requirement("N8")]
DEAL = {"amount": "12000", "deal_currency_code": "EUR", "agency_end_date": "2027-06-30"}


def made(deal: str) -> dict[str, Any]:
    """The event of a new deal."""
    found = event(subscriptionId=1001, subscriptionType="deal.creation", objectId=int(deal))
    del found["propertyName"], found["propertyValue"]
    return found


def merged(into: str, *gone: str, primary: str = "") -> dict[str, Any]:
    """HubSpot's event of a merge, which names a new object or keeps the primary one."""
    found = event(subscriptionId=1004, subscriptionType="deal.merge")
    for name in ("objectId", "propertyName", "propertyValue"):
        del found[name]
    return found | {
        "primaryObjectId": int(primary or gone[0]),
        "mergedObjectIds": [int(each) for each in gone],
        "newObjectId": int(into),
        "numberOfPropertiesMoved": 3,
    }


def deleted(deal: str) -> dict[str, Any]:
    found = event(subscriptionId=1002, subscriptionType="deal.deletion", objectId=int(deal))
    del found["propertyName"], found["propertyValue"]
    return found


def arrive(*events: dict[str, Any]) -> None:
    assert send(list(events)).status_code == 200
    later = NOW.fromtimestamp(time.time() + 60, tz=NOW.tzinfo)
    advance(clock=lambda: later)


@pytest.fixture
def flow(hubspot: Connection, world: World) -> World:
    make_flow(world)
    return world


def test_one_run_follows_the_other_ends_as_duplicate_and_the_link_moves(
    flow: World, sandbox: Sandbox
) -> None:
    one, two = (acme_deal(sandbox, dealname=name, **DEAL) for name in ("Site", "Site again"))
    arrive(made(one))
    arrive(made(two))
    three = acme_deal(sandbox, dealname="Site", **DEAL)
    first, second = Run.objects.order_by("pk")

    arrive(merged(three, one, two))

    first, second = fresh(first), fresh(second)
    assert (first.state, first.subject_id) == ("in_delivery", three)
    assert (second.state, second.subject_id) == ("cancelled", two)
    kept, ended = Request.objects.order_by("pk")
    assert (ended.state, ended.duplicate_of, kept.state) == ("duplicate", kept, "captured")
    why = ended.history.latest("history_id").history_change_reason
    assert why == (f"Duplicate of {first.item.ref}. Merged in the other system into deal {three}.")
    link = ExternalLink.objects.get(remote_id=three)
    assert link.engagement == Brief.objects.get(request=kept).engagement
    assert not ExternalLink.objects.filter(remote_id=one).exists()


def test_no_third_run_starts_and_later_events_join_the_one(flow: World, sandbox: Sandbox) -> None:
    one, two = (acme_deal(sandbox, dealname=name, **DEAL) for name in ("Site", "Site again"))
    arrive(made(one))
    arrive(made(two))
    three = acme_deal(sandbox, dealname="Site", **DEAL)

    arrive(merged(three, one, two))
    arrive(made(three), event(objectId=int(three), propertyName="amount", propertyValue="900"))

    [run] = Run.objects.filter(item__is_open=True)
    assert (Run.objects.count(), run.subject_id) == (2, three)
    assert RunEvent.objects.filter(run=run, event__kind__endswith=".merge").exists()


def test_the_order_of_events_does_not_matter(flow: World, sandbox: Sandbox) -> None:
    one, two, three = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(3))

    arrive(merged(three, one, two), made(three), made(two), made(one))

    [run] = Run.objects.all()
    assert run.subject_id == three


def test_a_new_object_that_came_first_ends_and_the_older_run_takes_its_place(
    flow: World, sandbox: Sandbox
) -> None:
    one = acme_deal(sandbox, dealname="Site", **DEAL)
    arrive(made(one))
    two, three = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(2))
    arrive(made(three))

    arrive(merged(three, one, two))

    first, second = Run.objects.order_by("pk")
    assert (first.subject_id, first.item.is_open) == (three, True)
    assert second.state == "cancelled"


def test_b5_a_creation_that_comes_after_the_merge_joins_the_survivors_run(
    flow: World, sandbox: Sandbox
) -> None:
    one, two, three = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(3))
    arrive(made(one))
    arrive(merged(three, one, two))

    arrive(made(two))

    [run] = Run.objects.all()
    assert (run.subject_id, run.item.is_open) == (three, True)
    parts = RunEvent.objects.filter(event__subject_id=two, event__kind__endswith=".creation")
    assert list(parts.values_list("run", "part")) == [(run.pk, RunEvent.Part.JOINED)]


def test_b5_late_creations_of_all_merged_deals_are_one_run_about_the_last_survivor(
    flow: World, sandbox: Sandbox
) -> None:
    one, two, three, four, five = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(5))
    arrive(merged(five, three, four))  # before the merge that made three, too
    arrive(merged(three, one, two))

    arrive(made(one))
    arrive(made(two), made(three))
    arrive(made(four))

    [run] = Run.objects.all()
    assert run.subject_id == five


def test_b5_a_merge_that_came_after_the_merge_of_its_survivor_moves_the_run_to_the_last(
    flow: World, sandbox: Sandbox
) -> None:
    one, two, three, four, five = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(5))
    arrive(made(one))
    arrive(merged(five, three, four))

    arrive(merged(three, one, two))

    [run] = Run.objects.all()
    assert run.subject_id == five


def test_b5_a_late_creation_starts_no_run_beside_one_that_has_ended(
    flow: World, sandbox: Sandbox
) -> None:
    one, two = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(2))
    arrive(made(one))
    arrive(merged(one, one, two, primary=one))
    run = Run.objects.get()
    done(cancel([run.pk], by=by(flow.olga), at=NOW, reason="The client withdrew"))

    arrive(made(two))

    assert Run.objects.count() == 1
    assert RunEvent.objects.get(event__subject_id=two).run == run


def test_b5_merges_that_lead_in_a_circle_lose_no_event(flow: World, sandbox: Sandbox) -> None:
    one, two = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(2))
    arrive(merged(two, one), merged(one, two, primary=two))

    arrive(made(one))

    assert Run.objects.get().item.is_open


def test_accepted_work_survives_and_two_of_them_are_for_a_person(
    flow: World, sandbox: Sandbox
) -> None:
    one, two = (acme_deal(sandbox, dealname=name, **DEAL) for name in ("Site", "Site again"))
    arrive(made(one))
    arrive(made(two))
    three, four = (acme_deal(sandbox, dealname="Site", **DEAL) for _ in range(2))
    arrive(made(four))
    older, newer, newest = Request.objects.order_by("pk")
    accept(flow, newer)

    arrive(merged(three, one, two))
    older, newer = fresh(older), fresh(newer)
    assert (older.state, newer.state) == ("duplicate", "accepted")
    assert Run.objects.get(work=newer.item).subject_id == three

    accept(flow, newest)
    arrive(merged(three, four))
    newest = fresh(newest)
    assert (newest.state, newest.is_open) == ("accepted", True)
    case = ExceptionCase.objects.get(reason="conflicting_duplicate")
    assert "Both runs have accepted work" in case.evidence["message"]


def test_a_deleted_deal_is_told_to_the_owner_and_ends_nothing(
    flow: World, sandbox: Sandbox
) -> None:
    one = acme_deal(sandbox, dealname="Site", **DEAL)
    arrive(made(one))

    arrive(deleted(one))
    arrive(deleted(one))

    case = ExceptionCase.objects.get(reason="remote_conflict")
    assert case.evidence["message"] == (
        f"deal {one} was deleted in the other system. Cancel the run or go on."
    )
    assert Run.objects.get().item.is_open


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("hubspot.deal.merge", {"newObjectId": 3, "mergedObjectIds": [1, 2]}, ("3", ("1", "2"))),
        (
            "hubspot.deal.merge",
            {"primaryObjectId": 1, "newObjectId": 1, "mergedObjectIds": [2]},
            ("1", ("2",)),
        ),
        ("hubspot.deal.merge", {"primaryObjectId": 1, "mergedObjectIds": [2]}, ("1", ("2",))),
        ("hubspot.deal.merge", {"primaryObjectId": 1}, None),
        ("hubspot.deal.merge", {"newObjectId": 3, "mergedObjectIds": "x"}, None),
        ("hubspot.deal.deletion", {"objectId": 1}, (None, ("1",))),
        ("hubspot.deal.propertyChange", {"objectId": 1}, None),
    ],
)
def test_what_the_crm_says_of_a_merge(
    kind: str, body: dict[str, Any], expected: tuple[str | None, tuple[str, ...]] | None
) -> None:
    assert moved(kind, body) == expected


def accept(world: World, row: Request) -> None:
    owner = by(world.olga)
    done(requests.triage([row.pk], by=owner, at=NOW))
    done(requests.accept([row.pk], by=owner, at=NOW))
