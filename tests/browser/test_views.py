"""Narrowing a list, choosing its columns and saving it as a view, by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from delivery.models import Request
from tests.browser.conftest import WIDTHS, SitDown
from tests.desk import url
from tests.world import World, make_client, make_request

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_list_is_narrowed_by_keyboard_and_saved_as_a_view(
    agency: World, sit_down: SitDown, width: int
) -> None:
    other = make_client("OTH", agency.team, agency.alice, agency.bob)
    for client, title in ((agency.acme, "Garden poster"), (other, "Harbour poster")):
        make_request(client, title=title)
    desk = sit_down(agency.alice, width=width)
    page = desk.open(url(Request, "changelist"))

    page.locator("summary", has_text="Add filter").focus()
    page.keyboard.press("Enter")
    desk.check("list-add-filter")
    page.get_by_role("textbox", name="Client").fill("oth")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("client="))
    chips = page.get_by_role("list", name="Active filters")
    expect(chips).to_contain_text("Client: OTH Ltd")
    expect(page.get_by_role("link", name=re.compile("Harbour poster"))).to_be_visible()
    expect(page.get_by_text("Garden poster")).to_have_count(0)

    page.locator("summary", has_text="Columns").focus()
    page.keyboard.press("Enter")
    page.get_by_role("spinbutton", name="Backup").fill("2")
    desk.check("list-columns")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("cols="))

    page.get_by_role("link", name="Save as view").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Harbour work")
    desk.check("view-save")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("view=harbour-work"))
    expect(page.get_by_role("link", name="Harbour work").last).to_be_visible()
    expect(page.locator("[data-count-of=harbour-work]").first).to_have_text("1")
    desk.check("list-view")

    page.get_by_role("link", name=re.compile("Client: OTH Ltd")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Garden poster")).to_be_visible()
    expect(page.get_by_text("changed", exact=True)).to_be_visible()


def test_the_page_of_a_view_is_accessible(agency: World, sit_down: SitDown) -> None:
    desk = sit_down(agency.alice)
    page = desk.open(f"{url(Request, 'changelist')}?open=all&state=captured,nonsense")
    expect(page.get_by_role("status")).to_contain_text("no value of the filter")
    desk.check("list-unknown-value")
    page.get_by_role("link", name="Remove filter").last.click()
    page.get_by_role("link", name="Save as view").click()
    page.get_by_label("Name").fill("New ones")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("view=new-ones"))

    desk.open("/admin/routing/view/")
    desk.check("views")
    page.get_by_role("link", name="Details New ones").click()
    expect(page.get_by_role("button", name="Remove view")).to_be_visible()
    desk.check("view-page")
