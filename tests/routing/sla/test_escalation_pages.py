"""Escalations on pages: the work's own page, its clock's, the trace and the notifications."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Max

from delivery.models import Request
from routing.models import Clock, Notification, SLAPolicy, Target, User
from routing.runs.trace import trace
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from tests.clockwork import at, clock_of
from tests.desk import signed_in, url, words
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import MONDAY, World, make_request

pytestmark = [
    pytest.mark.in_zone("UTC"),
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.stands_at(MONDAY),  # working hours of a week
]


@pytest.fixture
def late(world: World) -> Clock:
    """
    Warned of, late, and escalated to Bob; the warning was sent in time, the breach after downtime.
    """
    request = make_request(world.acme)
    start([request.item], ensure_defaults(at=MONDAY), MONDAY, purposes={"triage"})
    for when in (at(23, 16), at(24, 14)):
        escalate(at=when)
    return clock_of(request)


def test_the_page_of_the_work_says_who_was_told_and_the_timeline_when(
    world: World, late: Clock
) -> None:
    page = words(
        signed_in(world.alice).get(
            url(Request, "change", Request.objects.get(item=late.item_id).pk)
        )
    )

    assert "Due soon notified Alice" in page
    assert "Overdue: escalated to the backup notified Bob" in page
    assert page.index("Overdue: escalated to the backup triage") < page.index("Due soon triage")


def test_the_page_of_the_clock_and_the_list_of_clocks_say_how_high_it_went(
    world: World, late: Clock
) -> None:
    browser = signed_in(world.alice)

    page, listed = (
        words(browser.get(url(Clock, "change", late.pk))),
        words(browser.get(url(Clock, "changelist"))),
    )

    assert "Notified people Due soon notified Alice" in page
    assert (
        "Overdue not sent: a higher level was notified instead, Tue 24 Nov 2026, 14:00 UTC" in page
    )
    assert "Backup" in listed.partition("Standard overdue")[2]


def test_a_clock_that_nobody_could_be_told_of_says_so_and_when_it_is_tried_again(
    world: World, late: Clock
) -> None:
    Clock.objects.filter(pk=late.pk).update(trouble="OutOfReach", wakes_at=at(25, 9))
    User.objects.filter(pk=world.alice.pk).update(timezone="UTC")
    browser = signed_in(world.alice)

    page, listed = (
        words(browser.get(url(Clock, "change", late.pk))),
        words(browser.get(url(Clock, "changelist"), {"told": "nobody"})),
    )

    assert (
        "Nobody could be notified that this is due or overdue (OutOfReach). Next attempt: Wed 25 "
        "Nov 2026, 09:00 UTC" in page
    )
    assert "1 clock" in listed


def test_messages_say_what_is_the_matter_and_by_when(world: World, late: Clock) -> None:
    mine = words(signed_in(world.bob).get(url(Notification, "changelist")))

    assert "A new site Overdue and escalated to you" in mine
    assert "Due soon" not in mine


def test_messages_about_two_clocks_of_one_work_are_told_apart(world: World) -> None:
    """Two lines of one work, at one instant, read the same."""
    request = make_request(world.acme)
    purposes = {"triage", "first_look"}
    start([request.item], ensure_defaults(at=MONDAY), MONDAY, purposes=purposes)
    for hour in range(10, 17):
        escalate(at=at(23, hour))
    escalate(at=at(24, 14))

    page = words(signed_in(world.bob).get(url(Notification, "changelist")))

    for purpose in ("triage", "first look"):
        assert f"A new site Overdue and escalated to you {purpose}" in page


def test_a_trace_tells_of_every_level(world: World) -> None:
    ensure_defaults(at=MONDAY)
    make_flow(world)
    with crm_of(world):
        run = run_about("901")

    last = Clock.objects.filter(item__run=run).aggregate(at=Max("due_at"))["at"]
    escalate(at=last + timedelta(seconds=1))

    told = [entry for entry in trace(run).entries if entry.section == "escalation"]
    assert told
    assert any(entry.data["notified"].startswith("notified ") for entry in told)
    assert (
        words(signed_in(world.olga).get(url(type(run), "change", run.pk))).count("escalated to")
        >= 1
    )


def test_how_far_apart_the_rungs_are_is_part_of_the_promise(world: World) -> None:
    policy = ensure_defaults(at=MONDAY)
    page = signed_in(world.olga).get(url(SLAPolicy, "change", policy.pk))
    fields = page.context["inline_admin_formsets"][0].formset.forms[0]
    assert fields["escalate_every"].value() == "4 h"

    Target.objects.filter(purpose="triage").update(escalate_every=timedelta(minutes=30))
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})

    assert clock_of(request).escalate_every == timedelta(minutes=30)
