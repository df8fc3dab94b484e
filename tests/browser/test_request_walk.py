"""One request, walked through the desk as a person does it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from delivery.models import Request
from tests.browser.conftest import SitDown
from tests.delivery.making import take_requests
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.browser


def panel(page: Page):
    return page.get_by_role("region", name="Next steps")


def press(page: Page, name: str) -> None:
    """Take a step from the panel, whether its button acts at once or asks first."""
    found = panel(page)
    found.get_by_role("button", name=name, exact=True).or_(
        found.get_by_role("link", name=f"{name}…", exact=True)
    ).click()


def test_from_signing_in_to_accepted_work(agency: World, sit_down: SitDown) -> None:
    take_requests(NOW)
    desk = sit_down(width=1440)
    page = desk.open("/admin/")
    page.get_by_label("Email").fill(agency.alice.email)
    page.locator("[name=password]").fill("a long enough password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()

    page.get_by_role("main").get_by_role("link", name="New request").click()
    page.get_by_label("Client", exact=True).select_option(label="ACM Ltd")
    page.get_by_label("What is it about?").fill("Trail Week landing page")
    expect(page.get_by_label("Channel").locator("option:checked")).to_have_text("Phone")
    expect(page.get_by_label("Owner").locator("option:checked")).to_have_text("As the flow decides")
    desk.check("request-new")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Created ACM-1. The owner is Alice.")).to_be_visible()
    expect(panel(page)).to_contain_text("There is no description.")
    expect(panel(page).get_by_role("button", name="Triage")).to_have_count(0)
    desk.check("request-refused")

    press(page, "Edit")
    page.get_by_label("Description").fill("One page, three films, a form.")
    page.get_by_role("button", name="Save changes").click()
    press(page, "Triage")
    expect(page.get_by_text("ACM-1: Triage done.")).to_be_visible()
    press(page, "Accept")
    expect(page.get_by_text("ACM-1: Accept done.")).to_be_visible()

    press(page, "Put on hold")
    page.get_by_label("Reason").fill("The budget is not settled.")
    page.get_by_role("button", name="Put on hold").click()
    expect(panel(page)).to_contain_text("The budget is not settled.")
    desk.check("request-held")
    press(page, "Resume")

    expect(page.get_by_role("region", name="Activity").get_by_role("listitem")).to_have_count(6)
    desk.check("request-accepted")
    row = Request.objects.get()
    assert row.state == Request.State.ACCEPTED
    # The flow gave it to the client's own pair. The agency's usual owner is Olga.
    assert row.item.run is not None
    assert row.item.run.flow.slug == "recorded-request"
    assert (row.item.owner, row.item.backup) == (agency.alice, agency.bob)


def test_a_bulk_step_with_a_result_for_each_row(agency: World, sit_down: SitDown) -> None:
    make_request(agency.acme, title="Ready")
    make_request(agency.acme, title="Empty", details="")
    desk = sit_down(agency.alice, width=1440)
    page = desk.open("/admin/delivery/request/")

    for box in page.get_by_label("Select record").all():
        box.check()
    page.get_by_label("Select action to run").select_option(label="Triage…")
    desk.check("bulk-choose")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("1 row would be refused and stay unchanged.")).to_be_visible()
    desk.check("bulk-confirm")
    page.get_by_role("button", name="Triage", exact=True).click()

    expect(page.get_by_role("heading", name="Triage: 1 done, 1 refused", level=1)).to_be_visible()
    desk.check("bulk-results")
    assert sorted(Request.objects.values_list("state", flat=True)) == ["captured", "triaged"]


def test_a_step_by_keyboard_alone(agency: World, sit_down: SitDown) -> None:
    row = make_request(agency.acme)
    desk = sit_down(agency.alice, width=1440)
    page = desk.open(f"/admin/delivery/request/{row.pk}/change/")

    page.keyboard.press("Tab")
    expect(page.locator(".tl-skip")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == "Triage":
            break
    page.keyboard.press("Enter")

    expect(page.get_by_text("ACM-1: Triage done.")).to_be_visible()


def test_the_menu_opens_on_a_phone(agency: World, sit_down: SitDown) -> None:
    desk = sit_down(agency.alice, width=390)
    page = desk.open("/admin/")

    page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.get_by_role("link", name="My work")).to_be_visible()
    page.get_by_role("button", name="Alice").click()
    page.get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_class("dark")
    desk.check("menu")


def test_an_open_page_follows_the_colours_of_the_system(agency: World, sit_down: SitDown) -> None:
    """The desk asked for them only while a page loaded, so no test had seen it in dark."""
    page = sit_down(agency.alice, width=390).open("/admin/")

    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_class("dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).not_to_have_class("dark")
