"""The launch date of a campaign moves what follows it, and shows that before it does."""

from __future__ import annotations

from datetime import date

import pytest

from delivery.briefs.details import MoveLaunchDetails
from delivery.briefs.operations import briefs, templates
from delivery.campaigns.details import MoveCampaignDetails
from delivery.campaigns.models import Campaign
from delivery.campaigns.operations.campaigns import move_launch
from delivery.deliverables.details import AssignDetails, EditDeliverableDetails
from delivery.deliverables.operations import editing
from delivery.models import Brief, Deliverable
from routing.models import Notification
from routing.sla.operations.calendars import ensure_defaults
from routing.work.operations.items import hold
from tests.delivery.campaigns.making import (
    accepted,
    approve_brief,
    campaign_of,
    from_template,
    with_parts,
)
from tests.delivery.making import codes, done, fresh
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("Q15", "U2"),
]
# Thursdays, a week apart, without a day off between D-5 and D.
D, LATER = date(2027, 3, 18), date(2027, 3, 25)


@pytest.fixture(autouse=True)
def _calendar(world: World) -> None:
    ensure_defaults(at=NOW)


def move(world: World, row: Campaign, launch: date) -> list[str]:
    details = MoveCampaignDetails(launch)
    [result] = move_launch([row.pk], by=by(world.alice), at=NOW, details=details)
    return codes(result)


def dues(brief: Brief) -> list[date | None]:
    rows = Deliverable.objects.filter(brief=brief).order_by("due_date", "pk")
    return list(rows.values_list("due_date", flat=True))


def test_it_takes_over_the_date_of_its_brief(world: World) -> None:
    row, brief = from_template(world, D, wanted_date=LATER)

    assert row.launch_date == D
    details = MoveLaunchDetails(LATER)
    done(templates.move_launch([brief.pk], by=by(world.alice), at=NOW, details=details))
    assert fresh(row).launch_date == LATER


def test_moving_it_moves_the_brief_and_the_parts_that_nobody_moved(world: World) -> None:
    row, brief = from_template(world, D)
    page, _mail, _ad = approve_brief(world, brief)
    own = EditDeliverableDetails(due_date=date(2027, 3, 1))
    done(editing.edit([page.pk], by=by(world.alice), at=NOW, details=own))

    refused = move(world, row, LATER)

    assert refused == []
    assert (fresh(row).launch_date, fresh(brief).launch_date) == (LATER, LATER)
    assert dues(brief) == [date(2027, 3, 1), date(2027, 3, 23), LATER]


def test_it_moves_alone_if_nothing_follows_it(world: World) -> None:
    row, parts = with_parts(world, wanted_date=D)

    assert move(world, row, LATER) == []
    assert fresh(row).launch_date == LATER
    assert [fresh(part).due_date for part in parts] == [None, None]


def test_the_same_date_and_one_of_another_century_are_refused(world: World) -> None:
    row = campaign_of(accepted(world, wanted_date=D))

    assert move(world, row, D) == ["date"]
    assert move(world, row, date(1726, 3, 18)) == ["date"]
    assert fresh(row).launch_date == D


def test_it_waits_for_a_brief_that_is_in_review_or_on_hold(world: World) -> None:
    row, brief = from_template(world, D)
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))

    in_review = move(world, row, LATER)
    done(briefs.request_changes([brief.pk], by=by(world.bob), at=NOW, reason="Other dates."))
    done(hold([brief.item_id], by=by(world.alice), at=NOW, reason="Wait."))
    on_hold = move(world, row, LATER)

    assert (in_review, on_hold) == (["brief"], ["brief"])
    assert fresh(row).launch_date == D


def test_the_page_shows_what_moves_before_it_moves(world: World) -> None:
    row, brief = from_template(world, D)
    approve_brief(world, brief)
    browser = signed_in(world.alice)
    path = url(Campaign, "step", row.pk, "move_launch")

    shown = words(browser.post(path, {"launch": LATER.isoformat()}))
    before = fresh(row).launch_date
    sent = {"launch": LATER.isoformat(), "previewed": LATER.isoformat()}
    page = words(browser.post(path, sent, follow=True))

    assert "Nothing is saved yet. Check what changes, then confirm." in shown
    assert "Mail Creative Tue 16 Mar 2027 Tue 23 Mar 2027 moves: D\u22122" in shown
    assert (before, fresh(row).launch_date) == (D, LATER)
    assert "Alice moved the launch date" in page


def test_the_owner_and_the_makers_hear_of_another_date(world: World) -> None:
    row, brief = from_template(world, D)
    [page, *_others] = approve_brief(world, brief)
    done(
        editing.assign([page.pk], by=by(world.alice), at=NOW, details=AssignDetails(world.cora.pk))
    )
    Notification.objects.all().delete()

    details = MoveCampaignDetails(LATER)
    done(move_launch([row.pk], by=by(world.bob), at=NOW, details=details))

    told = Notification.objects.values_list("recipient__full_name", "words", "item__kind")
    assert set(told) == {
        ("Alice", "plan", "campaign"),
        ("Alice", "plan", "brief"),
        ("Cora", "plan", "deliverable"),
    }
