"""Limits of a plan: places, live work and money that no other brief has taken."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from delivery.approvals.operations import deliverables
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.models import Brief, Deliverable
from delivery.requests.operations import requests
from tests.delivery.making import (
    codes,
    done,
    fresh,
    make_brief,
    make_deliverables,
    make_destination,
    make_engagement,
)
from tests.threads import at_once
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db
State = Deliverable.State


def live(world: World) -> Deliverable:
    [page] = make_deliverables(world)
    Deliverable.objects.filter(pk=page.pk).update(
        state=State.LIVE, version=page.versions.create(number=1, author=world.cora, at=NOW)
    )
    return page


def change_of(page: Deliverable) -> list[dict[str, object]]:
    return [{"key": "new", "title": "Page", "format": "page", "replaces": page.pk}]


def submitted(world: World, **fields: object) -> Brief:
    brief = make_brief(world, **fields)  # type: ignore[arg-type]  # a test's own words
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    return brief


def test_two_briefs_that_replace_the_same_page_cannot_both_be_approved(world: World):
    page = live(world)
    first, second = (
        submitted(world, planned=change_of(page)),
        submitted(world, planned=change_of(page)),
    )

    done(briefs.approve([first.pk], by=by(world.bob), at=NOW))
    [refused] = briefs.approve([second.pk], by=by(world.bob), at=NOW)

    assert codes(refused) == ["plan"]


@pytest.mark.django_db(transaction=True)
def test_nor_at_once(committed_world: World):
    page = live(committed_world)
    rows = [submitted(committed_world, planned=change_of(page)) for _ in range(2)]

    results = at_once(
        [partial(briefs.approve, [row.pk], by=by(committed_world.bob), at=NOW) for row in rows]
    )

    assert sorted(result.done for [result] in results) == [False, True]


def test_one_plan_does_not_replace_a_page_twice(world: World):
    page = live(world)
    twice = [*change_of(page), {**change_of(page)[0], "key": "other"}]

    [refused] = briefs.edit(
        [make_brief(world).pk], by=by(world.alice), at=NOW, details=EditBriefDetails(planned=twice)
    )

    assert codes(refused) == ["plan"]


def test_what_replaces_a_page_cannot_move_it_elsewhere(world: World):
    page, other = live(world), make_destination(world)

    [refused] = briefs.edit(
        [make_brief(world).pk],
        by=by(world.alice),
        at=NOW,
        details=EditBriefDetails(planned=[{**change_of(page)[0], "destination": other.pk}]),
    )

    assert codes(refused) == ["plan"]


def test_a_brief_whose_change_is_under_way_can_be_written_anew(world: World):
    page = live(world)
    brief = submitted(world, planned=change_of(page))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))
    done(briefs.supersede([brief.pk], by=by(world.alice), at=NOW, reason="More is wanted."))
    new = Brief.objects.get(request=brief.request, is_current=True)

    [result] = briefs.edit(
        [new.pk], by=by(world.alice), at=NOW, details=EditBriefDetails(planned=new.planned)
    )

    assert result.done


@pytest.mark.parametrize(
    "fields", [{"destination": 0}, {"destination": "7"}, {"replaces": 2**70}, {"title": "\ud800"}]
)
def test_what_no_column_holds_is_refused_in_a_plan(world: World, fields: dict[str, object]):
    planned = [{"key": "a", "title": "x", "format": "page", **fields}]

    [result] = briefs.edit(
        [make_brief(world).pk],
        by=by(world.alice),
        at=NOW,
        details=EditBriefDetails(planned=planned),
    )

    assert codes(result) == ["plan"]


@pytest.mark.parametrize("body", ["\x00", "\ud800", "x" * 20_001, 7])
def test_what_no_column_holds_is_refused_as_a_text(world: World, body: Any):
    [result] = briefs.edit(
        [make_brief(world).pk], by=by(world.alice), at=NOW, details=EditBriefDetails(body=body)
    )

    assert codes(result) == ["body"]


def test_who_edited_a_brief_cannot_approve_it_though_another_submits_it(world: World):
    brief = make_brief(world, engagement=make_engagement(world))
    done(briefs.submit([brief.pk], by=by(world.bob), at=NOW))

    [editor] = briefs.approve([brief.pk], by=by(world.alice), at=NOW)

    assert codes(editor) == ["author"]


def test_who_approved_first_may_approve_alone_once_enough_is_sold(world: World):
    sold = make_engagement(world, amount=500)
    brief = submitted(world, engagement=sold)
    done(briefs.approve_first([brief.pk], by=by(world.bob), at=NOW))
    sold.amount = 5000
    sold.save()

    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))

    assert (fresh(brief).approved_by, fresh(brief).first_approver) == (world.bob, None)


def test_what_is_being_made_stays_spent_while_its_brief_is_written_anew(world: World):
    sold = make_engagement(world, amount=1500)
    [page] = make_deliverables(world, engagement=sold)
    done(briefs.supersede([page.brief_id], by=by(world.alice), at=NOW, reason="More is wanted."))

    [other] = briefs.approve([submitted(world, engagement=sold).pk], by=by(world.bob), at=NOW)
    new = Brief.objects.get(request=page.request, is_current=True)
    done(briefs.submit([new.pk], by=by(world.alice), at=NOW))
    [same] = briefs.approve([new.pk], by=by(world.bob), at=NOW)

    assert codes(other) == ["budget"]
    assert same.done


def test_a_brief_that_was_called_off_can_be_written_anew_while_its_request_goes_on(world: World):
    brief = make_brief(world)
    done(briefs.cancel([brief.pk], by=by(world.alice), at=NOW, reason="All wrong."))

    done(briefs.supersede([brief.pk], by=by(world.alice), at=NOW, reason="From the start."))

    assert Brief.objects.get(request=brief.request, is_current=True).state == Brief.State.DRAFT


def test_a_request_that_is_over_gets_no_new_brief(world: World):
    [page] = make_deliverables(world)
    done(requests.cancel([page.request_id], by=by(world.alice), at=NOW, reason="Called off."))

    [result] = briefs.supersede(
        [page.brief_id], by=by(world.alice), at=NOW, reason="More is wanted."
    )

    assert codes(result) == ["request"]
    assert not Brief.objects.filter(request=page.request, item__is_open=True).exists()


def test_what_was_called_off_is_not_planned_again(world: World):
    [page] = make_deliverables(world)
    done(deliverables.cancel([page.pk], by=by(world.alice), at=NOW, reason="Not needed."))

    done(briefs.supersede([page.brief_id], by=by(world.alice), at=NOW, reason="Something else."))

    new = Brief.objects.get(request=page.request, is_current=True)
    assert new.planned == []
    assert new.amount == 0
