"""
A run's story, its exception and its flow in Chromium: what a person who joined this morning sees
and does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from delivery.models import Brief, Engagement, Request
from integrations.models import Connection, ExternalLink, Inbound
from routing.flows.operations import copy
from routing.kernel.roles import INTEGRATIONS
from routing.models import (
    Absence,
    Agency,
    Calendar,
    Clock,
    Dispatch,
    ExceptionCase,
    ExceptionRoute,
    Flow,
    FlowVersion,
    Notification,
    Rule,
    Run,
    SLAPolicy,
)
from routing.people.actors import Actor
from tests.browser.conftest import SitDown
from tests.desk import url
from tests.integrations.inbox.senders import make_connection
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about, work
from tests.told import tell_owners
from tests.world import NOW, World, by

pytestmark = pytest.mark.browser


@pytest.fixture
def crm(agency: World) -> Iterator[FakeCRM]:
    make_flow(agency)
    with crm_of(agency) as crm:
        yield crm


def pages(agency: World, crm: FakeCRM) -> dict[str, str]:
    whole = run_about("901")
    del crm.facts["deal.amount"]
    crm.facts["deal.ends"] = "soon"
    stopped = run_about("902")
    version = FlowVersion.objects.get()
    draft = copy(version, by=by(agency.olga), at=NOW, reason="Higher threshold")
    FlowVersion.objects.filter(pk=draft.pk).update(title="{deal.nickname}")
    return {
        "runs": url(Run, "changelist"),
        "trace": url(Run, "change", whole.pk) + "?again=1",
        "trace-waiting": url(Run, "change", stopped.pk),
        "exceptions": url(ExceptionCase, "changelist"),
        "exception": url(ExceptionCase, "change", ExceptionCase.objects.get().pk),
        "flows": url(Flow, "changelist"),
        "flow": url(Flow, "change", version.flow_id),
        "flow-catalogue": url(Flow, "catalogue"),
        "flow-published": url(FlowVersion, "change", version.pk),
        "flow-draft": url(FlowVersion, "change", draft.pk),
        "flow-publish": url(FlowVersion, "do", draft.pk, "publish"),
        "rule": url(Rule, "change", draft.rules.earliest("position").pk),
        "why-due": url(Clock, "change", Clock.objects.earliest("pk").pk),
        "clocks": url(Clock, "changelist"),
    }


def other_pages(agency: World, crm: FakeCRM) -> dict[str, str]:
    run_about("901")
    hubspot = make_connection("hubspot", agency)
    body = {"raw": b'[{"objectId": 1}]', "sha256": "0" * 64}
    row = Inbound.objects.create(
        connection=hubspot,
        received_at=NOW,
        last_received_at=NOW,
        state="processed",
        captured=1,
        **body,
    )
    link = ExternalLink.objects.create(
        connection=hubspot, object_type="company", remote_id="77", client=agency.acme
    )
    deal = Engagement.objects.create(
        client=agency.acme, name="Spring campaign", amount=12000, currency="EUR"
    )
    absence = Absence.objects.create(
        user=agency.bob, starts_at=NOW, ends_at=NOW + timedelta(days=3)
    )
    tell_owners([Run.objects.get().item], Notification.Words.OWNS, by=Actor.system(), at=NOW)
    Notification.objects.update(recipient=agency.olga)
    return {
        "brief": url(Brief, "change", Brief.objects.get().pk),
        "briefs": url(Brief, "changelist"),
        "brief-edit": url(Brief, "step", Brief.objects.get().pk, "edit"),
        "request-of-run": url(Request, "change", Request.objects.get().pk),
        "engagements": url(Engagement, "changelist"),
        "engagement": url(Engagement, "change", deal.pk),
        "connections": url(Connection, "changelist"),
        "connection": url(Connection, "change", hubspot.pk),
        "deliveries": url(Inbound, "changelist"),
        "delivery": url(Inbound, "change", row.pk),
        "links": url(ExternalLink, "changelist"),
        "link": url(ExternalLink, "change", link.pk),
        "put-aside": url(Dispatch, "changelist"),
        "exception-map": url(ExceptionRoute, "changelist"),
        "route": url(ExceptionRoute, "change", ExceptionRoute.objects.earliest("pk").pk),
        "calendars": url(Calendar, "changelist"),
        "calendar": url(Calendar, "change", Calendar.objects.get().pk),
        "policies": url(SLAPolicy, "changelist"),
        "policy": url(SLAPolicy, "change", SLAPolicy.objects.get().pk),
        "absences": url(Absence, "changelist"),
        "absence": url(Absence, "change", absence.pk),
        "agency": url(Agency, "change", agency.agency.pk),
        "for-me": url(Notification, "changelist"),
    }


@pytest.mark.drill  # takes most of a minute
@pytest.mark.timeout(300)
@pytest.mark.parametrize("which", [pages, other_pages])
def test_every_page_is_accessible(
    agency: World,
    crm: FakeCRM,
    sit_down: SitDown,
    which: Callable[[World, FakeCRM], dict[str, str]],
) -> None:
    agency.olga.groups.add(Group.objects.get(name=INTEGRATIONS))
    desk = sit_down(agency.olga)
    desk.check_all(which(agency, crm))


def test_what_is_missing_is_filled_in_and_the_run_goes_on(
    agency: World, crm: FakeCRM, sit_down: SitDown
) -> None:
    del crm.facts["deal.amount"]
    run_about("902")
    desk = sit_down(agency.olga)
    page = desk.open("/admin/")

    page.get_by_role("link", name="Exceptions").first.click()
    page.get_by_role("link", name="Required information missing").click()
    page.get_by_label("Amount").fill("a lot")
    page.get_by_label("Source").fill("Asked by phone")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter a number such as 12000 or 12000.50.")).to_be_visible()
    page.get_by_label("Amount").fill("12000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The exception is resolved")).to_be_visible()
    work()
    page.get_by_role("region", name="Details").get_by_role("link").click()

    expect(page.get_by_role("region", name="Trace")).to_contain_text("filled in by Olga")
    expect(page.get_by_role("main")).to_contain_text("Blocked by Nothing.")
    page.get_by_role("link", name="Recompute and compare").click()
    expect(page.get_by_text("identical, byte for byte")).to_be_visible()
