"""Waiting for my decision: first on Today, for every role, and complete (A3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import Settings

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.models import Approval, Check, Deliverable
from delivery.requests.operations import requests
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, OPS, QA
from routing.models import Absence, ExceptionCase, User, WorkItem
from routing.runs.operations.raising import ExceptionFinding, raise_exception, raise_exceptions
from routing.work import display
from routing.work.operations import items
from tests.delivery.making import (
    done,
    fresh,
    hand_in,
    make_brief,
    make_deliverables,
    make_engagement,
    question,
    with_the_client,
)
from tests.desk import signed_in, words
from tests.world import World, by, make_client, make_request, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("L7", "M6")]


@pytest.fixture(autouse=True)
def _without_second_factor(settings: Settings) -> None:
    settings.EMBEDDED = True


def decisions(user: User) -> list[tuple[str, str]]:
    """Return what Today asks of a person: what to do, and with which work."""
    page = signed_in(user).get("/admin/")
    group = page.context["decisions"]
    if group is None:
        assert "Waiting for my decision" not in words(page)
        return []
    said, listed = words(page), signed_in(user).get(group.url)
    assert said.index("Waiting for my decision") < said.index("Due work")
    assert group.count == len(listed.context["cl"].result_list)
    return [(turn.act, turn.item.ref) for turn in group.rows]


def in_review(world: World, **fields: Any) -> Any:
    brief = make_brief(world, **fields)
    done(briefs.submit([brief.pk], by=by(world.alice), at=timezone.now()))
    return fresh(brief)


def everybody(world: World) -> list[User]:
    return [world.alice, world.bob, world.cora, world.quin, world.olga, world.ivan, world.audrey]


def asked(world: World) -> dict[str, list[tuple[str, str]]]:
    """Return what is asked of everybody of whom something is asked, by name."""
    found = {user.full_name: decisions(user) for user in everybody(world)}
    return {name: rows for name, rows in found.items() if rows}


def test_a_sign_off_waits_for_each_reviewer_but_the_author(world: World) -> None:
    """A3: Today said “All quiet” to a reviewer with two sign-offs waiting."""
    Check.objects.create(name="Tone", kind="judgment", position=1)
    pages = [hand_in(world, make_deliverables(world)[0]) for _number in range(2)]
    both = [("Sign off version 1", page.item.ref) for page in pages]

    assert asked(world) == {"Quin": both}
    assert decisions(make_user("Quentin", QA)) == both

    done(deliverables.send_back([pages[0].pk], by=by(world.alice), at=timezone.now(), reason="No"))
    assert asked(world) == {"Quin": both[1:]}


def test_an_approval_waits_for_the_owner_of_the_question(world: World) -> None:
    """A3: approvals that wait for an account manager appeared nowhere."""
    page = hand_in(world, make_deliverables(world)[0])

    assert asked(world) == {"Alice": [("Approve version 1", question(page).item.ref)]}


def test_an_approval_by_several_waits_for_all_who_have_not_answered(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    row = question(page)
    Approval.objects.filter(pk=row.pk).update(quorum="all")
    wanted = [("Approve version 1", row.item.ref)]

    assert asked(world) == {"Alice": wanted, "Bob": wanted, "Olga": wanted}

    done(approvals.approve([row.pk], by=by(world.bob), at=timezone.now(), details=DecideDetails()))
    assert asked(world) == {"Alice": wanted, "Olga": wanted}


def test_a_brief_in_review_waits_for_those_it_names_but_not_for_its_author(world: World) -> None:
    """A3: briefs in review appeared nowhere."""
    brief = in_review(world, engagement=make_engagement(world))

    assert asked(world) == {"Bob": [("Approve the brief", brief.item.ref)]}


def test_a_brief_that_both_have_written_waits_for_whoever_else_may_approve(world: World) -> None:
    brief = make_brief(world, engagement=make_engagement(world))
    words = EditBriefDetails(body="Better.")
    done(briefs.edit([brief.pk], by=by(world.bob), at=timezone.now(), details=words))
    done(briefs.submit([brief.pk], by=by(world.alice), at=timezone.now()))

    assert asked(world) == {"Olga": [("Approve the brief", brief.item.ref)]}


def test_the_second_approval_above_budget_waits_for_every_operations_lead(world: World) -> None:
    brief = in_review(world, engagement=make_engagement(world, amount=500))
    second = [("Give the second approval of the brief", brief.item.ref)]

    done(briefs.approve_first([brief.pk], by=by(world.bob), at=timezone.now()))

    assert asked(world) == {"Olga": second}
    assert decisions(make_user("Otto", OPS)) == second


def test_an_exception_waits_for_its_owner(world: World) -> None:
    row = make_request(world.acme)
    for owner in (world.ivan, world.cora):
        case = raise_exception(ExceptionFinding(Reason.REJECTED, {}, row.item), at=timezone.now())
        assert case is not None
        WorkItem.objects.filter(pk=case.item_id).update(owner=owner)
        assert decisions(owner) == [("Resolve the exception", case.item.ref)]
        done_with(case, by_user=world.olga)


def done_with(case: Any, *, by_user: User) -> None:
    WorkItem.objects.filter(pk=case.item_id).update(is_open=False)
    type(case).objects.filter(pk=case.pk).update(state="dismissed")


def test_work_that_its_owner_must_decide_about_waits_for_the_owner(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    ref, now = page.item.ref, timezone.now()
    about = question(page).pk
    done(approvals.approve([about], by=by(world.alice), at=now, details=DecideDetails()))
    assert asked(world) == {"Alice": [("Ask the client about version 1", ref)]}

    page = with_the_client(world, make_deliverables(world)[0])
    assert page.item.ref not in {row for _act, row in decisions(world.alice)}
    later = question(page).expires_at
    expire_due(at=later)
    found = {row: act for act, row in decisions(world.alice)}
    assert found[page.item.ref] == "Ask the client again about version 1"


def test_an_approval_that_expired_stands_on_today_once(world: World) -> None:
    """A3: with its exception, which asks the same. Of somebody else, the exception stays."""
    page = with_the_client(world, make_deliverables(world)[0])
    expire_due(at=question(page).expires_at)
    case = ExceptionCase.objects.get(reason=Reason.NO_ANSWER)
    again = ("Ask the client again about version 1", page.item.ref)

    assert decisions(world.alice) == [again]

    WorkItem.objects.filter(pk=case.item_id).update(owner=world.olga)
    assert decisions(world.olga) == [("Resolve the exception", case.item.ref)]
    assert decisions(world.alice) == [again]

    WorkItem.objects.filter(pk=case.item_id).update(owner=world.alice)
    ExceptionCase.objects.filter(pk=case.pk).update(reason=Reason.ROUNDS_EXCEEDED)
    assert len(decisions(world.alice)) == 2


def test_a_triaged_request_waits_to_be_accepted_and_a_new_one_is_work(world: World) -> None:
    row = make_request(world.acme)
    assert asked(world) == {}
    done(requests.triage([row.pk], by=by(world.alice), at=timezone.now()))

    assert asked(world) == {"Alice": [("Accept or reject the request", row.item.ref)]}


def test_work_of_an_absent_owner_waits_for_the_backup_while_the_owner_is_away(
    world: World,
) -> None:
    row, now = make_request(world.acme), timezone.now()
    done(requests.triage([row.pk], by=by(world.alice), at=now))
    day = timedelta(days=1)
    for user, starts, ends in (
        (world.alice, now + day, now + 2 * day),
        (world.alice, now - 2 * day, now),
        (world.olga, now - day, now + day),
    ):
        Absence.objects.create(user=user, starts_at=starts, ends_at=ends)
    assert decisions(world.bob) == []

    Absence.objects.create(user=world.alice, starts_at=now - day, ends_at=now + day)

    assert decisions(world.bob) == [("Accept or reject the request", row.item.ref)]


def test_work_on_hold_and_work_that_is_not_seen_waits_for_nobody(world: World) -> None:
    row, now = make_request(world.acme), timezone.now()
    done(requests.triage([row.pk], by=by(world.alice), at=now))
    done(items.hold([row.item_id], by=by(world.alice), at=now, reason="Budget"))
    assert asked(world) == {}

    secret = make_client("SEC", world.team, world.olga, make_user("Omar", OPS), restricted=True)
    brief = in_review(world, engagement=make_engagement(world, amount=500))
    done(briefs.approve_first([brief.pk], by=by(world.bob), at=now))
    WorkItem.objects.filter(pk=brief.item_id).update(client=secret, team=None)
    stranger = make_user("Stan", AM)
    assert decisions(stranger) == []


def test_the_earliest_due_comes_first_with_its_age(world: World) -> None:
    now = timezone.now()
    rows = [make_request(world.acme, at=now - timedelta(days=3)) for _number in range(10)]
    done(requests.triage([row.pk for row in rows], by=by(world.bob), at=now - timedelta(days=2)))
    for number, row in enumerate(rows):
        at = now + timedelta(hours=10 - number) if number else None
        WorkItem.objects.filter(pk=row.item_id).update(next_due_at=at)
    page = signed_in(world.alice).get("/admin/")
    group = page.context["decisions"]

    assert [turn.item.ref for turn in group.rows] == [row.item.ref for row in rows[:1:-1]]
    assert group.count == 10
    since = display.since(now - timedelta(days=2), now)
    assert f"waiting since {strip_tags(since)}" in words(page)


def test_what_is_overdue_is_not_said_to_be_due(world: World) -> None:
    """It read “due 2 weeks overdue”."""
    now, about = timezone.now(), [make_request(world.acme).item for _ in range(2)]
    late, soon = raise_exceptions(
        [ExceptionFinding(Reason.NO_ANSWER, item=item) for item in about], at=now
    )
    WorkItem.objects.filter(pk=late.item_id).update(next_due_at=now - timedelta(days=3))
    WorkItem.objects.filter(pk=soon.item_id).update(next_due_at=now + timedelta(days=3, hours=1))

    said = words(signed_in(world.alice).get("/admin/"))

    assert "· 3 days overdue" in said
    assert "due 3 days overdue" not in said
    assert "· due in 3 days" in said


def test_with_a_decision_and_no_work_today_does_not_send_to_the_work_of_others(
    world: World,
) -> None:
    Check.objects.create(name="Tone", kind="judgment", position=1)
    hand_in(world, make_deliverables(world)[0])

    said = words(signed_in(world.quin).get("/admin/"))

    assert "Only the decisions above wait for you." in said
    assert "You have no open work" not in said


def test_all_is_quiet_only_while_nothing_waits_for_a_decision(world: World) -> None:
    assert "nothing needs your decision" in words(signed_in(world.quin).get("/admin/"))

    Check.objects.create(name="Tone", kind="judgment", position=1)
    hand_in(world, make_deliverables(world)[0])

    said = words(signed_in(world.quin).get("/admin/"))
    assert "nothing needs your decision" not in said
    assert "Nothing needs your attention" not in said


def test_the_number_of_queries_does_not_grow_with_the_decisions(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for many in (1, 6):
        for _number in range(many):
            page = hand_in(world, make_deliverables(world)[0])
            row = make_request(world.acme)
            done(requests.triage([row.pk], by=by(world.bob), at=timezone.now()))
            brief = make_brief(world, engagement=make_engagement(world))
            done(briefs.submit([brief.pk], by=by(world.bob), at=timezone.now()))
            assert page.state == Deliverable.State.IN_INTERNAL_REVIEW
        with CaptureQueriesContext(connection) as queries:
            browser.get("/admin/")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 22
