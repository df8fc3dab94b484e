"""
A change of a policy or calendar says what it would make of open work, and counts its clocks anew if
it is to reach them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from delivery.models import Request
from routing.audit.present import present_faults
from routing.models import Calendar, Clock, ClockRevision, Escalation, PromiseChange, SLAPolicy
from routing.people.actors import Actor
from routing.sla.explain_due import explain, instant
from routing.sla.operations import clocks, promises
from routing.sla.operations.calendars import save_calendar, save_policy
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from routing.sla.operations.promises import recount_promises
from routing.sla.promise_changes import Scope
from routing.work.operations import items
from tests.clockwork import HOUR, at, clock_of, fresh
from tests.desk import filled, signed_in, url, words
from tests.world import MONDAY, ZONE, World, by, make_request

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.stands_at(MONDAY),  # 9:30 UTC, in working hours of a week
    pytest.mark.requirement("L1", "L2"),
]
ELEVEN_THIRTY = at(23, 11, 30)


@pytest.fixture
def request_of_acme(world: World, policy: SLAPolicy) -> Request:
    """A request whose triage is due on Monday at 17:30, after eight hours."""
    row = make_request(world.acme)
    start([row.item], policy, MONDAY, purposes={"triage"})
    return row


def promise(policy: SLAPolicy, hours: int, scope: str, when: datetime = ELEVEN_THIRTY) -> None:
    """Change the target of triage, and let the worker count what it is to count."""
    targets = list(policy.targets.all())
    for target in targets:
        if target.purpose == "triage":
            target.worktime = hours * HOUR
    save_policy(policy, targets=targets, by=Actor.system(), at=when, scope=scope, reason="Agreed.")
    recount_promises(at=when)


def holds(row: Request, when: datetime = ELEVEN_THIRTY) -> bool:
    """Return whether the clock is what its marks say, as the page and the audit read it."""
    clock = clock_of(row)
    return explain(clock, when).agrees and not [
        each for each in present_faults() if each.startswith("routing_clock")
    ]


def test_new_work_only_leaves_open_clocks_alone(
    request_of_acme: Request, policy: SLAPolicy
) -> None:
    promise(policy, 16, Scope.NEW)

    clock = clock_of(request_of_acme)
    assert (clock.due_at, clock.policy_version) == (at(23, 17, 30), 1)
    assert [(each.version, each.scope) for each in PromiseChange.objects.all()] == [(2, "new")]


def test_a_longer_promise_reaches_open_work_with_what_it_was_before(
    request_of_acme: Request, policy: SLAPolicy, world: World
) -> None:
    promise(policy, 16, Scope.LATER)

    clock = clock_of(request_of_acme)
    revision = ClockRevision.objects.get()
    assert (clock.due_at, clock.spent, clock.policy_version) == (at(24, 17), 2 * HOUR, 2)
    assert fresh(request_of_acme).next_due_at == clock.due_at
    assert (revision.was_due_at, revision.due_at) == (at(23, 17, 30), at(24, 17))
    assert (revision.target, revision.terms) != (clock.target, clock.terms)
    assert (PromiseChange.objects.get().moved, PromiseChange.objects.get().due_at) == (1, None)
    assert holds(request_of_acme)
    page = words(signed_in(world.alice).get(url(Clock, "change", clock.pk)))
    was = instant(at(23, 17, 30), ZoneInfo(ZONE))
    assert f"by Standard v2 (Agreed.). Before: 8:00, due {was}" in page
    out = StringIO()
    call_command("explain_due", request_of_acme.item.ref, at=ELEVEN_THIRTY.isoformat(), stdout=out)
    assert f"Counted anew on {instant(ELEVEN_THIRTY, ZoneInfo(ZONE))}" in out.getvalue()


def test_a_shorter_promise_makes_work_overdue_once_and_only_if_it_may(
    request_of_acme: Request, policy: SLAPolicy
) -> None:
    promise(policy, 1, Scope.LATER)
    unmoved = clock_of(request_of_acme).due_at
    promise(policy, 2, Scope.ALL, at(23, 11, 45))
    escalate(at=at(23, 11, 46))
    escalate(at=at(23, 11, 47))

    clock = clock_of(request_of_acme)
    assert unmoved == at(23, 17, 30)
    assert clock.breached_at == clock.due_at == at(23, 11, 30)
    assert Escalation.objects.filter(level=Escalation.BREACH).count() == 1
    assert holds(request_of_acme, at(23, 12))


def test_what_is_overdue_keeps_its_terms(request_of_acme: Request, policy: SLAPolicy) -> None:
    escalate(at=at(24, 9))

    promise(policy, 80, Scope.ALL, at(24, 10))

    clock = clock_of(request_of_acme)
    assert (clock.breached_at, clock.policy_version) == (at(23, 17, 30), 1)
    assert (PromiseChange.objects.get().moved, PromiseChange.objects.get().kept) == (0, 1)


def test_work_on_hold_gets_the_new_time_when_it_goes_on(
    request_of_acme: Request, policy: SLAPolicy, world: World
) -> None:
    alice = by(world.alice)
    items.hold([request_of_acme.item_id], by=alice, at=at(23, 10, 30), reason="Budget")
    promise(policy, 4, Scope.ALL)
    held = clock_of(request_of_acme).due_at
    items.resume([request_of_acme.item_id], by=alice, at=at(23, 14))

    assert held is None
    assert clock_of(request_of_acme).due_at == at(23, 17)
    assert holds(request_of_acme, at(23, 15))


def test_a_timebox_of_its_own_stays(world: World, policy: SLAPolicy) -> None:
    row = make_request(world.acme)
    own = {row.item_id: 3 * HOUR}
    start([row.item], policy, MONDAY, purposes={"triage"}, worktimes=own)

    promise(policy, 16, Scope.ALL)

    assert clock_of(row).due_at == at(23, 12, 30)


def test_other_hours_reach_open_work_too(
    request_of_acme: Request, policy: SLAPolicy, world: World
) -> None:
    calendar = Calendar.objects.get(slug="agency")
    calendar.hours = {day: ["09:00-13:30"] for day in calendar.hours}

    save_calendar(calendar, by=by(world.olga), at=ELEVEN_THIRTY, scope=Scope.LATER)
    recount_promises(at=ELEVEN_THIRTY)

    assert clock_of(request_of_acme).due_at == at(24, 13)  # four hours on Monday, four on Tuesday
    assert holds(request_of_acme)


def test_a_worker_that_is_killed_goes_on_where_it_was(
    world: World, policy: SLAPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [make_request(world.acme) for _ in range(5)]
    start([row.item for row in rows], policy, MONDAY, purposes={"triage"})
    targets = list(policy.targets.all())
    for target in targets:
        target.worktime *= 2
    save_policy(policy, targets=targets, by=Actor.system(), at=ELEVEN_THIRTY, scope=Scope.ALL)
    calls = iter([False, False, True])
    whole = clocks.revise

    def dies(*args: Any) -> Any:
        if next(calls, False):
            raise SystemExit
        return whole(*args)

    monkeypatch.setattr(promises, "revise", dies)
    with pytest.raises(SystemExit):
        recount_promises(at=ELEVEN_THIRTY, chunk=1)
    before = PromiseChange.objects.get().moved
    recount_promises(at=at(23, 12), chunk=2)

    assert before == 2
    assert PromiseChange.objects.get().moved == ClockRevision.objects.count() == 5
    assert {each.target for each in Clock.objects.all()} == {16 * HOUR}


def test_the_page_shows_what_would_move_saves_nothing_and_then_does_it(
    request_of_acme: Request, policy: SLAPolicy, world: World
) -> None:
    path, desk = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)
    index = [row.purpose for row in policy.targets.order_by("kind", "worktime")].index("triage")
    given = filled(desk.get(path)) | {f"targets-{index}-worktime": "16 h", "reason": "Agreed."}

    asked = words(desk.post(path, given | {"_preview": "1"}))
    unsaved = PromiseChange.objects.count()
    desk.post(path, given | {"scope": "later"})
    recount_promises(at=MONDAY)
    after = words(desk.get(path))

    assert "1 open clock would be counted anew if the change applied to open work." in asked
    assert "Due later 1 Due earlier 0 Unchanged 0 Overdue at once 0" in asked
    assert f"{request_of_acme.item} Triage" in asked
    assert f"24 Nov 2026, {at(24, 17).astimezone(ZoneInfo(ZONE)):%H:%M}" in asked
    assert unsaved == 0
    assert clock_of(request_of_acme).due_at == at(24, 17)
    assert "Open work too, except where it would be due earlier" in after
    assert "1 counted anew, 0 left as they were" in after


def test_the_page_of_a_calendar_shows_what_would_be_overdue(
    request_of_acme: Request, world: World
) -> None:
    calendar = Calendar.objects.get(slug="agency")
    path, desk = url(Calendar, "change", calendar.pk), signed_in(world.olga)
    given = filled(desk.get(path)) | {"mon_0": "", "mon": "09:00-12:00", "_preview": "1"}

    asked = words(desk.post(path, given))

    assert "Nothing is saved yet." in asked
    assert "Due later 1" in asked
    assert Calendar.objects.get(slug="agency").version == 1


def test_counting_anew_agrees_with_the_marks_after_any_pauses(
    world: World, policy: SLAPolicy
) -> None:
    row = make_request(world.acme)
    start([row.item], policy, MONDAY, purposes={"triage"})
    alice, when = by(world.alice), MONDAY
    for minutes in (7, 61, 20, 13):
        when += timedelta(minutes=minutes)
        items.hold([row.item_id], by=alice, at=when, reason="Budget")
        when += timedelta(minutes=minutes * 2)
        items.resume([row.item_id], by=alice, at=when)

    promise(policy, 30, Scope.ALL, when + HOUR)

    clock = clock_of(row)
    assert clock.target == 30 * HOUR
    assert holds(row, when + HOUR)
