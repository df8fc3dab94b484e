"""
Promises kept: every clock is counted once, under what became of it, and every number leads to its
clocks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from demo.agency.agency import DOMAIN
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM
from routing.models import Clock, SLAPolicy, Target
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.sla.compliance import compliance
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from tests.desk import signed_in, words
from tests.world import NOW, World, by, make_client, make_request, make_user

pytestmark = [pytest.mark.usefixtures("without_second_factor"), pytest.mark.requirement("L6")]

MINUTE = timedelta(minutes=1)


@pytest.fixture
def began(world: World) -> datetime:
    """
    Five first responses were promised: two in time after 10 and 30 minutes, one late after 200, one
    still open, one ended.
    """
    began = timezone.now() - timedelta(days=2)
    for minutes, what in ((10, "met"), (30, "met"), (200, "late"), (0, "open"), (5, "ended")):
        clock = started(world, began)
        ended = began + minutes * MINUTE
        if what != "open":
            fields = (
                {"met_at": ended}
                if what == "met"
                else {"breached_at": ended - MINUTE}
                if what == "late"
                else {}
            )
            Clock.objects.filter(pk=clock.pk).update(
                running_since=None,
                wakes_at=None,
                stopped_at=ended,
                spent=minutes * MINUTE,
                **fields,
            )
    return began


def started(world: World, when: datetime) -> Clock:
    item = make_request(world.acme).item
    start([item], ensure_defaults(at=NOW), when, purposes={"first_response"})
    return Clock.objects.get(item=item)


@pytest.mark.requirement("L8", "L9", "M8")
def test_the_usual_time_is_the_median_of_what_was_done(world: World, began: datetime) -> None:
    [row] = compliance(by(world.alice), since=began)

    assert row.counts == {"met": 2, "late": 1, "open": 1, "ended": 1}
    assert (row.met_percent, row.median, row.target) == (66, 30 * MINUTE, timedelta(hours=2))


def test_the_page_leads_from_every_number_to_its_clocks(world: World, began: datetime) -> None:
    browser = signed_in(world.alice)

    page = browser.get(reverse("admin:routing_clock_kept"))

    assert "First response Request Standard 2:00 66 % 0:30 2 1 1 1" in words(page)
    found = re.findall(r'href="([^"]+kept=\w+)"[^>]*>(\d+)<', page.content.decode())
    assert [number for _, number in found] == ["2", "1", "1", "1"]
    for address, number in found:
        listed = words(browser.get(address.replace("&amp;", "&")))
        assert f"{number} clock" in listed


def test_only_the_days_that_were_asked_for_count(world: World, began: datetime) -> None:
    Clock.objects.update(started_at=began - timedelta(days=10))
    browser, address = signed_in(world.alice), reverse("admin:routing_clock_kept")

    assert "No clocks started in this period" in words(browser.get(address, {"days": "7"}))
    assert "First response" in words(browser.get(address, {"days": "30"}))
    assert "First response" in words(browser.get(address, {"days": "no number"}))


def test_work_that_one_may_not_see_is_not_counted(world: World, began: datetime) -> None:
    stranger = make_user("Sam", AM)
    world.acme.restricted = True
    world.acme.save()

    assert len(compliance(by(world.alice), since=began)) == 1
    assert compliance(by(stranger), since=began) == []


def test_exceptions_and_requests_of_one_purpose_have_rows_of_their_own(world: World) -> None:
    """C2: exceptions of four hours were pooled with requests of eighty-five."""
    policy = ensure_defaults(at=NOW)
    request = make_request(world.acme)
    start([request.item], policy, NOW, purposes={"resolution"})
    raise_exception(ExceptionFinding(Reason.FAILED_DELIVERY, {}, request.item), at=NOW)

    rows = compliance(by(world.olga), since=NOW)

    assert [(row.kind, row.purpose, row.target) for row in rows] == [
        ("exceptioncase", "resolution", timedelta(hours=1)),
        ("request", "resolution", timedelta(hours=85)),
    ]


def test_c2_clocks_with_other_promised_times_have_rows_of_their_own(world: World) -> None:
    """Exceptions of two reasons, and requests from before a policy was changed, were pooled."""
    policy = ensure_defaults(at=NOW)
    about = make_request(world.acme).item
    raise_exception(ExceptionFinding(Reason.FAILED_DELIVERY, {}, about), at=NOW)
    raise_exception(ExceptionFinding(Reason.REJECTED, {}, about), at=NOW)
    for hours in (2, 6):
        Target.objects.filter(policy=policy, kind="request", purpose="first_response").update(
            worktime=timedelta(hours=hours)
        )
        start([make_request(world.acme).item], policy, NOW, purposes={"first_response"})

    rows = compliance(by(world.olga), since=NOW)
    browser = signed_in(world.olga)
    page = browser.get(reverse("admin:routing_clock_kept")).content.decode()

    found = [(row.kind, row.target, sum(row.counts.values())) for row in rows]
    assert len({target for kind, target, _many in found if kind == "exceptioncase"}) == 2
    assert ("request", timedelta(hours=2), 1) in found
    assert ("request", timedelta(hours=6), 1) in found
    for link in re.findall(r'href="([^"]*promised[^"]*)"', page):
        assert browser.get(link.replace("&amp;", "&")).context["cl"].result_count == 1


def test_work_of_the_demo_and_of_walkthroughs_is_counted_apart(
    world: World, began: datetime
) -> None:
    """C2: walkthrough runs counted among the promises kept."""
    demo = make_client("BRW", world.team, world.bob, world.alice)
    type(world.bob).objects.filter(pk=world.bob.pk).update(email=f"bob@{DOMAIN}")
    policy = ensure_defaults(at=NOW)
    start([make_request(demo).item], policy, began, purposes={"first_response"})
    walk = SLAPolicy.objects.create(slug="walkthrough", name="Walkthrough (seconds)")
    Target.objects.create(
        policy=walk, kind="request", purpose="first_response", worktime=timedelta(seconds=5)
    )
    start([make_request(world.acme).item], walk, began, purposes={"first_response"})

    rows = compliance(by(world.olga), since=began)

    assert [(row.apart, sum(row.counts.values())) for row in rows] == [
        ("", 5),
        ("demo", 1),
        ("walkthrough", 1),
    ]
    page = signed_in(world.olga).get(reverse("admin:routing_clock_kept"))
    assert "First response Demo Request Standard" in words(page)
