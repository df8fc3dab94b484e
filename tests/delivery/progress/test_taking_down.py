"""Launches that end on a day: their owner is told, and records that they were taken down."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from delivery.deliverables.details import SetEndDetails, TakeDownDetails
from delivery.models import Deliverable
from delivery.progress.operations.taking_down import set_end, take_down
from routing.models import ExceptionCase, Note, Notification, Outcome, User
from routing.runs.operations.exceptions import dismiss
from routing.runs.operations.own_failures import own_failures
from routing.work.turns import turns_of_mine
from routing.work.visibility import work_seen_by
from tests.delivery.making import codes, done, fresh, make_destination
from tests.delivery.progress.test_launching import ADDRESS, approved, launch, picture
from tests.desk import signed_in, url, words
from tests.files import png
from tests.world import NOW, ZONE, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M11", "F6"),
]
TODAY = NOW.astimezone(ZoneInfo(ZONE)).date()
END = TODAY + timedelta(days=30)
ON_THAT_DAY = NOW + timedelta(days=30)


@pytest.fixture
def ad(world: World) -> Deliverable:
    """An ad that is live until a day."""
    row = approved(world, make_destination(world, name="Ads", kind="ads"))
    shot = picture(world.acme, world.alice)
    done([launch(row, world.alice, address=ADDRESS, evidence=shot.pk, ends=END)])
    return fresh(row)


def to_end(row: Deliverable, who: User, ends: date | None) -> Any:
    [result] = set_end([row.pk], by=by(who), at=NOW, details=SetEndDetails(ends))
    return result


def cases() -> list[tuple[str, str]]:
    found = ExceptionCase.objects.filter(reason="take_down").order_by("pk")
    return list(found.values_list("state", "evidence__ends"))


def test_its_owner_is_told_on_the_day_and_records_that_it_is_gone(
    ad: Deliverable, world: World
) -> None:
    early = own_failures(at=ON_THAT_DAY - timedelta(days=1))
    own_failures(at=ON_THAT_DAY)
    own_failures(at=ON_THAT_DAY + timedelta(hours=1))
    case = ExceptionCase.objects.get(reason="take_down")
    mine = list(turns_of_mine(work_seen_by(by(world.alice)), by(world.alice), ON_THAT_DAY))
    told = list(Notification.objects.filter(item=case.item).values_list("recipient", flat=True))
    [dismissed] = dismiss([case.pk], by=by(world.alice), at=ON_THAT_DAY, reason="Later.")
    browser = signed_in(world.alice)
    shot = SimpleUploadedFile("gone.png", png())
    step = url(Deliverable, "step", ad.pk, "take_down")
    page = words(browser.post(step, {"reason": "Paused.", "evidence": shot}, follow=True))

    assert early == 0
    assert case.item.parent == ad.item
    assert case.item.owner == world.alice
    assert case.item in mine
    assert told == [world.alice.pk]
    assert not dismissed.done
    assert "Ends on" in page
    assert "Alice recorded that the launch was taken down" in page
    assert "gone.png" in page
    assert Note.objects.get(item=ad.item).body == "Paused."
    assert (fresh(ad).state, cases()) == ("archived", [("dismissed", str(END))])
    assert Outcome.objects.get(item=ad.item).next_probe_at is None
    assert own_failures(at=ON_THAT_DAY) == 0


def test_another_end_takes_the_reminder_back(ad: Deliverable, world: World) -> None:
    own_failures(at=ON_THAT_DAY)

    gone = to_end(ad, world.alice, TODAY - timedelta(days=1))
    done([to_end(ad, world.alice, END + timedelta(days=7))])
    own_failures(at=ON_THAT_DAY)
    between = cases()
    done([to_end(ad, world.alice, None)])
    own_failures(at=ON_THAT_DAY + timedelta(days=30))

    assert codes(gone) == ["ends"]
    assert between == [("dismissed", str(END))]
    assert cases() == between
    assert (fresh(ad).state, fresh(ad).ends_date) == ("live", None)


def test_what_an_adapter_published_has_no_end_and_nothing_ends_before_its_launch(
    world: World,
) -> None:
    page = approved(world, make_destination(world, publishes_on_approval=False))
    mail = approved(world, make_destination(world, name="Mail", kind="newsletter"))
    Deliverable.objects.filter(pk=page.pk).update(state="live", live_url=ADDRESS, live_at=NOW)

    [down] = take_down(
        [page.pk], by=by(world.alice), at=NOW, reason="Gone.", details=TakeDownDetails()
    )
    late = launch(mail, world.alice, address=ADDRESS, ends=TODAY - timedelta(days=1))

    assert codes(down) == ["destination"]
    assert codes(to_end(page, world.alice, END)) == ["destination"]
    assert codes(late) == ["ends"]
