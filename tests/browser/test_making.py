"""
Making, walked at the desk: a brief is planned and agreed, a version made, judged and approved.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from delivery.approvals.operations import deliverables
from delivery.flows.defaults import ensure_checks
from delivery.models import Approval, Brief, Check, Deliverable
from routing.models import Destination, Membership
from tests.browser.conftest import SitDown
from tests.browser.test_request_walk import panel, press
from tests.delivery.making import (
    DRAFT,
    done,
    fresh,
    hand_in,
    make_brief,
    make_deliverables,
    make_destination,
    make_engagement,
    question,
    say,
    with_the_client,
)
from tests.desk import url
from tests.files import png
from tests.world import NOW, World, by, make_contact

pytestmark = pytest.mark.browser


@pytest.mark.timeout(300)
def test_from_a_brief_to_an_approved_version(
    agency: World, sit_down: SitDown, tmp_path: Path
) -> None:
    ensure_checks(at=NOW)
    blog = make_destination(agency, name="Acme blog")
    brief = make_brief(agency, engagement=make_engagement(agency))
    Membership.objects.create(contact=make_contact(), client=agency.acme, role="approver")
    plan_it(sit_down, agency, brief)
    approve_it(sit_down, agency, brief)
    page = Deliverable.objects.get(item__title="Trail Week")
    assert page.destination == blog

    make_it(sit_down, agency, page, tmp_path)
    sign_it(sit_down, agency, page)
    finish_it(sit_down, agency, page, tmp_path)

    assert (
        Deliverable.objects.get(pk=page.pk).state == Deliverable.State.PUBLISH_FAILED
    )  # its destination has no connection


def plan_it(sit_down: SitDown, agency: World, brief: Brief) -> None:
    desk = sit_down(agency.alice, width=1440)
    page = desk.open(url(Brief, "change", brief.pk))
    press(page, "Edit")
    row = page.locator(".tl-plan tbody tr").nth(1)
    row.get_by_label("Title").fill("Trail Week")
    row.get_by_label("Destination").select_option(label="Acme blog")
    row.get_by_label("Amount").fill("2500.50")
    page.get_by_role("button", name="Add a row").click()
    expect(page.locator(".tl-plan tbody tr")).to_have_count(4)
    expect(page.locator("[data-total=amount]")).to_have_text("3,500.50")
    desk.check("brief-edit")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("region", name="Planned deliverables")).to_contain_text("Trail Week")
    press(page, "Request approval")
    desk.check("brief-in-review")


def approve_it(sit_down: SitDown, agency: World, brief: Brief) -> None:
    desk = sit_down(agency.bob, width=1440)
    page = desk.open(url(Brief, "change", brief.pk))
    press(page, "Approve")
    expect(
        page.get_by_role("region", name="Deliverables", exact=True).get_by_role("listitem")
    ).to_have_count(2)
    desk.check("brief-approved")


def make_it(sit_down: SitDown, agency: World, row: Deliverable, folder: Path) -> None:
    picture = folder / "hero.png"
    picture.write_bytes(png(800, 500))
    desk = sit_down(agency.cora, width=1440)
    page = desk.open(url(Deliverable, "change", row.pk))
    press(page, "Start production")
    press(page, "Upload version")
    page.get_by_label("Text", exact=False).and_(page.locator("textarea.tl-code")).fill(
        '<h2>Three days on the trail</h2><p onclick="x()">Come along.</p><img src="asset:hero.png" '
        'alt="Two walkers on a ridge">'
    )
    page.get_by_label("More files").set_input_files(picture)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("Files received.")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("Trail Week")
    desk.check("upload")
    page.get_by_label("Alt text").fill("Two walkers on a ridge")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("Removed from the text: onclick on <p>.")).to_be_visible()
    frame = page.frame_locator("iframe.tl-frame")
    expect(frame.get_by_role("heading", name="Three days on the trail")).to_be_visible()
    page.locator("iframe.tl-frame").scroll_into_view_if_needed()
    assert (
        frame.locator("img").evaluate(
            "async image => { await image.decode(); return image.naturalWidth }"
        )
        > 0
    )
    press(page, "Submit for QA")


def sign_it(sit_down: SitDown, agency: World, row: Deliverable) -> None:
    desk = sit_down(agency.quin, width=1440)
    page = desk.open(url(Deliverable, "changelist") + "?sign=mine")
    desk.check("deliverables-to-sign")
    page.get_by_role("link", name="Trail Week").click()
    desk.check("deliverable-in-qa")
    press(page, "Sign off")
    page.get_by_label("Passed").check()
    desk.check("sign-off")
    page.get_by_role("button", name="Sign off", exact=True).click()
    expect(page.get_by_text("Sign off done.")).to_be_visible()


def finish_it(sit_down: SitDown, agency: World, row: Deliverable, folder: Path) -> None:
    desk = sit_down(agency.alice, width=1440)
    page = desk.open(url(Deliverable, "change", row.pk))
    asked = page.get_by_role("region", name="Waiting for the agency")
    desk.check("deliverable-in-review")
    asked.get_by_role("link", name="Approve…").click()
    desk.check("approve")
    page.get_by_role("button", name="Approve", exact=True).click()
    press(page, "Ask client")
    page.get_by_role("region", name="Waiting for the client").get_by_role(
        "link", name="Record the client's decision…"
    ).click()
    page.get_by_label("Decided by").select_option(label="Carla Client")
    page.get_by_role("button", name="Record", exact=True).click()
    # No decision is preselected, so that none is recorded which nobody chose.
    expect(page.get_by_text("This field is required.")).to_have_count(1)
    expect(page.get_by_text("Add evidence, such as an e-mail or minutes.")).to_be_visible()
    desk.check("record")
    mail = folder / "yes.txt"
    mail.write_text("Yes, go ahead.")
    page.get_by_label("Decision").select_option(label="Approves")
    page.get_by_label("Evidence").set_input_files(mail)
    page.get_by_role("button", name="Record", exact=True).click()
    # It failed at once, and can be tried again.
    expect(panel(page).get_by_role("button", name="Publish")).to_have_count(1)
    desk.check("deliverable-approved")


def test_without_scripts_the_plan_still_grows(agency: World, sit_down: SitDown) -> None:
    brief = make_brief(agency)
    desk = sit_down(agency.alice, width=1440)
    page = desk.open(url(Brief, "step", brief.pk, "edit"))
    page.route("**/desk.js", lambda route: route.abort())
    page.reload()

    page.get_by_role("button", name="Add a row").click()

    expect(page.get_by_text("Added a row.")).to_be_visible()
    expect(page.locator(".tl-plan tbody tr")).to_have_count(4)


def pages(agency: World) -> dict[str, str]:
    ensure_checks(at=NOW)
    Check.objects.filter(kind="judgment").update(is_active=False)
    Check.objects.create(
        name="No coming soon", kind="forbidden_terms", params={"terms": ["coming soon"]}
    )
    make_destination(agency, kind="static", name="Help pages")
    plan = [
        {"key": str(n), "title": title, "format": "page", "amount": "1200", "hours": "8.5"}
        for n, title in enumerate(TITLES)
    ]
    # A brief is not approved while nobody at the client is known.
    asker = make_contact("Paula Pages", "paula@acme.test")
    Membership.objects.create(contact=asker, client=agency.acme, role="requester")
    planned, back, asked = make_deliverables(agency, planned=plan)
    bad = DRAFT.__class__({**DRAFT.texts, "body_html": "<h2>Coming soon</h2><h4>Too deep</h4>"})
    hand_in(agency, back, bad)
    with_the_client(agency, asked)
    say(asked, "changes", "The second paragraph is not ours.")
    with_the_client(
        agency,
        fresh(asked),
        DRAFT.__class__({**DRAFT.texts, "body_html": "<h2>Welcome</h2><p>To our newest page.</p>"}),
    )
    draft = make_brief(agency)
    done(deliverables.start([planned.pk], by=by(agency.cora), at=NOW))
    about = question(asked)
    return {
        "deliverables": url(Deliverable, "changelist"),
        "deliverable-planned": url(Deliverable, "change", planned.pk),
        "deliverable-rework": url(Deliverable, "change", back.pk),
        "deliverable-with-client": url(Deliverable, "change", asked.pk),
        "version": url(Deliverable, "version", asked.pk, 2),
        "version-failed": url(Deliverable, "version", back.pk, 1),
        "approvals": url(Approval, "changelist"),
        "approval": url(Approval, "change", about.pk),
        "approval-record": url(Approval, "step", about.pk, "record"),
        "brief-draft": url(Brief, "change", draft.pk),
        "brief-plan": url(Brief, "step", draft.pk, "edit"),
        "checks": url(Check, "changelist"),
        "check-kinds": url(Check, "add"),
        "check": url(Check, "change", Check.objects.get(name="No coming soon").pk),
        "destinations": url(Destination, "changelist"),
        "destination": url(Destination, "change", Destination.objects.latest("pk").pk),
    }


TITLES = ("Landing page for Trail Week", "Sizing guide", "Repair days")


@pytest.mark.drill  # takes most of a minute
@pytest.mark.timeout(300)
def test_every_page_of_making_is_accessible(agency: World, sit_down: SitDown) -> None:
    desk = sit_down(agency.olga)
    desk.check_all(pages(agency))
