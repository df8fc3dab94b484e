"""
An operations lead builds a flow from nothing to published, by mouse and by keyboard alone, and
enters no name that only the system knows.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from delivery.flows import defaults
from delivery.models import Request
from routing.models import Flow, FlowVersion
from tests.browser.conftest import Desk, SitDown
from tests.browser.hands import Hand, Keyboard, Mouse, field
from tests.world import NOW, World

pytestmark = [
    pytest.mark.browser,
    pytest.mark.drill,
    pytest.mark.timeout(300),
    pytest.mark.requirement("T4"),
]
TITLE = "What is it about?"
HANDS: dict[str, Callable[[Page], Hand]] = {"mouse": lambda _: Mouse(), "keyboard": Keyboard}


@pytest.mark.parametrize("name", HANDS)
def test_a_flow_is_built_from_nothing_and_takes_what_is_recorded(
    agency: World, sit_down: SitDown, name: str
) -> None:
    defaults.ensure(at=NOW)
    desk = sit_down(agency.olga)
    hand = HANDS[name](desk.page)
    enter_in_catalogue(desk, hand)
    build_draft(desk, hand)
    ask(desk, hand)
    assert not FlowVersion.objects.get(flow__slug="internal-requests").published_at

    other = sit_down(agency.bob)
    agree(other, HANDS[name](other.page))
    record_request(desk, hand)

    flow = Flow.objects.get(slug="internal-requests")
    request = Request.objects.get(item__title="A meeting room")
    assert request.item.run is not None
    assert (request.item.run.flow, request.item.owner) == (flow, agency.alice)


def enter_in_catalogue(desk: Desk, hand: Hand) -> None:
    page = desk.open("/admin/routing/flow/")
    hand.press(page.get_by_role("link", name="Add flow"))
    hand.enter(field(page, "Name"), "Internal requests")
    hand.enter(field(page, "Purpose"), "Gives what the agency asks of itself an owner.")
    hand.enter(field(page, "Outcome"), "Whoever asked has what was agreed.")
    hand.enter(field(page, "Metric"), "Internal requests answered in time")
    hand.choose(field(page, "Policy owner"), "Olga")
    hand.choose(field(page, "Policy backup"), "Bob")
    hand.choose(field(page, "Criticality"), "May pause")
    hand.enter(field(page, "May change"), "Throughline: requests")
    hand.enter(field(page, "Runbook"), "Fill in what is missing, then resolve the exception.")
    hand.enter(field(page, "Reason"), "Nobody owns internal work.")
    hand.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("Create the first version now.")).to_be_visible()
    desk.check("flow-new")


def build_draft(desk: Desk, hand: Hand) -> None:
    page = desk.page
    hand.press(page.get_by_role("link", name="New draft…"))
    hand.enter(field(page, "Reason"), "The first version.")
    hand.press(page.get_by_role("button", name="Create draft"))
    expect(page.get_by_text("The version has no trigger. Add one.")).to_be_visible()

    hand.enter(field(page, "Work title"), f"{{{TITLE}}}")
    hand.enter(field(page, "Success criteria"), "Every internal request has an owner at once")
    triggers = page.get_by_role("group", name="Triggers", exact=True)
    add_row(triggers, "Trigger", hand)
    hand.choose(field(triggers, "Event").first, "Request recorded by hand")
    hand.choose(field(triggers, "Field").first, "Client")
    hand.enter(field(triggers, "Value").first, "ACM Ltd")
    facts = page.get_by_role("group", name="Required facts")
    for number, label in enumerate((TITLE, "Client")):
        add_row(facts, "Field", hand)
        hand.enter(field(facts, "Fact").nth(number), label)
        hand.tick(field(facts, "Required").nth(number))
    rules = page.get_by_role("group", name="Rules in order")
    add_row(rules, "Rule", hand)
    hand.enter(field(rules, "Name").first, "Every internal request")
    hand.choose(field(rules, "Team").first, "North")
    hand.tick(field(rules, "Prefer account owner").first)
    hand.enter(field(page, "Reason"), "As we agreed on Monday.")
    hand.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("Saved Internal requests v1.")).to_be_visible()
    desk.check("flow-draft")


def add_row(rows: Locator, name: str, hand: Hand) -> None:
    hand.press(rows.get_by_role("link", name=f"Add another {name}"))


def ask(desk: Desk, hand: Hand) -> None:
    page = desk.page
    hand.press(page.get_by_role("link", name="Ask for approval…"))
    hand.enter(field(page, "Reason"), "As we agreed on Monday.")
    hand.press(page.get_by_role("button", name="Ask for approval"))
    expect(page.get_by_text("so two people must agree. Asked: Bob")).to_be_visible()
    desk.check("flow-asked")


def agree(desk: Desk, hand: Hand) -> None:
    page = desk.open("/admin/")
    hand.press(page.get_by_role("link", name="Publish Internal requests v1").first)
    hand.press(page.get_by_role("link", name="Approve and publish…"))
    hand.enter(field(page, "Reason"), "It is what we need.")
    hand.press(page.get_by_role("button", name="Approve and publish"))
    expect(page.get_by_text("Approve and publish done.")).to_be_visible()


def record_request(desk: Desk, hand: Hand) -> None:
    page = desk.open("/admin/")
    hand.press(page.get_by_role("main").get_by_role("link", name="New request"))
    hand.choose(field(page, "Client"), "ACM Ltd")
    hand.enter(field(page, TITLE), "A meeting room")
    hand.press(page.get_by_role("button", name="Create"))
    expect(page.get_by_text("The owner is Alice.")).to_be_visible()
