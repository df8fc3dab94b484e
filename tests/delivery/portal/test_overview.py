"""The figures and reports of a contact: those of the monthly report, of their own clients alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.reports.document import as_json
from delivery.reports.models import Report
from delivery.reports.monthly import monthly
from delivery.reports.months import ClientMonth
from delivery.reports.operations.making import make_report, withdraw_report
from demo.agency.agency import DOMAIN
from routing.models import Client, Contact, User, WorkItem
from routing.people.actors import Actor
from tests.delivery.reports.stories import launched
from tests.desk import words
from tests.portal import VIEWER, browser_of, invited
from tests.world import NOW, World, by, make_client, make_request

pytestmark = [pytest.mark.requirement("A5", "M14")]


def month_of(client: Client) -> ClientMonth:
    today = timezone.localtime(timezone.now(), ZoneInfo(client.timezone))
    return ClientMonth.of(f"{today:%Y-%m}", client.timezone)


def report_for(client: Client) -> Report:
    return make_report(client, month_of(client), by=Actor.system(), at=timezone.now())


@pytest.mark.stands_at(datetime.fromisoformat("2026-11-30T12:00:00+00:00"))
@pytest.mark.in_zone("UTC")
def test_the_figures_are_those_of_the_monthly_report(
    world: World, browser: Browser, carla: Contact
) -> None:
    launched(world)
    told = as_json(monthly(world.acme, month_of(world.acme), at=timezone.now()))["figures"]

    page = words(browser.get("/portal/figures/"))

    assert told["met"]["of"]
    assert f"Targets met on time {told['met']['value']} of {told['met']['of']}" in page
    assert "Whose time it was: 2.0 of 4.0 days were waiting for you." in page
    assert f"Delivered {told['delivered']['value']}" in page
    assert f"Checked and proven {told['proven']['value']} of {told['proven']['of']}" in page


def test_what_waits_and_the_next_dates_are_shown(
    world: World, browser: Browser, carla: Contact
) -> None:
    make_request(
        world.acme, title="A film", wanted_date=(NOW + timedelta(days=20)).date(), contact=carla
    )
    page = words(browser.get("/portal/figures/"))

    assert "Nothing is waiting for you" in page
    assert "You need it by then: A film" in page


def test_reports_are_listed_read_and_downloaded(world: World, browser: Browser) -> None:
    row = report_for(world.acme)

    page = browser.get("/portal/figures/")
    report = browser.get(f"/portal/reports/{row.pk}/")

    assert f'href="/portal/reports/{row.pk}/report.pdf"' in page.content.decode()
    assert "What we promised" in words(report)
    for form, begins in (("html", b"<!doctype html>"), ("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbf")):
        file = browser.get(f"/portal/reports/{row.pk}/report.{form}")
        assert file.status_code == 200
        assert file.content.lower().startswith(begins.lower())
        assert file["Content-Disposition"].startswith("attachment")
    assert browser.get(f"/portal/reports/{row.pk}/report.json").status_code == 404


def test_a_withdrawn_report_says_so_without_the_reason_for_colleagues(
    world: World, browser: Browser
) -> None:
    row = report_for(world.acme)
    withdraw_report(row.pk, by=by(world.olga), at=timezone.now(), reason="Jonas miscounted")

    page, report = browser.get("/portal/figures/"), browser.get(f"/portal/reports/{row.pk}/")

    assert "Withdrawn" in words(page)
    assert "We have withdrawn this report" in words(report)
    assert "Jonas" not in words(page) + words(report)


def test_a_contact_finds_nothing_of_another_client(
    world: World, browser: Browser, zoe: Contact
) -> None:
    other = Client.objects.get(code="ZED")
    make_request(other, title="Zebra crossing", wanted_date=(NOW + timedelta(days=9)).date())
    row = report_for(other)

    mine = browser.get("/portal/figures/")

    assert "Zebra" not in words(mine)
    assert f"/portal/reports/{row.pk}/" not in mine.content.decode()
    for path in ("figures/?client=ZED", f"reports/{row.pk}/", f"reports/{row.pk}/report.pdf"):
        assert browser.get(f"/portal/{path}").status_code == 404
    assert "Zebra crossing" in words(browser_of(zoe).get("/portal/figures/"))


def test_a_contact_of_several_clients_chooses_one(world: World, zoe: Contact) -> None:
    both = invited(world, "Betty", (world.acme, VIEWER), (Client.objects.get(code="ZED"), VIEWER))
    browser = browser_of(both)

    assert "Figures of ACM Ltd" in words(browser.get("/portal/figures/"))
    assert "Figures of ZED Ltd" in words(browser.get("/portal/figures/?client=ZED"))


def test_work_of_the_demo_is_not_in_the_report_of_a_client_but_in_that_of_the_demos_own(
    world: World,
) -> None:
    User.objects.filter(pk=world.bob.pk).update(email=f"bob@{DOMAIN}")
    day = (NOW + timedelta(days=40)).date()
    practice = make_request(world.acme, title="Practice", wanted_date=day).item
    WorkItem.objects.filter(pk=practice.pk).update(owner=world.bob, backup=world.alice)
    of_demo = make_client("BRW", world.team, world.bob, world.alice)
    make_request(of_demo, title="Shown", wanted_date=day)

    def titles(client: Client) -> str:
        before = ClientMonth.of(f"{(day.replace(day=1) - timedelta(days=1)):%Y-%m}", "UTC")
        return str(as_json(monthly(client, before, at=timezone.now()))["sections"]["coming"])

    assert "Practice" not in titles(world.acme)
    assert "Shown" in titles(of_demo)


def test_more_requests_need_no_more_statements(world: World, browser: Browser) -> None:
    counts: list[int] = []
    for more in (1, 5):
        for number in range(more):
            make_request(world.acme, title=f"Request {more} {number}")
        browser.get("/portal/figures/")
        with CaptureQueriesContext(connection) as asked:
            browser.get("/portal/figures/")
        counts.append(len(asked))
    assert counts[0] == counts[1]
