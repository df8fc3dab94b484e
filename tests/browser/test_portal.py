"""
The portal as a client uses it: on a phone and on a desk, light and dark, by keyboard, from the code
to the request.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from delivery.flows.client_request import publish_client_request
from delivery.models import FormDraft, Request
from delivery.reports.months import ClientMonth
from delivery.reports.operations.making import make_report
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.models import Contact, Membership
from routing.runs.operations.advance import advance
from routing.sla.operations.calendars import ensure_defaults
from routing.work.operations import notes
from tests.browser.conftest import WIDTHS, Desk, SitDown
from tests.desk import url
from tests.files import png
from tests.portal import APPROVER, VIEWER, invited, other_client, user_of
from tests.storages import use
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = [pytest.mark.browser, pytest.mark.requirement("U3")]


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)


@pytest.fixture
def carla(agency: World) -> Contact:
    """An approver of two clients, with a form to fill in."""
    ensure_defaults(at=NOW, timezone="Europe/London", country="GB", region="ENG")
    publish_client_request(
        owner=agency.olga, backup=agency.bob, team=agency.team, by=by(agency.olga), at=NOW
    )
    cache.clear()
    return invited(agency, "Carla", (agency.acme, APPROVER), (other_client(agency), VIEWER))


def stories(agency: World, carla: Contact) -> dict[str, str]:
    at = timezone.now()
    asked = make_request(
        agency.acme, title="A film about the lodge", contact=carla, channel="portal"
    )
    second = make_request(agency.acme, title="Press pictures", contact=carla, channel="phone")
    for row in (asked, second):
        requests.ask(
            [row.pk],
            by=by(agency.alice),
            at=at - timedelta(hours=3),
            details=AskDetails(question="How long may it be?\n\nAnd in which languages?"),
        )
    own = make_request(
        agency.acme,
        title="A very-long-title-without-any-space-" * 4,
        contact=carla,
        channel="portal",
    )
    notes.add(
        own.item_id,
        body="Here is a first sketch.\n\nTell us what you think.",
        audience="client",
        by=by(agency.alice),
        at=at,
    )
    ended = make_request(agency.acme, Request.State.CLOSED, title="Last year's site", contact=carla)
    month = ClientMonth.of(f"{NOW:%Y-%m}", agency.acme.timezone)
    report = make_report(agency.acme, month, by=by(agency.alice), at=NOW)
    for state in (Request.State.ACCEPTED, Request.State.IN_DELIVERY, Request.State.DELIVERED):
        make_request(agency.acme, state, title=f"Work that is {state}")
    return {
        "home": "/portal/",
        "requests": "/portal/requests/",
        "requests-ended": "/portal/requests/?show=ended",
        "requests-nothing": "/portal/requests/?q=nothing",
        "question": f"/portal/requests/{asked.item.ref}/",
        "request": f"/portal/requests/{own.item.ref}/",
        "ended": f"/portal/requests/{ended.item.ref}/",
        "withdraw": f"/portal/requests/{own.item.ref}/withdraw/",
        "withdraw-refused": f"/portal/requests/{ended.item.ref}/withdraw/",
        "new": "/portal/new/",
        "figures": "/portal/figures/?client=ACM",
        "report": f"/portal/reports/{report.pk}/",
    }


@pytest.mark.timeout(300)
def test_every_page_is_accessible(agency: World, carla: Contact, sit_down: SitDown) -> None:
    seat = sit_down(user_of(carla))
    seat.check_all({f"portal-{name}": path for name, path in stories(agency, carla).items()})


def sign_in(seat: Desk) -> Page:
    """With a wrong code first, then with the one in the letter."""
    page = seat.open("/portal/")
    seat.check("portal-sign-in")
    page.get_by_label("Your e-mail address").fill("carla@client.test")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    seat.check("portal-code")
    page.get_by_label("Code").fill("WRONG")
    page.get_by_role("button", name="Sign in").click()
    seat.check("portal-code-wrong")
    while not mail.outbox:
        page.wait_for_timeout(20)
    code = re.search(r"^[A-Z0-9]+-[A-Z0-9]+$", str(mail.outbox[-1].body), re.MULTILINE)
    assert code is not None
    page.get_by_label("Code").fill(code[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Nothing is waiting for you")).to_be_visible()
    seat.check("portal-home-empty")
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_a_contact_signs_in_with_a_code_sends_a_request_and_sees_it(
    agency: World, carla: Contact, sit_down: SitDown, width: int
) -> None:
    seat = sit_down(None, width=width)
    page = sign_in(seat)

    page.get_by_role("link", name="New request").click()
    page.get_by_label("What is it, in a few words?").fill("A film about the lodge")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("What is it, in a few words?")).to_have_value("A film about the lodge")
    seat.check("portal-new-wrong")
    page.get_by_label("What kind of work is it?").select_option("Something new")
    page.get_by_label("What do you need, and what for?").fill("Two minutes, for the trade fair.")
    page.get_by_label("Files").set_input_files(
        {"name": "lodge.png", "mimeType": "image/png", "buffer": png()}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We have received your request")).to_be_visible()
    seat.check("portal-sent")
    advance(clock=timezone.now)
    expect(page.get_by_role("heading", name="A film about the lodge")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("In review")).to_be_visible()
    expect(page.get_by_role("link", name="lodge.png")).to_be_visible()
    seat.check("portal-request-new")

    page.get_by_role("button", name="Sign out").click()
    assert "/portal/" not in page.url


def test_a_question_is_answered_by_keyboard_alone(
    agency: World, carla: Contact, sit_down: SitDown
) -> None:
    row = make_request(agency.acme, title="A film", contact=carla)
    requests.ask([row.pk], by=by(agency.alice), at=NOW, details=AskDetails(question="How long?"))
    page = sit_down(user_of(carla)).open("/portal/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="A film", exact=True).first).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Your answer").focus()
    page.keyboard.type("Two minutes")
    page.keyboard.press("Tab")  # the files
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Thank you. We will continue with your request.")).to_be_visible()
    assert Request.objects.get(pk=row.pk).state == Request.State.CAPTURED


def test_h10_text_is_there_again_after_the_session_ended_while_typing(
    agency: World, carla: Contact, sit_down: SitDown
) -> None:
    row = make_request(agency.acme, title="A film", contact=carla)
    requests.ask([row.pk], by=by(agency.alice), at=NOW, details=AskDetails(question="How long?"))
    page = sit_down(user_of(carla)).open(f"/portal/requests/{row.item.ref}/")
    answer = page.get_by_label("Your answer")

    with page.expect_response(lambda response: response.url.endswith("/portal/drafts/")):
        answer.fill("Two minutes")
    cookies: Any = page.context.cookies()
    page.context.clear_cookies(name="throughline_session")
    answer.fill("Two minutes and a half")
    expect(page.get_by_text("You have been signed out.")).to_be_visible()
    page.get_by_role("button", name="Send answer").click()
    page.wait_for_url("**/accounts/login/code/**")
    page.context.add_cookies(cookies)  # what signing in gives
    page.goto(page.url.split("/accounts/")[0] + f"/portal/requests/{row.item.ref}/")

    expect(page.get_by_label("Your answer")).to_have_value("Two minutes and a half")
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_text("Thank you. We will continue with your request.")).to_be_visible()
    assert not FormDraft.objects.exists()


def test_the_list_changes_without_loading_the_page(
    agency: World, carla: Contact, sit_down: SitDown
) -> None:
    make_request(agency.acme, title="A film")
    make_request(agency.acme, Request.State.CLOSED, title="Last year's site")
    seat = sit_down(user_of(carla), width=390)
    page = seat.open("/portal/requests/")
    page.evaluate("window.stayed = true")

    page.get_by_label("Show").select_option("ended")

    expect(page.get_by_text("Last year's site")).to_be_visible()
    expect(page.get_by_text("A film")).not_to_be_visible()
    assert page.evaluate("window.stayed")
    assert "show=ended" in page.url
    seat.check("portal-list-by-htmx")


@pytest.mark.parametrize("width", WIDTHS)
def test_access_is_given_and_taken_at_the_desk(
    agency: World, carla: Contact, sit_down: SitDown, width: int
) -> None:
    loose = make_contact("Tom", "tom@client.test")
    new = make_contact("Nora", "nora@client.test")
    Membership.objects.create(contact=new, client=agency.acme, role=APPROVER)
    desk = sit_down(agency.alice, width=width)

    for name, page, contact in (
        ("contact-with-access", "change", carla),
        ("invite", "invite", new),
        ("invite-refused", "invite", loose),
        ("withdraw-access", "withdraw", carla),
    ):
        desk.open(url(Contact, page, contact.pk))
        desk.check(name)
