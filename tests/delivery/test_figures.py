"""Figures of delivery, each against what happened to work in the making, counted by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.deliverables.operations import versions
from delivery.models import (
    Answer,
    Approval,
    Campaign,
    Check,
    CheckResult,
    Deliverable,
    Request,
)
from routing.figures.computing import FigureValue, compute
from routing.models import Clock, WorkItem
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.first_response import ResponseChannel, reached_client
from routing.work.creation import create
from tests.delivery.making import (
    done,
    hand_in,
    make_deliverables,
    make_engagement,
    question,
    say,
    with_the_client,
)
from tests.world import NOW, World, by, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("L6")]
HOUR = timedelta(hours=1)
SINCE, UNTIL = NOW - timedelta(days=1), NOW + timedelta(days=30)


def figure(world: World, name: str, *groups: str) -> list[FigureValue]:
    return compute([name], actor=by(world.olga), by=groups, since=SINCE, until=UNTIL)


def draft(number: int) -> versions.Draft:
    """Content that differs from that of every other number."""
    fields = {"title": f"Hello {number}", "slug": "hello", "body_html": "<p>Our new page.</p>"}
    return versions.Draft(fields)


def at(hours: float) -> Any:
    return time_machine.travel(NOW + hours * HOUR, tick=False)


@pytest.fixture
def page(world: World) -> Deliverable:
    """Asked of the client at noon, returned three hours later, and approved the next day."""
    [row] = make_deliverables(world)[:1]
    with at(2.5):
        row = with_the_client(world, row)
    with at(5.5):
        assert say(row, Answer.Word.CHANGES, "Bigger").done
    with at(20):
        row = hand_in(world, row, draft(2))
        asked = question(row)
        done(
            approvals.approve(
                [asked.pk], by=by(world.alice), at=NOW + 20 * HOUR, details=DecideDetails()
            )
        )
        done(deliverables.ask_client([row.pk], by=by(world.alice), at=NOW + 20 * HOUR))
    with at(24):
        assert say(row, Answer.Word.APPROVE).done
    return row


def test_approvals_wait_from_the_question_to_the_decision(world: World, page: Deliverable) -> None:
    found = {each.by["audience"]: each for each in figure(world, "approval_wait_mean", "audience")}

    assert (found["client"].n, found["client"].value) == (2, (3 + 4) / 2 * 3_600)
    assert (found["internal"].n, found["internal"].value) == (2, 0)


def test_an_answer_within_a_minute_is_quick_and_no_is_no(world: World, page: Deliverable) -> None:
    [quick] = figure(world, "quick_approvals")
    [no] = figure(world, "approver_says_no")

    # Alice approved twice at once. The client asked for changes, and approved after four hours.
    assert (quick.n, quick.numerator, quick.value) == (4, 2, None)
    assert (no.n, no.numerator) == (4, 1)
    assert quick.why_null == "Only 4 rows. A rate needs 5."


def test_rework_is_counted_by_who_returned_it(world: World, page: Deliverable) -> None:
    assert [(each.by["state"], each.value) for each in figure(world, "rework_rounds", "state")] == [
        ("in_client_review", 1)
    ]


def test_qa_catches_what_it_returns(world: World) -> None:
    [row] = make_deliverables(world)[:1]
    for number in range(3):
        with at(number):
            row = hand_in(world, row, draft(number))
            done(
                deliverables.send_back(
                    [row.pk], by=by(world.alice), at=NOW + number * HOUR, reason="Blurred"
                )
            )

    # It passed the checks of itself each time, so QA caught nothing of what Alice returned, and it
    # was in QA for no time at all.
    [found] = figure(world, "qa_yield")
    [stay] = figure(world, "qa_time_p90")
    assert (stay.n, stay.value) == (3, 0)

    assert (found.n, found.numerator) == (3, 0)
    [rounds] = figure(world, "rework_rounds")
    assert rounds.value == 3


def test_only_new_work_that_came_by_itself_is_a_lead(world: World) -> None:
    policy = ensure_defaults(at=NOW)
    for channel, hours in (("crm", 2), ("form", 4), ("phone", 6)):
        item = make_request(world.acme, channel=channel).item
        start([item], policy, NOW, purposes={"first_response"})
        reached_client([item.pk], ResponseChannel.CALL, by=by(world.alice), at=NOW + hours * HOUR)
    change = make_request(world.acme, channel="crm", kind=Request.Kind.CHANGE).item
    start([change], policy, NOW, purposes={"first_response"})
    reached_client([change.pk], ResponseChannel.CALL, by=by(world.alice), at=NOW + HOUR)

    [lead] = figure(world, "speed_to_lead_mean")
    [every] = figure(world, "first_response_mean")

    assert (lead.n, lead.value) == (2, 3 * 3_600)
    assert (every.n, every.value) == (4, 13 / 4 * 3_600)
    assert Clock.objects.filter(stopped_at=None).count() == 0


def test_a_campaign_is_delivered_when_all_of_it_is_live(world: World) -> None:
    request = make_request(world.acme, at=datetime(2026, 11, 1, 9, 30, tzinfo=UTC))
    item = WorkItem(
        title="Spring", client=world.acme, owner=world.alice, backup=world.bob, parent=request.item
    )
    create([Campaign(item=item, request=request)], by=Actor.system(), at=NOW)
    [nothing] = figure(world, "campaign_delivery_time_median")
    Campaign.objects.update(live_at=NOW + timedelta(hours=2))

    [found] = figure(world, "campaign_delivery_time_median")

    assert (nothing.value, nothing.why_null) == (None, "No rows.")
    assert (found.n, found.value) == (1, timedelta(days=22, hours=2).total_seconds())


def test_an_approval_that_expired_is_late(world: World, page: Deliverable) -> None:
    Approval.objects.filter(state=Approval.State.CHANGES_REQUESTED).update(state="expired")

    [found] = figure(world, "approvals_expired")

    assert (found.n, found.numerator) == (4, 1)


def test_a_round_is_beyond_the_contract_after_those_that_were_sold(
    world: World, page: Deliverable
) -> None:
    sold = make_engagement(world, rounds=1)
    type(page.brief).objects.filter(pk=page.brief_id).update(engagement=sold)
    [within] = figure(world, "rounds_beyond_contract")
    for number in (3, 4):
        with at(30 + number):
            [row] = [with_the_client(world, make_deliverables(world)[0])]
            type(row.brief).objects.filter(pk=row.brief_id).update(engagement=sold)
            assert say(row, Answer.Word.CHANGES, "Bigger").done

    [found] = figure(world, "rounds_beyond_contract")

    # As many as the deliverables say themselves, of which one was sold.
    used = sum(Deliverable.objects.values_list("rounds", flat=True))
    assert (within.n, within.numerator) == (1, 0)
    assert (found.n, found.numerator) == (used, used - 1) == (3, 2)


def test_a_person_who_says_otherwise_overrides_a_result(world: World, page: Deliverable) -> None:
    check = Check.objects.create(name="Looks right", kind="judgment")
    assert page.version
    for passed, who in ((False, world.alice), (True, world.bob), (True, world.alice)):
        CheckResult.objects.create(
            version=page.version, check_row=check, passed=passed, by=who, at=NOW
        )

    found = {each.by["by"]: each for each in figure(world, "qa_overrides", "by")}

    assert {email: (each.n, each.numerator) for email, each in found.items()} == {
        world.alice.email: (2, 0),
        world.bob.email: (1, 1),
    }
