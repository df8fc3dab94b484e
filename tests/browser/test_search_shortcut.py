"""Ctrl+K leads to the search, on every page and without an error."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.world import World, make_request

pytestmark = pytest.mark.browser


def test_ctrl_k_leads_to_the_search_g2(agency: World, sit_down: SitDown) -> None:
    made = make_request(agency.acme, title="Café in Zürich")
    desk = sit_down(agency.alice, width=1440)
    page = desk.open("/admin/delivery/request/")

    page.keyboard.press("Control+k")
    expect(page.locator("#find-all")).to_be_focused()
    page.keyboard.type("zurich")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name=made.item.ref)).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.locator("#find")).to_be_focused()
    desk.check("search-people")


def test_ctrl_k_leads_there_also_where_the_box_is_hidden_g2(
    agency: World, sit_down: SitDown
) -> None:
    page = sit_down(agency.alice, width=390).open("/admin/delivery/request/")

    page.keyboard.press("Control+k")

    expect(page.locator("#find")).to_be_visible()
