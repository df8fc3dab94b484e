"""Briefs and engagements at the desk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.briefs.details import EditBriefDetails
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs
from delivery.engagements.models import Engagement
from delivery.models import Request
from routing.models import WorkItem
from routing.people.actors import Actor
from routing.work.creation import create
from tests.delivery.making import done, fresh, make_deliverables
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


def make_brief(request: Request, body: str = "Five pages, two languages.", **fields: Any) -> Brief:
    about = request.item
    places = {
        name: getattr(about, name)
        for name in ("client_id", "team_id", "owner_id", "backup_id", "run_id")
    }
    item = WorkItem(title=about.title, parent=about, **places)
    item.client = about.client
    [made] = create(
        [Brief(item=item, request=request, body=body, **fields)], by=Actor.system(), at=NOW
    )
    return made


def sold(world: World, **fields: Any) -> Engagement:
    return Engagement.objects.create(
        client=world.acme, name="Spring campaign", amount=Decimal(12000), currency="EUR", **fields
    )


def test_the_page_shows_the_brief_with_its_request_and_what_was_sold(world: World) -> None:
    request = make_request(world.acme)
    brief = make_brief(request, engagement=sold(world))

    page = words(signed_in(world.cora).get(url(Brief, "change", brief.pk)))

    assert "Five pages, two languages." in page
    assert f"Request {request.item.ref}" in page
    assert "Engagement Spring campaign" in page
    assert "Related work" in page


def test_the_request_shows_its_brief_beside_it(world: World) -> None:
    request = make_request(world.acme)
    brief = make_brief(request)

    page = words(signed_in(world.alice).get(url(Request, "change", request.pk)))

    assert f"{brief.item.ref} A new site Brief · Draft · Alice" in page


def test_a_brief_is_edited_by_a_step(world: World) -> None:
    brief, browser = make_brief(make_request(world.acme)), signed_in(world.alice)

    empty = browser.post(url(Brief, "step", brief.pk, "edit"), {"body": ""})
    browser.post(url(Brief, "step", brief.pk, "edit"), {"body": "Six pages."})

    after = Brief.objects.get()
    assert "Enter the brief text." in words(empty)
    assert (after.body, after.state) == ("Six pages.", "draft")
    assert after.history.order_by("history_id").last().history_user == world.alice


def test_a_brief_is_cancelled_with_a_reason(world: World) -> None:
    brief, browser = make_brief(make_request(world.acme)), signed_in(world.alice)

    browser.post(url(Brief, "step", brief.pk, "cancel"), {"reason": ""})
    assert Brief.objects.get().state == "draft"
    browser.post(url(Brief, "step", brief.pk, "cancel"), {"reason": "Not now"})

    assert Brief.objects.get().state == "cancelled"
    assert browser.post(url(Brief, "step", brief.pk, "edit"), {"body": "x"}).status_code == 409


@pytest.mark.parametrize("who", ["audrey", "quin", "cora", "ivan"])
def test_a_forged_step_without_the_permission_is_refused(world: World, who: str) -> None:
    brief, browser = make_brief(make_request(world.acme)), signed_in(getattr(world, who))

    assert browser.post(url(Brief, "step", brief.pk, "edit"), {"body": "x"}).status_code == 403
    assert browser.post(url(Brief, "step", brief.pk, "cancel"), {"reason": "x"}).status_code == 403
    assert Brief.objects.get().body == "Five pages, two languages."


@pytest.mark.parametrize("path", ["change/", "history/", "history/1/", "delete/"])
def test_nothing_else_can_be_posted(world: World, path: str) -> None:
    brief = make_brief(make_request(world.acme))
    base = url(Brief, "change", brief.pk).removesuffix("change/")

    assert signed_in(world.olga).post(base + path, {"post": "yes", "body": "x"}).status_code == 403


def test_another_teams_restricted_work_is_not_there(world: World) -> None:
    request = others_secret(world)
    brief, browser = make_brief(request), signed_in(world.alice)
    assert request.item.client is not None
    deal = Engagement.objects.create(client=request.item.client, name="Secret deal")

    assert browser.get(url(Brief, "change", brief.pk)).status_code == 404
    assert browser.post(url(Brief, "step", brief.pk, "edit"), {"body": "x"}).status_code == 404
    assert browser.get(url(Engagement, "change", deal.pk)).status_code == 404
    assert "Secret deal" not in words(browser.get(url(Engagement, "changelist")))


def test_an_engagement_is_saved_with_who_and_why(world: World) -> None:
    deal, browser = sold(world), signed_in(world.alice)
    sent = {
        "name": "Spring campaign",
        "amount": "15000.50",
        "currency": "EUR",
        "hours": "80",
        "rounds": "2",
        "reason": "Extended",
    }

    browser.post(url(Engagement, "change", deal.pk), sent | {"client": "999"})

    deal.refresh_from_db()
    record = deal.history.order_by("history_id").last()
    assert (deal.amount, deal.hours, deal.client) == (Decimal("15000.50"), Decimal(80), world.acme)
    assert (record.history_user, record.history_change_reason) == (world.alice, "Extended")


def test_an_engagement_cannot_end_before_it_starts(world: World) -> None:
    sent = {"name": "x", "starts_date": "2027-02-01", "ends_date": "2027-01-01"}

    page = signed_in(world.alice).post(url(Engagement, "change", sold(world).pk), sent)

    assert "The engagement ends before it starts." in words(page)


@pytest.mark.parametrize("who", ["audrey", "quin"])
def test_those_who_only_view_engagements_cannot_change_them(world: World, who: str) -> None:
    deal, browser = sold(world), signed_in(getattr(world, who))

    assert browser.get(url(Engagement, "change", deal.pk)).status_code == 200
    assert browser.post(url(Engagement, "change", deal.pk), {"name": "x"}).status_code == 403
    assert browser.post(url(Engagement, "history", deal.pk)).status_code == 403


def test_h18_engagements_are_not_for_creatives_who_neither_see_nor_change_them(
    world: World,
) -> None:
    deal, browser = sold(world), signed_in(world.cora)

    for page in ("change", "history"):
        assert browser.get(url(Engagement, page, deal.pk)).status_code == 403
        assert browser.post(url(Engagement, page, deal.pk), {"name": "x"}).status_code == 403
    deal.refresh_from_db()
    assert deal.name != "x"


@pytest.mark.parametrize("model", [Brief, Engagement])
def test_lists_cost_the_same_however_long(world: World, model: Any) -> None:
    browser, counts = signed_in(world.alice), []
    for number in (2, 8):
        for _ in range(number):
            make_brief(make_request(world.acme), engagement=sold(world))
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(model, "changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 18


def test_the_page_of_a_brief_that_waits_for_its_approval_asks_the_database_at_most_25_times(
    world: World, django_assert_max_num_queries: Any
) -> None:
    [page] = make_deliverables(world)
    brief, engagement = page.brief, page.brief.engagement
    done(
        briefs.supersede([brief.pk], by=by(world.alice), at=NOW, reason="Something else is wanted.")
    )
    new = Brief.objects.get(request=page.request_id, is_current=True)
    done(
        briefs.edit(
            [new.pk], by=by(world.alice), at=NOW, details=EditBriefDetails(body="Make it better.")
        )
    )
    done(briefs.submit([new.pk], by=by(world.alice), at=NOW))
    browser = signed_in(world.bob)

    with django_assert_max_num_queries(25):
        shown = browser.get(url(Brief, "change", new.pk)).content.decode()

    assert engagement is not None
    assert engagement.name in shown
    assert "Landing page" in shown
    assert "Approve" in shown


def test_what_a_newer_plan_drops_goes_on_and_is_named_on_its_page(world: World):
    [page] = make_deliverables(world)
    done(
        briefs.supersede(
            [page.brief_id], by=by(world.alice), at=NOW, reason="Something else is wanted."
        )
    )
    new = Brief.objects.get(request=page.request_id, is_current=True)
    done(
        briefs.edit(
            [new.pk],
            by=by(world.alice),
            at=NOW,
            details=EditBriefDetails(planned=[{"key": "two", "title": "A film", "format": "file"}]),
        )
    )

    shown = signed_in(world.alice).get(url(Brief, "change", new.pk)).content.decode()

    assert fresh(page).is_open
    assert page.item.ref in shown.partition('id="strays"')[2]
