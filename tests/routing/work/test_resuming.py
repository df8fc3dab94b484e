"""Held work resumes by itself on a day, as its owner counts days, and the owner is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from delivery.models import Request
from routing.models import Notification, User, WorkItem
from routing.work.details import ResumeLaterDetails
from routing.work.operations import items
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]
OWNERS_ZONE = ZoneInfo("Pacific/Auckland")
DAY = NOW.astimezone(OWNERS_ZONE).date() + timedelta(days=5)
BEGINS = datetime(DAY.year, DAY.month, DAY.day, tzinfo=OWNERS_ZONE)


@pytest.fixture
def held(world: World) -> WorkItem:
    """A request of Alice, who lives in Auckland, on hold."""
    User.objects.filter(pk=world.alice.pk).update(timezone=OWNERS_ZONE.key)
    item = make_request(world.acme).item
    items.hold([item.pk], by=by(world.olga), at=NOW, reason="Budget")
    return item


def on(item: WorkItem, day: date | None, who: User) -> Any:
    details = ResumeLaterDetails(day)
    [result] = items.resume_later([item.pk], by=by(who), at=NOW, details=details)
    return result


def fresh(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def test_it_resumes_when_the_day_begins_for_its_owner(held: WorkItem, world: World) -> None:
    browser = signed_in(world.alice)
    step = url(Request, "step", Request.objects.get(item=held).pk, "resume_later")
    page = words(browser.post(step, {"day": DAY.isoformat()}, follow=True))
    early = items.resume_due(at=BEGINS - timedelta(seconds=1))
    done = items.resume_due(at=BEGINS)

    assert f"It resumes by itself on {DAY:%a} {DAY.day} {DAY:%b %Y}." in page
    assert (early, done, items.resume_due(at=BEGINS)) == (0, 1, 0)
    assert (fresh(held).held_at, fresh(held).resumes_date) == (None, None)
    told = Notification.objects.filter(item=held, words="resumed")
    assert world.alice.pk in told.values_list("recipient", flat=True)
    change = WorkItem.history.filter(id=held.pk).latest("history_id")
    assert change.history_change_reason == "The day on which it was to resume."


def test_somebody_may_resume_it_before_and_a_new_hold_has_no_day(
    held: WorkItem, world: World
) -> None:
    on(held, DAY, world.olga)
    items.resume([held.pk], by=by(world.olga), at=NOW)
    items.hold([held.pk], by=by(world.olga), at=NOW, reason="Again")

    assert items.resume_due(at=BEGINS + timedelta(days=9)) == 0
    assert fresh(held).held_at == NOW


def test_what_is_held_with_it_resumes_with_it(held: WorkItem, world: World) -> None:
    part = make_request(world.acme).item
    WorkItem.objects.filter(pk=part.pk).update(parent=held)
    items.resume([held.pk], by=by(world.olga), at=NOW)
    items.hold([held.pk], by=by(world.olga), at=NOW, reason="Budget")
    refused = on(part, DAY, world.olga)
    on(held, DAY, world.olga)

    assert items.resume_due(at=BEGINS) == 1
    assert [each.code for each in refused.refusals] == ["held"]
    assert (fresh(held).held_at, fresh(part).held_at) == (None, None)


@pytest.mark.parametrize("days", [-400, -5, 2000])
def test_a_day_that_is_over_or_years_ahead_is_refused(
    held: WorkItem, world: World, days: int
) -> None:
    result = on(held, DAY + timedelta(days=days), world.olga)

    assert [each.code for each in result.refusals] == ["day"]
    assert "Enter a day after today" in str(result.refusals[0].message)


def test_a_day_can_be_taken_back_and_what_runs_has_none(held: WorkItem, world: World) -> None:
    on(held, DAY, world.olga)
    assert on(held, None, world.olga).done
    running = make_request(world.acme).item

    assert fresh(held).resumes_date is None
    assert [each.code for each in on(running, DAY, world.olga).refusals] == ["held"]
