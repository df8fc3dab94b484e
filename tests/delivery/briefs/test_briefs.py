"""From a draft to an agreed brief: who may, what is refused, what follows."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.briefs.operations.approvers import report_missing_approvers
from delivery.models import Brief, Deliverable
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, OPS
from routing.models import ExceptionCase, Notification, User
from tests.delivery.making import (
    codes,
    done,
    fresh,
    make_brief,
    make_deliverables,
    make_destination,
    make_engagement,
    record_request,
)
from tests.world import NOW, World, by, make_user

pytestmark = pytest.mark.django_db
State = Deliverable.State


def test_who_wrote_a_brief_cannot_approve_it(world: World):
    brief = make_brief(world, engagement=make_engagement(world))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))

    [result] = briefs.approve([brief.pk], by=by(world.alice), at=NOW)

    assert codes(result) == ["author"]
    assert fresh(brief).state == Brief.State.IN_REVIEW


def test_an_approved_brief_becomes_what_it_plans(world: World):
    place = make_destination(world)
    planned = [
        {
            "key": "a",
            "title": "Page",
            "format": "page",
            "destination": place.pk,
            "amount": "100",
            "due": "2026-12-01",
        },
        {"key": "b", "title": "Film", "format": "file", "hours": "3"},
    ]

    page, film = make_deliverables(world, planned=planned)

    assert (page.item.title, page.destination, page.state) == ("Page", place, State.PLANNED)
    assert (film.item.title, film.format, str(film.hours)) == ("Film", "file", "3.00")
    assert {page.item.owner, page.item.backup} == {world.alice, world.bob}
    assert page.item.parent == page.request.item


@pytest.mark.requirement("Q3")
def test_above_what_is_left_of_the_engagement_two_people_approve(world: World):
    sold = make_engagement(world, amount=500)
    brief = make_brief(world, engagement=sold)
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))

    [alone] = briefs.approve([brief.pk], by=by(world.olga), at=NOW)
    done(briefs.approve_first([brief.pk], by=by(world.bob), at=NOW))
    [same] = briefs.approve([brief.pk], by=by(world.bob), at=NOW)
    [other_manager] = briefs.approve(
        [brief.pk], by=by(make_user("Ann", AM, team=world.team)), at=NOW
    )
    [second] = briefs.approve([brief.pk], by=by(world.olga), at=NOW)

    assert [codes(each) for each in (alone, same, other_manager)] == [["budget"]] * 3
    assert second.done
    assert (fresh(brief).first_approver, fresh(brief).approved_by) == (world.bob, world.olga)


def test_d7_the_two_approvals_come_in_either_order(world: World):
    brief = make_brief(world, engagement=make_engagement(world, amount=500))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))

    done(briefs.approve_first([brief.pk], by=by(world.olga), at=NOW))
    [same] = briefs.approve([brief.pk], by=by(world.olga), at=NOW)
    [second] = briefs.approve([brief.pk], by=by(world.bob), at=NOW)

    assert codes(same) == ["budget"]
    assert second.done
    assert (fresh(brief).first_approver, fresh(brief).approved_by) == (world.olga, world.bob)


def test_d7_an_approval_that_nobody_could_complete_is_refused_before(world: World):
    brief = make_brief(world, engagement=make_engagement(world, amount=500))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    User.objects.filter(pk=world.olga.pk).update(is_active=False)
    ann = make_user("Ann", AM, team=world.team)

    [first] = briefs.approve_first([brief.pk], by=by(world.bob), at=NOW)
    make_user("Otto", OPS)
    [with_a_lead] = briefs.approve_first([brief.pk], by=by(ann), at=NOW)

    assert codes(first) == ["budget"]
    assert "Nobody could give the second approval" in str(first.refusals[0].message)
    assert with_a_lead.done


@pytest.mark.parametrize(
    ("writer", "others", "can"),
    [
        ("alice", "bob olga", True),
        ("olga", "alice bob", False),  # the only one who may exceed the budget wrote it
        ("alice", "olga", False),  # one person cannot be two
        ("alice", "bob", False),
    ],
)
def test_d7_asking_says_that_nobody_can_approve(world: World, writer: str, others: str, can: bool):
    brief = make_brief(world, engagement=make_engagement(world, amount=500))
    people = {writer, *others.split()}
    for name in {"alice", "bob", "olga"} - people:
        getattr(world, name).groups.clear()

    [result] = briefs.submit([brief.pk], by=by(getattr(world, writer)), at=NOW)

    assert result.done is can
    assert codes(result) == ([] if can else ["approvers"])


def test_d7_a_brief_that_nobody_can_approve_any_more_is_an_exception_of_its_owner(world: World):
    brief = make_brief(world, engagement=make_engagement(world, amount=500))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    done(briefs.approve_first([brief.pk], by=by(world.bob), at=NOW))
    assert report_missing_approvers(at=NOW) == 0

    world.olga.groups.clear()  # the only other one who may exceed the budget
    assert report_missing_approvers(at=NOW) == report_missing_approvers(at=NOW) == 1

    case = ExceptionCase.objects.get()
    assert (case.reason, case.item.parent, case.item.owner) == (
        Reason.APPROVERS_MISSING,
        brief.item,
        brief.item.owner,
    )
    assert Notification.objects.filter(item=case.item, recipient=brief.item.owner).exists()

    make_user("Otto", OPS)
    assert report_missing_approvers(at=NOW) == 0
    assert ExceptionCase.objects.get().state not in ExceptionCase.open_states


def test_d7_within_the_budget_one_approver_is_enough(world: World):
    brief = make_brief(world, engagement=make_engagement(world))
    User.objects.filter(pk=world.olga.pk).update(is_active=False)

    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))


def test_what_is_approved_is_no_longer_left(world: World):
    sold = make_engagement(world, amount=1500)
    make_deliverables(world, engagement=sold)
    second = make_brief(world, engagement=sold)
    done(briefs.submit([second.pk], by=by(world.alice), at=NOW))

    [result] = briefs.approve([second.pk], by=by(world.bob), at=NOW)

    assert codes(result) == ["budget"]
    assert "500" in str(result.refusals[0].evidence)


def test_a_brief_needs_a_plan_and_an_accepted_request(world: World):
    brief = make_brief(
        world,
        body=" ",
        request=record_request(world),
    )

    [result] = briefs.submit([brief.pk], by=by(world.alice), at=NOW)

    assert codes(result) == ["plan", "request"]


@pytest.mark.parametrize(
    "planned",
    [
        "no list",
        [{"key": "a", "title": "", "format": "page"}],
        [{"key": "a", "title": "x", "format": "song"}],
        [{"key": "a", "title": "x", "format": "page", "amount": "-1"}],
        [{"key": "a", "title": "x", "format": "page", "amount": "NaN"}],
        [{"key": "a", "title": "x", "format": "page", "due": "tomorrow"}],
        [{"key": "a", "title": "x", "format": "page", "destination": 9_999}],
        [
            {"key": "a", "title": "x", "format": "page"},
            {"key": "a", "title": "y", "format": "page"},
        ],
        [{"key": "a", "title": "\x00\u200b", "format": "page"}],
        [{"key": str(number), "title": "x", "format": "page"} for number in range(51)],
    ],
)
def test_a_plan_that_cannot_be_read_is_refused_and_nothing_is_lost(world: World, planned: Any):
    brief = make_brief(world)

    [result] = briefs.edit(
        [brief.pk],
        by=by(world.alice),
        at=NOW,
        details=EditBriefDetails(planned=planned, body="new"),
    )

    assert codes(result) == ["plan"]
    assert (fresh(brief).body, len(fresh(brief).planned)) == ("Make it good.", 1)


def test_h18_a_title_of_a_plan_is_stored_without_signs_that_nobody_can_see(world: World):
    brief = make_brief(world)
    planned = [{"key": "a", "title": "x\x00\u200b", "format": "page"}]

    [result] = briefs.edit(
        [brief.pk], by=by(world.alice), at=NOW, details=EditBriefDetails(planned=planned)
    )

    assert result.done
    assert [each["title"] for each in fresh(brief).planned] == ["x"]


def test_a_new_brief_takes_the_place_of_the_old_and_plans_anew(world: World):
    [page] = make_deliverables(world)

    done(briefs.supersede([page.brief_id], by=by(world.alice), at=NOW, reason="More is wanted."))
    new = Brief.objects.get(request=page.request, is_current=True)
    planned = [
        {**new.planned[0], "title": "Longer page"},
        {"key": "two", "title": "Second", "format": "page"},
    ]
    done(
        briefs.edit([new.pk], by=by(world.alice), at=NOW, details=EditBriefDetails(planned=planned))
    )
    done(briefs.submit([new.pk], by=by(world.alice), at=NOW))
    done(briefs.approve([new.pk], by=by(world.bob), at=NOW))

    assert (new.number, fresh(page.brief).state, fresh(page).brief) == (
        2,
        Brief.State.SUPERSEDED,
        new,
    )
    assert sorted(page.request.deliverables.values_list("item__title", flat=True)) == [
        "Longer page",
        "Second",
    ]
