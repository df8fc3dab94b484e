"""
Deciding and changing as a client does it: on a phone and on a desk, and with a version that would
rather run than be read.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django import Settings

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.deliverables.details import GoLiveDetails
from delivery.deliverables.operations.versions import Draft, DraftFile
from delivery.flows.client_change import publish_client_change
from delivery.models import Approval, Deliverable, Request, Version
from delivery.progress.operations import impacts
from delivery.requests.details import StateImpactDetails
from routing.models import Contact, WorkItem
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.sla.operations.calendars import ensure_defaults
from routing.work.creation import create
from routing.work.door import carry
from routing.work.operations.files import keep
from tests.browser.conftest import WIDTHS, SitDown
from tests.delivery.making import (
    done,
    fresh,
    hand_in,
    make_deliverables,
    make_destination,
    question,
)
from tests.delivery.portal.test_deciding import with_carla
from tests.files import png
from tests.portal import APPROVER, REQUESTER, invited, user_of
from tests.storages import use
from tests.world import NOW, World, by

pytestmark = [pytest.mark.browser, pytest.mark.requirement("T14", "U3")]
EVIL = """
<h2>Read me</h2>
<script>document.title = "ran"; parent.document.title = "ran"; fetch("/portal/?stolen")</script>
<img src="/nothing" onerror="parent.document.title = 'ran'"><svg onload="parent.document.title = 'ran'"></svg>
<iframe srcdoc="<script>top.document.title = 'ran'</script>"></iframe>
<form action="/accounts/logout/" method="post"><button>Click me</button></form>
<a href="javascript:parent.document.title = 'ran'">A link</a>
<meta http-equiv="refresh" content="0; url=/portal/">
"""  # noqa: E501


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)


@pytest.fixture
def carla(agency: World) -> Contact:
    ensure_defaults(at=NOW, timezone="Europe/London", country="GB", region="ENG")
    publish_client_change(
        owner=agency.olga, backup=agency.bob, team=agency.team, by=by(agency.olga), at=NOW
    )
    return invited(agency, "Carla", (agency.acme, APPROVER))


def draft(agency: World, text: str) -> Draft:
    image = keep(
        ContentFile(png(320, 120)), name="lodge.png", client=agency.acme, by=by(agency.cora), at=NOW
    )
    body = f'<h2>Welcome</h2><p>{text}</p><p><img src="asset:{image.sha256}" alt="The lodge at night"></p><p><a href="https://acme.test/">More</a></p>'  # noqa: E501
    texts = {
        "title": "The lodge",
        "slug": "lodge",
        "excerpt": "Open all winter.",
        "body_html": body,
        "note": "With the picture you sent.",
    }
    return Draft(texts, parts=[DraftFile(image.pk, "content", "The lodge at night")])


def second_version(agency: World) -> Deliverable:
    """The client saw the first one, asked for changes, and is asked about the second."""
    row = with_carla(agency, draft(agency, "Our lodge is open from December to March."))
    asked, client = question(row), by(user_of(Contact.objects.get(full_name="Carla")))
    done(
        approvals.request_changes(
            [asked.pk],
            by=client,
            at=timezone.now(),
            details=DecideDetails(digest=asked.digest, comment="April too, please."),
        )
    )
    hand_in(
        agency, fresh(row), draft(agency, "Our lodge is open from December to April, every day.")
    )
    done(
        approvals.approve(
            [question(row).pk], by=by(agency.alice), at=timezone.now(), details=DecideDetails()
        )
    )
    done(deliverables.ask_client([row.pk], by=by(agency.alice), at=timezone.now()))
    return fresh(row)


def live(agency: World) -> Deliverable:
    planned = [
        {
            "key": "one",
            "title": "Winter page",
            "format": "page",
            "destination": make_destination(agency).pk,
            "amount": "1000",
        }
    ]
    [row] = make_deliverables(agency, planned=planned)
    hand_in(agency, row, draft(agency, "Winter."))
    done(
        approvals.approve([question(row).pk], by=by(agency.alice), at=NOW, details=DecideDetails())
    )
    done(carry(deliverables.approve, [row.pk], by=Actor.system(), at=NOW))
    done(deliverables.publish([row.pk], by=by(agency.alice), at=NOW))
    done(
        carry(
            deliverables.go_live,
            [row.pk],
            by=Actor.system(),
            at=NOW,
            details=GoLiveDetails(url="https://acme.test/winter"),
        )
    )
    return fresh(row)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_version_is_looked_at_and_decided(
    agency: World, carla: Contact, sit_down: SitDown, width: int
) -> None:
    row = second_version(agency)
    rita = sit_down(user_of(invited(agency, "Rita", (agency.acme, REQUESTER))), width=width)
    rita.open("/portal/")
    rita.check("portal-home-others")
    rita.open(f"/portal/questions/{question(row).item.ref}/")
    rita.check("portal-question-to-look-at")

    seat = sit_down(user_of(carla), width=width)
    page = seat.open("/portal/")
    seat.check("portal-home-decision")
    page.get_by_role("link", name="Landing page", exact=True).first.click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("every day")).to_be_visible()
    picture = frame.get_by_role("img", name="The lodge at night")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0
    seat.check("portal-question")
    page.get_by_role("button", name="Request changes").click()
    expect(page.get_by_role("alert")).to_be_focused()
    seat.check("portal-question-wrong")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("We have recorded your approval")).to_be_visible()
    seat.check("portal-question-approved")
    assert Deliverable.objects.get(pk=row.pk).state == Deliverable.State.APPROVED
    seat.open(f"/portal/questions/{question_before(row).item.ref}/")
    seat.check("portal-question-over")


def question_before(row: Deliverable) -> Approval:
    return (
        Approval.objects.select_related("item")
        .filter(version__deliverable=row, audience="client")
        .earliest("pk")
    )


@pytest.mark.timeout(300)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_change_of_what_is_live_is_asked_for_and_agreed_to(
    agency: World, carla: Contact, sit_down: SitDown, width: int
) -> None:
    row = live(agency)
    seat = sit_down(user_of(carla), width=width)
    page = seat.open(f"/portal/work/{row.item.ref}/")
    seat.check("portal-work")
    page.get_by_role("link", name="Ask for a change").click()
    page.get_by_role("button", name="Send").click()
    seat.check("portal-change-wrong")
    page.get_by_label("What should be different?").fill("A bigger picture.")
    page.get_by_label("Files").set_input_files(
        {"name": "lodge.png", "mimeType": "image/png", "buffer": png()}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We have received your request")).to_be_visible()
    advance(clock=timezone.now)
    made = Request.objects.select_related("item").get(kind="change")
    stated: dict[str, Any] = {
        "hours": Decimal(3),
        "amount": Decimal("250.00"),
        "date": date(2027, 1, 15),
        "note": "We take the picture anew.",
    }
    done(
        impacts.state_impact(
            [made.pk], by=by(agency.alice), at=timezone.now(), details=StateImpactDetails(**stated)
        )
    )

    page = seat.open("/portal/")
    seat.check("portal-home-impact")
    page.get_by_role("link", name="Change: Winter page", exact=True).first.click()
    seat.check("portal-impact")
    page.get_by_role("button", name="Accept", exact=True).click()
    expect(page.get_by_text("We have recorded your answer")).to_be_visible()
    seat.check("portal-impact-agreed")
    seat.open(f"/portal/requests/{row.request.item.ref}/")
    seat.check("portal-request-works")
    desk = sit_down(agency.alice, width=width)
    desk.open(f"/admin/delivery/request/{made.pk}/step/state_impact/")
    desk.check("state-impact")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_client_is_reminded_from_today(
    agency: World, carla: Contact, sit_down: SitDown, width: int
) -> None:
    with_carla(agency)
    desk = sit_down(agency.alice, width=width)
    page = desk.open("/admin/")
    desk.check("today-remind")

    page.get_by_role("button", name="Remind").click()

    expect(page.get_by_text("no reminder sent")).to_be_visible()
    desk.check("today-reminded-too-soon")


def test_nothing_in_a_version_runs(agency: World, carla: Contact, sit_down: SitDown) -> None:
    row = with_carla(agency)
    asked = hostile(row)
    seat = sit_down(user_of(carla))
    asked_for: list[str] = []

    for path in (
        f"/portal/questions/{asked.item.ref}/",
        f"/portal/questions/{asked.item.ref}/preview/",
    ):
        seat.page.on("request", lambda request: asked_for.append(request.url))
        page = seat.open(path)
        page.wait_for_load_state("networkidle")
        inside = next(frame for frame in page.frames if frame.url.endswith("/preview/"))
        expect(inside.get_by_text("Read me")).to_be_visible()
        inside.get_by_text("A link").click(force=True, no_wait_after=True)
        inside.get_by_role("button", name="Click me").click(no_wait_after=True)
        page.wait_for_timeout(300)  # what does not happen cannot be awaited
        assert "ran" not in {frame.evaluate("document.title") for frame in page.frames}
        assert page.url.endswith(path)
    assert not [url for url in asked_for if "stolen" in url or "logout" in url]
    seat.open("/portal/")


def hostile(row: Deliverable) -> Approval:
    """
    A question about a version as no operation makes it: only the frame stands between it and the
    reader.
    """
    version = Version.objects.create(
        deliverable=row,
        number=9,
        digest="a" * 64,
        title="Evil",
        body_html=EVIL,
        author_id=row.item.owner_id or 0,
        at=NOW,
    )
    item = WorkItem(
        title="Evil",
        client=row.item.client,
        parent=row.item,
        owner_id=row.item.owner_id,
        backup_id=row.item.backup_id,
    )
    until = timezone.now() + timedelta(days=3)
    made = Approval(
        item=item,
        version=version,
        digest=version.digest,
        stage=1,
        audience="client",
        expires_at=until,
    )
    [asked] = create([made], by=Actor.system(), at=timezone.now())
    return asked
