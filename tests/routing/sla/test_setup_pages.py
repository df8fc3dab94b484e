"""
The exception map, calendars, policies, absences, the agency, messages and parked events at the
desk.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.models import Calendar, Dispatch, Event, ExceptionRoute, Notification, SLAPolicy
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.sla.operations.calendars import ensure_defaults
from tests.desk import filled, signed_in, url, words
from tests.journeys.test_lead_to_brief import signals
from tests.told import tell_owners
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def policy(world: World) -> SLAPolicy:
    return ensure_defaults(at=NOW)


def test_a_route_is_changed_with_who_and_why(world: World) -> None:
    route = ExceptionRoute.objects.get(reason="no_rule")
    path, browser = url(ExceptionRoute, "change", route.pk), signed_in(world.olga)

    browser.post(
        path, {"reason": "duplicate", "taker": "agency", "timebox_minutes": "30", "why": "Nights"}
    )

    route.refresh_from_db()
    assert (route.reason, route.taker, route.timebox_minutes) == ("no_rule", "agency", 30)
    assert (route.history.get().history_user, route.history.get().history_change_reason) == (
        world.olga,
        "Nights",
    )


def test_hours_are_written_by_day_and_raise_the_version(world: World, policy: SLAPolicy) -> None:
    calendar = Calendar.objects.get()
    path, browser = url(Calendar, "change", calendar.pk), signed_in(world.olga)
    sent = filled(browser.get(path)) | {
        "fri": "09:00-12:00, 13:00-15:00",
        "sat": "",
        "days_off": "2026-12-24 Christmas Eve",
    }

    answer = browser.post(path, sent | {"reason": "Short Fridays"})

    calendar.refresh_from_db()
    assert answer.status_code == 302
    assert calendar.hours["fri"] == ["09:00-12:00", "13:00-15:00"]
    assert calendar.hours["mon"] == ["09:00-17:30"]
    assert (calendar.extra_dates, calendar.version) == ({"2026-12-24": "Christmas Eve"}, 2)
    assert calendar.history.order_by("history_id").last().history_change_reason == "Short Fridays"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("mon", "nine to five"),
        ("mon", "17:00-09:00"),
        ("days_off", "tomorrow Party"),
        ("holiday_country", "QQ"),
        ("timezone", "Mars/One"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_beside_their_field(
    world: World, policy: SLAPolicy, field: str, text: str
) -> None:
    calendar = Calendar.objects.get()
    path, browser = url(Calendar, "change", calendar.pk), signed_in(world.olga)

    page = browser.post(path, filled(browser.get(path)) | {field: text})

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert Calendar.objects.get().version == 1


def test_a_promise_is_changed_and_the_policys_version_rises(
    world: World, policy: SLAPolicy
) -> None:
    path, browser = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)
    before = policy.targets.count()
    sent = filled(browser.get(path)) | {"targets-0-worktime": "01:30:00", "reason": "Faster"}

    assert browser.post(path, sent).status_code == 302

    policy.refresh_from_db()
    assert policy.version == 2
    assert policy.targets.count() == before
    assert policy.targets.filter(worktime=timedelta(minutes=90)).exists()


@pytest.mark.parametrize(
    ("text", "kept", "shown"),
    [
        ("4:00", timedelta(hours=4), "4 h"),
        ("4 h 30", timedelta(hours=4.5), "4 h 30 min"),
        ("2 working days", timedelta(hours=17), "17 h"),
        ("90 min", timedelta(minutes=90), "1 h 30 min"),
    ],
)
def test_d4_a_working_time_is_kept_as_meant_and_shown_with_units(
    world: World, policy: SLAPolicy, text: str, kept: timedelta, shown: str
) -> None:
    path, browser = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)
    target = policy.targets.get(purpose="approval")
    index = list(policy.targets.order_by("kind", "worktime")).index(target)
    sent = filled(browser.get(path)) | {f"targets-{index}-worktime": text}

    assert browser.post(path, sent).status_code == 302

    target.refresh_from_db()
    assert target.worktime == kept
    assert filled(browser.get(path))[f"targets-{index}-worktime"] == shown
    assert browser.post(path, filled(browser.get(path))).status_code == 302
    policy.refresh_from_db()
    assert policy.version == (1 if kept == timedelta(hours=17) else 2)  # 17 h is what it was


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4", "“4” has no unit."),
        ("1 day", "a day can be 24 hours or a working day"),
        ("0 min", "Enter a duration from 1 second to 2000 hours."),
        ("3000 h", "Enter a duration from 1 second to 2000 hours."),
        ("-4 h", "cannot be negative"),
    ],
)
def test_d4_a_working_time_that_is_not_certain_is_refused(
    world: World, policy: SLAPolicy, text: str, why: str
) -> None:
    path, browser = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)

    page = browser.post(path, filled(browser.get(path)) | {"targets-0-worktime": text})

    assert why in words(page)
    assert SLAPolicy.objects.get().version == 1


@pytest.mark.parametrize(
    ("text", "minutes"), [("30", 30), ("4 h", 240), ("1 working day", 510), ("0", 0)]
)
def test_d4_a_timebox_is_a_duration(
    world: World, policy: SLAPolicy, text: str, minutes: int
) -> None:
    route = ExceptionRoute.objects.get(reason="no_rule")
    path, browser = url(ExceptionRoute, "change", route.pk), signed_in(world.olga)

    browser.post(path, filled(browser.get(path)) | {"timebox_minutes": text})
    refused = browser.post(path, filled(browser.get(path)) | {"timebox_minutes": "3000 h"})

    route.refresh_from_db()
    assert route.timebox_minutes == minutes
    assert "Enter a duration from no time to 2000 hours." in words(refused)


def test_a_promise_with_a_state_that_does_not_exist_is_refused(
    world: World, policy: SLAPolicy
) -> None:
    path, browser = url(SLAPolicy, "change", policy.pk), signed_in(world.olga)

    page = browser.post(path, filled(browser.get(path)) | {"targets-0-met_in": "nirvana"})

    assert page.status_code == 200
    assert "is not a state of this kind" in words(page)
    assert SLAPolicy.objects.get().version == 1


def test_a_new_policy_is_saved_with_its_promises(world: World, policy: SLAPolicy) -> None:
    rows = {
        "targets-TOTAL_FORMS": "1",
        "targets-INITIAL_FORMS": "0",
        "targets-MIN_NUM_FORMS": "0",
        "targets-MAX_NUM_FORMS": "9",
    }
    row = {
        "kind": "request",
        "purpose": "triage",
        "worktime": "02:00:00",
        "warn_percent": "50",
        "escalate_every": "1:00:00",
        "runs_in": "captured",
        "met_in": "triaged",
    }
    sent = {
        "name": "Fast",
        "slug": "fast",
        "calendar_source": "always",
        "also_source": "",
        "reason": "New",
    }

    answer = signed_in(world.olga).post(
        url(SLAPolicy, "add"),
        sent | rows | {f"targets-0-{name}": value for name, value in row.items()},
    )

    made = SLAPolicy.objects.get(slug="fast")
    assert answer.status_code == 302
    assert (made.version, made.targets.get().met_in) == (1, ["triaged"])


def test_an_absence_is_kept_and_cannot_end_before_it_starts(world: World) -> None:
    browser, sent = (
        signed_in(world.olga),
        {"user": world.alice.pk, "starts_at": "2026-12-01T09:00", "reason": "Leave"},
    )

    refused = browser.post(url(Absence, "add"), sent | {"ends_at": "2026-11-01T09:00"})
    browser.post(url(Absence, "add"), sent | {"ends_at": "2026-12-08T09:00"})

    assert "The end of an absence must be after its start." in words(refused)
    assert Absence.objects.get().history.get().history_user == world.olga
    assert "Alice" in words(signed_in(world.cora).get(url(Absence, "changelist")))


def test_there_is_one_agency_and_its_pair_differs(world: World) -> None:
    browser = signed_in(world.olga)
    path = url(Agency, "change", world.agency.pk)
    sent = {"name": "Agency", "team": world.team.pk, "owner": world.olga.pk}

    refused = browser.post(path, sent | {"backup": world.olga.pk})
    browser.post(path, sent | {"backup": world.alice.pk, "reason": "Bob left"})

    assert browser.get(url(Agency, "changelist"))["Location"] == path
    assert "Owner and backup must be two different people." in words(refused)
    assert Agency.objects.get().backup == world.alice


@pytest.mark.parametrize("who", ["alice", "quin", "audrey", "cora"])
def test_only_operations_change_how_work_flows(world: World, policy: SLAPolicy, who: str) -> None:
    browser = signed_in(getattr(world, who))
    rows: list[Any] = [ExceptionRoute.objects.first(), Calendar.objects.get(), policy, world.agency]

    for row in rows:
        assert browser.post(url(type(row), "change", row.pk), {"name": "x"}).status_code == 403
    for model in (ExceptionRoute, Calendar, SLAPolicy):
        assert browser.post(url(model, "add"), {"name": "x"}).status_code == 403
    for row in rows:
        base = url(type(row), "change", row.pk).removesuffix("change/")
        assert browser.post(f"{base}history/").status_code == 403
        assert browser.post(f"{base}delete/", {"post": "yes"}).status_code == 403


def test_messages_are_ones_own_and_read_by_post_alone(world: World) -> None:
    mine, others = (
        make_request(world.acme, title="Mine"),
        make_request(world.acme, title="Not mine"),
    )
    tell_owners([mine.item], Notification.Words.OWNS, by=Actor.system(), at=NOW)
    others.item.owner_id = world.bob.pk
    tell_owners([others.item], Notification.Words.OWNS, by=Actor.system(), at=NOW)
    browser, row = signed_in(world.alice), Notification.objects.get(recipient=world.alice)
    foreign = Notification.objects.get(recipient=world.bob)

    page = words(browser.get(url(Notification, "changelist")))
    browser.get(url(Notification, "read"))
    browser.get(url(Notification, "change", row.pk))
    unread = Notification.objects.filter(read_at=None).count()
    chosen = {"action": "mark_as_read", "_selected_action": [row.pk, foreign.pk]}
    browser.post(url(Notification, "changelist"), chosen)

    assert "You are now the owner" in page
    assert "Not mine" not in page
    assert browser.get(url(Notification, "change", foreign.pk)).status_code == 404
    assert unread == 2
    assert list(Notification.objects.filter(read_at=None)) == [foreign]
    signed_in(world.bob).post(url(Notification, "read"))
    assert not Notification.objects.filter(read_at=None).exists()


def parked() -> Dispatch:
    capture(signals("1"), by=Actor.system(), at=NOW)
    row = Dispatch.objects.order_by("pk").first()
    assert row is not None
    row.parked_reason, row.attempts = "DataError", 8
    row.save()
    return row


@pytest.mark.parametrize("who", ["olga", "ivan"])
def test_what_was_put_aside_is_tried_again(world: World, who: str) -> None:
    row, browser = parked(), signed_in(getattr(world, who))

    page = browser.get(url(Dispatch, "changelist"))
    browser.post(url(Dispatch, "changelist"), {"action": "try_again", "_selected_action": [row.pk]})

    row.refresh_from_db()
    assert "DataError" in words(page)
    assert len(page.context["cl"].result_list) == 1
    assert (row.parked_reason, row.attempts) == ("", 0)
    assert Event.objects.get(kind="routing.dispatch.unpark").actor == getattr(world, who)


def test_auditors_see_what_was_put_aside_and_cannot_touch_it(world: World) -> None:
    row, browser = parked(), signed_in(world.audrey)

    assert "DataError" in words(browser.get(url(Dispatch, "changelist")))
    browser.post(url(Dispatch, "changelist"), {"action": "try_again", "_selected_action": [row.pk]})

    row.refresh_from_db()
    assert row.parked_reason == "DataError"
    assert signed_in(world.alice).get(url(Dispatch, "changelist")).status_code == 403
