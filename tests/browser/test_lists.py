"""
Searching all work and turning the pages of a list, with the keyboard and without JavaScript of
ours.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from delivery.models import Request
from routing.desk.base import DeskAdmin
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from tests.browser.conftest import WIDTHS, SitDown
from tests.desk import url
from tests.world import NOW, World, make_request

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", WIDTHS)
def test_search_is_on_every_page_and_a_reference_leads_straight_to_its_work(
    agency: World, sit_down: SitDown, width: int
) -> None:
    for title in ("Garden catalogue", "Garden poster"):
        make_request(agency.acme, title=title)
    desk = sit_down(agency.alice, width=width)
    page = desk.open("/admin/find/?q=nothing+like+it")
    desk.check("search-none")

    page.get_by_role("searchbox").last.fill("garden")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="ACM-1 Garden catalogue")).to_be_visible()
    desk.check("search-found")
    page.get_by_role("searchbox").last.fill("acm-2")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("Garden poster"))


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_of_a_list_are_turned_by_links(
    agency: World, sit_down: SitDown, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(DeskAdmin, "list_per_page", 3)
    for number in range(7):
        make_request(agency.acme, title=f"Poster {number}")
    desk = sit_down(agency.alice, width=width)
    page = desk.open(url(Request, "changelist"))

    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("Page 2")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Poster 3"))).to_be_visible()
    desk.check("list-second-page")
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("link", name=re.compile("Poster 0"))).to_be_visible()


def test_a_card_on_a_phone_begins_with_its_name_and_has_no_empty_lines(
    agency: World, sit_down: SitDown
) -> None:
    """Exceptions had nine lines each, of which two were dashes, and their names were cut."""
    row = make_request(agency.acme, title="The garden catalogue of next spring, in three languages")
    case = raise_exception(ExceptionFinding(Reason.NO_ANSWER, item=row.item), at=NOW)
    assert case is not None
    desk = sit_down(agency.alice, width=390)
    page = desk.open(url(ExceptionCase, "changelist"))

    card = page.locator("#result_list tbody tr")
    expect(card).to_contain_text("in three languages")
    first = card.locator(".tl-first")
    assert first.evaluate("cell => getComputedStyle(cell, '::before').content") == "none"
    expect(card.locator(".field-stopped_at")).to_be_hidden()
    desk.check("list-cards")

    first.get_by_role("link").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("in three languages")
    # Awaited, because the font may come after the text.
    page.wait_for_function(
        "title => title.scrollHeight <= title.clientHeight", arg=heading.element_handle()
    )
    desk.check("exception-long-name")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.go_back()
    expect(page.locator(".field-stopped_at")).to_be_visible()
