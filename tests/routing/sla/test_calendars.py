"""Assignment of calendars; no edit of them moves an open clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from routing.models import Calendar, CalendarUse, SLAPolicy, Target
from routing.people.actors import Actor
from routing.sla.explain_due import explain, words
from routing.sla.operations.calendars import ensure_defaults, save_calendar, save_policy
from routing.sla.operations.clocks import follow, start
from routing.sla.timing import Cause
from tests.clockwork import HOUR, ZERO, at, clock_of, fresh
from tests.world import MONDAY, World, by, make_client, make_request

pytestmark = [
    pytest.mark.stands_at(MONDAY),  # working hours of a week
    pytest.mark.requirement("L1", "L2"),
]


def test_editing_calendar_or_policy_never_moves_an_open_clock(
    world: World, policy: SLAPolicy
) -> None:
    request, olga = make_request(world.acme), by(world.olga)
    start([request.item], policy, MONDAY, purposes={"triage"})

    calendar = Calendar.objects.get(slug="agency")
    calendar.hours = {"tue": ["10:00-11:00"]}
    save_calendar(calendar, by=olga, at=MONDAY, reason="Half time")
    target = policy.targets.get(purpose="triage")
    target.worktime, target.runs_in, target.met_in = HOUR, ["triaged"], ["accepted"]
    save_policy(policy, targets=[target], by=olga, at=MONDAY, reason="Faster")
    follow([fresh(request)], at(23, 10))
    later = make_request(world.acme)
    start([later.item], policy, MONDAY)

    assert (calendar.version, policy.version) == (2, 2)
    assert clock_of(request).due_at == at(23, 17, 30)
    assert explain(clock_of(request), at(23, 10)).calendars[0].version == 1
    assert (clock_of(later).cause, clock_of(later).policy_version) == (Cause.STATE, 2)
    assert explain(clock_of(later), at(23, 10)).calendars[0].version == 2


def test_saving_unchanged_raises_no_version(world: World, policy: SLAPolicy) -> None:
    calendar = Calendar.objects.get(slug="agency")

    save_calendar(calendar, by=by(world.olga), at=MONDAY)
    save_policy(policy, targets=list(policy.targets.all()), by=by(world.olga), at=MONDAY)

    assert (calendar.version, policy.version, calendar.history.count()) == (1, 1, 1)


def test_only_operations_leads_change_calendars_and_policies(
    world: World, policy: SLAPolicy
) -> None:
    with pytest.raises(PermissionDenied):
        save_calendar(Calendar.objects.get(), by=by(world.alice), at=MONDAY)
    with pytest.raises(PermissionDenied):
        save_policy(policy, by=by(world.alice), at=MONDAY)


def test_defaults_are_made_once(world: World, policy: SLAPolicy) -> None:
    again = ensure_defaults(at=MONDAY, timezone="Europe/Berlin")

    assert again == policy
    assert [calendar.timezone for calendar in Calendar.objects.all()] == ["UTC"]


def calendar_for(*, zone: str, slug: str, **whose: object) -> Calendar:
    calendar = Calendar(slug=slug, name=slug.title(), timezone=zone)
    save_calendar(calendar, by=Actor.system(), at=MONDAY)
    CalendarUse.objects.create(calendar=calendar, **whose)
    return calendar


@pytest.mark.parametrize(
    ("source", "also", "calendars", "due"),
    [
        ("team", "", ["Berlin"], at(24, 9)),
        ("client", "", ["York"], at(23, 22)),
        ("agency", "", ["Agency"], at(23, 17, 30)),
        ("always", "", [], at(23, 17, 30)),
        ("team", "client", ["Berlin", "York"], at(26, 14, 30)),
        ("team", "always", ["Berlin"], at(24, 9)),
    ],
)
def test_whose_hours_count(
    world: World, policy: SLAPolicy, source: str, also: str, calendars: list[str], due: datetime
) -> None:
    calendar_for(zone="Europe/Berlin", slug="berlin", team=world.team)
    calendar_for(zone="America/New_York", slug="york", client=world.acme)
    policy.calendar_source, policy.also_source = source, also
    save_policy(policy, by=by(world.olga), at=MONDAY)
    request = make_request(world.acme)

    start(
        [request.item], policy, MONDAY, purposes={"triage"}, worktimes={request.item_id: 8 * HOUR}
    )

    explained = explain(clock_of(request), MONDAY)
    assert [calendar.name for calendar in explained.calendars] == calendars
    assert clock_of(request).due_at == due
    assert explained.agrees


def test_without_a_calendar_of_their_own_team_and_client_keep_the_agencys(
    world: World, policy: SLAPolicy
) -> None:
    policy.also_source = "client"
    save_policy(policy, by=by(world.olga), at=MONDAY)
    request = make_request(make_client("ZED", world.team, world.alice, world.bob))

    start([request.item], policy, MONDAY, purposes={"triage"})

    assert [calendar.name for calendar in explain(clock_of(request), MONDAY).calendars] == [
        "Agency"
    ]


def test_hours_that_never_meet_fall_back_to_the_first_and_say_so(
    world: World, policy: SLAPolicy
) -> None:
    calendar_for(zone="Asia/Tokyo", slug="tokyo", client=world.acme)
    calendar_for(zone="America/New_York", slug="york", team=world.team)
    policy.also_source = "client"
    save_policy(policy, by=by(world.olga), at=MONDAY)
    request = make_request(world.acme)

    start([request.item], policy, MONDAY, purposes={"triage"})

    explained = explain(clock_of(request), MONDAY)
    assert [calendar.name for calendar in explained.calendars] == ["York"]
    assert explained.instead_of == ("york", "tokyo")
    assert "never overlap" in words(explained, ZoneInfo("UTC"))[0]


def test_holidays_are_those_known_when_the_clock_started(world: World, policy: SLAPolicy) -> None:
    calendar = Calendar.objects.get(slug="agency")
    calendar.holiday_country, calendar.holiday_subdivision = "GB", "ENG"
    calendar.extra_dates = {"2026-12-24": "Christmas Eve"}
    save_calendar(calendar, by=by(world.olga), at=MONDAY)
    request = make_request(world.acme)
    started = datetime(2026, 12, 23, 16, 30, tzinfo=UTC)

    start(
        [request.item], policy, started, purposes={"triage"}, worktimes={request.item_id: 2 * HOUR}
    )

    assert clock_of(request).due_at == datetime(2026, 12, 29, 10, tzinfo=UTC)
    notes = {
        segment.note
        for stretch in explain(clock_of(request), started).reading.stretches
        for segment in stretch.segments
    }
    assert {"Christmas Eve", "Christmas Day", "Boxing Day (substitute day)"} & notes >= {
        "Christmas Eve",
        "Christmas Day",
    }


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("hours", {"fri": ["22:00-06:00"]}, "crosses midnight"),
        ("timezone", "Mars/Olympus", "not a time zone"),
        ("holiday_country", "ZZ", "No public holidays"),
        ("holiday_subdivision", "XX", "not a region of this country"),
        ("extra_dates", {"24.12.": "x"}, "not a date"),
    ],
)
def test_a_calendar_that_cannot_be_read_is_refused_by_field(
    world: World, field: str, value: object, why: str
) -> None:
    calendar = Calendar(slug="odd", name="Odd", **{field: value})

    with pytest.raises(ValidationError) as refused:
        save_calendar(calendar, by=by(world.olga), at=MONDAY)

    assert why in refused.value.message_dict[field][0]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "cake"}, "kind"),
        ({"runs_in": ["baked"]}, "runs_in"),
        ({"met_in": ["baked"]}, "met_in"),
        ({"runs_in": ["triaged"], "met_in": ["triaged"]}, "met_in"),
        ({"worktime": ZERO}, "worktime"),
        ({"worktime": 3_000 * HOUR}, "worktime"),
        ({"warn_percent": 0}, "warn_percent"),
    ],
)
def test_a_target_that_means_nothing_is_refused_by_field(
    world: World, policy: SLAPolicy, fields: dict[str, object], field: str
) -> None:
    target = Target(**{"kind": "request", "purpose": "new", "worktime": HOUR, **fields})

    with pytest.raises(ValidationError) as refused:
        save_policy(policy, targets=[target], by=by(world.olga), at=MONDAY)

    assert field in refused.value.message_dict
    assert not policy.targets.filter(purpose="new").exists()
