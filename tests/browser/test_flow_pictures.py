"""Changing a flow, switching it off and claiming events, as the how-tos show them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from delivery.flows import defaults
from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.flows.operations import copy
from routing.models import Flow, FlowVersion
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.switching import switch_off
from tests.browser.conftest import SitDown
from tests.desk import url
from tests.integrations.inbox.senders import make_connection
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.browser,
    pytest.mark.drill,
    pytest.mark.timeout(300),
    pytest.mark.requirement("G4", "G10"),
]


@pytest.fixture
def flow(agency: World) -> Flow:
    """Lead to brief is live, and the form that starts it is connected."""
    defaults.ensure(at=NOW)
    make_connection("form", agency)
    version = publish_lead_to_brief(
        owner=agency.olga,
        backup=agency.bob,
        high_value=agency.team,
        usual=agency.team,
        by=by(agency.olga),
        at=NOW,
    )
    return version.flow


def forms_come(kind: str, count: int) -> None:
    """Signed forms of one kind, captured and looked at."""
    deal = {"name": "Site", "amount": "9000", "currency": "EUR", "ends": "2027-06-30"}
    company, contact = {"name": "New", "domain": "new.example"}, {"name": "R", "email": "r@n.ex"}
    body = {"type": kind, "data": {"deal": deal, "company": company, "contact": contact}}
    signals = [
        Signal("form-main", kind, f"{kind}-{number}", "form", f"{kind}-{number}", NOW, body)
        for number in range(count)
    ]
    capture(signals, by=Actor.system(), at=NOW)
    advance(clock=lambda: NOW)


def test_a_change_is_read_before_it_is_live(agency: World, flow: Flow, sit_down: SitDown) -> None:
    forms_come("form.submitted", 2)
    draft = copy(flow.versions.get(), by=by(agency.olga), at=NOW, reason="Ends come later")
    fact = draft.fields.get(name="deal.ends")
    fact.required = False
    save_with_reason(fact, by=by(agency.olga), at=NOW, reason="Ends come later")
    desk = sit_down(agency.olga)

    page = desk.open(url(FlowVersion, "change", draft.pk))

    expect(page.get_by_text("New runs use v1 until you publish it.")).to_be_visible()
    desk.check("flow-change")

    # By keyboard: Try it, then a past event, and what the draft would do with it.
    page.get_by_role("link", name="Try it").press("Enter")
    page.get_by_role("link", name="Lead to brief: Site").first.press("Enter")
    expect(page.get_by_role("heading", name="What it would do")).to_be_visible()
    desk.check("flow-try")


def test_a_flow_that_is_off_says_what_waits(agency: World, flow: Flow, sit_down: SitDown) -> None:
    switch_off(flow.pk, by=by(agency.olga), at=NOW, reason="It assigns to the wrong team")
    forms_come("form.submitted", 3)
    desk = sit_down(agency.olga)

    page = desk.open(url(Flow, "change", flow.pk))

    expect(page.get_by_text("Switched off").first).to_be_visible()
    desk.check("flow-off")
    page.get_by_role("link", name="Switch on…").click()
    expect(page.get_by_role("heading", name="Switch on").first).to_be_visible()
    desk.check("flow-on")


def test_what_no_flow_takes_is_claimed(agency: World, flow: Flow, sit_down: SitDown) -> None:
    forms_come("form.waitlist", 4)
    desk = sit_down(agency.olga)

    page = desk.open("/admin/routing/flow/events/")
    desk.check("flow-unclaimed")
    page.get_by_role("link", name="form.waitlist").first.click()
    page.get_by_role("link", name="Claim for a flow…").click()

    expect(page.get_by_role("heading", name="Claim").first).to_be_visible()
    desk.check("flow-claim")
