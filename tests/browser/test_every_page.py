"""
Every page of the desk, on a desk and on a phone, light and dark: accessible, and no wider than the
screen.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from delivery.models import Request
from routing.audit.operations.seals import seal
from routing.models import (
    Client,
    Clock,
    Contact,
    Event,
    FlowReview,
    Membership,
    Seal,
    Team,
    User,
    WorkItem,
)
from routing.runs.operations.reviews import draw_by_hand
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.work.operations import items
from tests.browser.conftest import SitDown
from tests.desk import url
from tests.routing.runs.stories import usual_flow
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = [pytest.mark.browser, pytest.mark.requirement("Q22")]

DASHBOARDS = ("operations", "clients", "leadership")


def pages(agency: World) -> dict[str, str]:
    contact = make_contact()
    Membership.objects.create(contact=contact, client=agency.acme, role="approver")
    row, held = (
        make_request(agency.acme, contact=contact),
        make_request(agency.acme, title="A film", details=""),
    )
    make_request(agency.acme, Request.State.REJECTED, title="Too much")
    items.hold([held.item_id], by=by(agency.alice), at=NOW, reason="The budget is not settled.")
    start([row.item, held.item], ensure_defaults(at=NOW), timezone.now())
    seal(at=NOW)
    verbs = ("triage", "ask", "edit", "mark_duplicate", "hand_over", "reject")
    steps = {f"step-{verb}": url(Request, "step", row.pk, verb) for verb in verbs}
    flow = usual_flow(agency)
    review = draw_by_hand(flow.flow_id, by=by(agency.olga), at=NOW, seed=1)
    return {
        "monday": reverse("admin:routing_run_monday"),
        "review": url(FlowReview, "change", review.pk),
        "today": "/admin/",
        "my-work": url(WorkItem, "changelist"),
        "all-work": url(WorkItem, "changelist") + "?whose=all&open=all",
        "requests": url(Request, "changelist"),
        "nothing-found": url(Request, "changelist") + "?q=nothing",
        "new-request": url(Request, "add"),
        "request": url(Request, "change", row.pk),
        "request-on-hold": url(Request, "change", held.pk),
        "step-refused": url(Request, "step", held.pk, "accept"),
        **steps,
        "clients": url(Client, "changelist"),
        "client": url(Client, "change", agency.acme.pk),
        "client-history": url(Client, "history", agency.acme.pk),
        "contacts": url(Contact, "changelist"),
        "contact": url(Contact, "change", contact.pk),
        "erase": url(Contact, "erase", contact.pk),
        "people": url(User, "changelist"),
        "person": url(User, "change", agency.bob.pk),
        "new-person": url(User, "add"),
        "leave": url(User, "deactivate", agency.bob.pk),
        "teams": url(Team, "changelist"),
        "team": url(Team, "change", agency.team.pk),
        "kept": reverse("admin:routing_clock_kept"),
        "figures": reverse("admin:routing_clock_figures"),
        **{f"dashboard-{name}": reverse("dashboard", args=[name]) for name in DASHBOARDS},
        "events": url(Event, "changelist"),
        "seals": url(Seal, "changelist"),
    }


@pytest.mark.drill  # takes most of a minute
@pytest.mark.timeout(300)
def test_every_page_is_accessible(agency: World, sit_down: SitDown) -> None:
    desk = sit_down(agency.olga)
    desk.check_all(pages(agency))


def test_the_filters_open_and_are_accessible(agency: World, sit_down: SitDown) -> None:
    make_request(agency.acme)
    desk = sit_down(agency.olga)
    page = desk.open(url(Request, "changelist"))

    page.get_by_role("button", name="Filters").click()
    desk.check("filters")
    page.get_by_role("link", name="Ended").click()

    assert "open=ended" in page.url


@pytest.mark.requirement("M14")
def test_dashboards_with_numbers_are_accessible(agency: World, sit_down: SitDown) -> None:
    ahead = make_request(agency.acme, title="A film").item
    start([ahead], ensure_defaults(at=NOW), timezone.now())
    late = make_request(agency.acme, title="A page")
    start([late.item], ensure_defaults(at=NOW), timezone.now() - timedelta(days=9))
    Clock.objects.filter(item=late.item).update(breached_at=timezone.now() - timedelta(days=8))
    WorkItem.objects.filter(pk=late.item_id).update(next_due_at=NOW - timedelta(days=8))
    for user, names in (
        (agency.olga, ("operations", "leadership")),
        (agency.alice, ("clients", "team")),
    ):
        desk = sit_down(user)
        desk.check_all({f"dash-{name}": reverse("dashboard", args=[name]) for name in names})
    page = desk.open(reverse("dashboard", args=["team"]))

    page.get_by_text("The same numbers as a table").last.click()
    page.locator("#panel-breaches").scroll_into_view_if_needed()
    links = page.locator(".ch-columns a[href*='/breaches/']")
    links.first.focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/figures/rows/breaches/**")
    assert late.item.ref in page.content()
