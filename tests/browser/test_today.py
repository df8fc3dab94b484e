"""Today, with something in every place of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import expect

from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.desk.operations.visits import look_in
from routing.models import Absence, WorkItem
from routing.work.operations import items
from tests.browser.conftest import WIDTHS, SitDown
from tests.portal import reachable
from tests.world import NOW, World, by, make_client, make_request

pytestmark = pytest.mark.browser

TITLES = (
    "Trail Week landing page",
    "Newsletter: repair days",
    "Size guide for boots",
    "Spring catalogue: 24 pages",
    "Opening hours on the site",
)


@pytest.fixture(autouse=True)
def _two_days_later() -> Iterator[None]:
    with time_machine.travel(NOW + timedelta(days=2)):
        yield


def fill(agency: World) -> None:
    now, alice, bob = timezone.now(), by(agency.alice), by(agency.bob)
    others = make_client("OTH", agency.team, agency.bob, agency.alice, name="Others and Company")
    for title, hours in zip(TITLES, (-30, -2, 1, 40, 400), strict=True):
        row = make_request(agency.acme, title=title)
        WorkItem.objects.filter(pk=row.item_id).update(next_due_at=now + timedelta(hours=hours))
    asked, held, theirs = (
        make_request(agency.acme, title="Photographs"),
        make_request(agency.acme, title="A film"),
        make_request(others),
    )
    reachable(agency.acme)
    requests.ask(
        [asked.pk], by=alice, at=now - timedelta(days=2), details=AskDetails(question="Which?")
    )
    items.hold([held.item_id], by=alice, at=now, reason="The budget is not settled.")
    look_in(agency.alice.pk, now - timedelta(hours=5))
    requests.triage([theirs.pk], by=bob, at=now - timedelta(hours=1))
    Absence.objects.create(
        user=agency.bob, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=2)
    )
    Absence.objects.create(
        user=agency.bob, starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=9)
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_today_is_readable_and_every_number_leads_on(
    agency: World, sit_down: SitDown, width: int
) -> None:
    fill(agency)
    desk = sit_down(agency.alice, width=width)
    page = desk.open("/admin/")
    desk.check("today-full")

    expect(page.get_by_role("heading", name="Waiting on the client")).to_be_visible()
    page.get_by_role("link", name="Overdue: show all 2").click()

    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    desk.check("today-late")


def test_a_day_without_work_is_calm(agency: World, sit_down: SitDown) -> None:
    desk = sit_down(agency.quin, width=390)
    page = desk.open("/admin/")
    desk.check("today-nothing")

    expect(page.get_by_text("Nothing needs your attention")).to_be_visible()
