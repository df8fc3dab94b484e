"""D3: an absence has the days of the absent person, and both zones are shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.cover.periods import WallTime
from routing.models import Absence
from tests.desk import filled, signed_in, url, words
from tests.world import NOW, World

pytestmark = pytest.mark.usefixtures("without_second_factor")
AUCKLAND = ZoneInfo("Pacific/Auckland")


@pytest.fixture(autouse=True)
def far_apart(world: World) -> None:
    world.olga.timezone, world.alice.timezone = "Europe/London", "Pacific/Auckland"
    world.olga.save()
    world.alice.save()


def enter(world: World, **more: Any) -> Any:
    sent = {"user": world.alice.pk, "starts_at": "2027-06-02", "ends_at": "2027-06-02"}
    return signed_in(world.olga).post(url(Absence, "add"), sent | more, follow=True)


def there(day: int, hour: int = 0) -> datetime:
    return datetime(2027, 6, day, hour, tzinfo=AUCKLAND)


@pytest.mark.parametrize(
    ("entered", "starts", "ends"),
    [
        ({}, there(2), there(3)),
        ({"ends_at": "2027-06-04"}, there(2), there(5)),
        ({"starts_at": "2027-06-02T00:00", "ends_at": "2027-06-03T00:00"}, there(2), there(3)),
        (
            {"starts_at": "2027-06-02 09:00", "ends_at": "2027-06-02T13:00"},
            there(2, 9),
            there(2, 13),
        ),
        ({"starts_at_time": "13:00"}, there(2, 13), there(3)),
        ({"ends_at_time": "13:00"}, there(2), there(2, 13)),
    ],
)
def test_d3_days_and_times_are_those_of_the_absent_person(
    world: World, entered: dict[str, str], starts: datetime, ends: datetime
) -> None:
    enter(world, **entered)

    row = Absence.objects.get()
    assert (row.starts_at, row.ends_at) == (starts, ends)


def test_d3_both_zones_are_shown(world: World) -> None:
    both = (
        "Wed 2 Jun 2027 (Pacific/Auckland); "
        "for you Tue 1 Jun 2027, 13:00 – Wed 2 Jun 2027, 13:00 (Europe/London)"
    )

    answer = words(enter(world))

    assert f"Alice: {both}" in answer
    assert both in words(signed_in(world.olga).get(url(Absence, "changelist")))
    own = words(signed_in(world.alice).get(url(Absence, "changelist")))
    assert "Wed 2 Jun 2027 (Pacific/Auckland)" in own
    assert "for you" not in own
    assert str(Absence.objects.get()) == "Alice · Wed 2 Jun 2027"


@pytest.mark.parametrize(
    ("entered", "shown"),
    [
        ({"ends_at": "2027-06-04"}, [("2027-06-02", None), ("2027-06-04", None)]),
        ({"ends_at_time": "13:00"}, [("2027-06-02", "00:00"), ("2027-06-02", "13:00")]),
    ],
)
def test_d3_the_form_shows_what_was_entered_and_keeps_it(
    world: World, entered: dict[str, str], shown: list[tuple[str, str | None]]
) -> None:
    enter(world, **entered)
    row, desk = Absence.objects.get(), signed_in(world.olga)
    path = url(Absence, "change", row.pk)

    found = [filled(desk.get(path))[name] for name in ("starts_at", "ends_at")]
    sent = {"user": world.alice.pk, "starts_at": shown[0][0], "ends_at": shown[1][0]}
    times = {"starts_at_time": shown[0][1] or "", "ends_at_time": shown[1][1] or ""}
    desk.post(path, sent | times)

    assert [(each.day.isoformat(), each.clock and f"{each.clock:%H:%M}") for each in found] == shown
    again = Absence.objects.get()
    assert (again.starts_at, again.ends_at) == (row.starts_at, row.ends_at)
    assert again.history.count() == 1


@pytest.mark.parametrize(
    ("entered", "why"),
    [
        ({"starts_at": "2.6.2027"}, "Enter a date such as 2027-06-02"),
        ({"starts_at": "2027-02-30"}, "Enter a date such as 2027-06-02"),
        ({"starts_at_time": "25:00"}, "Enter a date such as 2027-06-02"),
        ({"starts_at": "2027-06-02T09:00+02:00"}, "Enter a date such as 2027-06-02"),
        ({"starts_at": ""}, "This field is required."),
        ({"ends_at": "9999-12-31"}, "Enter a date such as 2027-06-02"),
        ({"ends_at": "2027-06-01"}, "The end of an absence must be after its start."),
        ({"starts_at_time": "13:00", "ends_at_time": "13:00"}, "must be after its start"),
        ({"user": ""}, "This field is required."),
    ],
)
def test_d3_what_is_no_period_is_refused(world: World, entered: dict[str, str], why: str) -> None:
    assert why in words(enter(world, **entered))
    assert not Absence.objects.exists()


@pytest.mark.requirement("O9")
def test_people_enter_their_own_absences_and_leads_everybodys(world: World) -> None:
    mine, theirs = signed_in(world.alice), signed_in(world.bob)
    days = {"starts_at": "2029-06-02", "ends_at": "2029-06-04", "substitute": world.quin.pk}
    path = url(Absence, "add")

    form = mine.get(path).context["adminform"].form
    refused = mine.post(path, {**days, "user": world.bob.pk})
    mine.post(path, {**days, "user": world.alice.pk})

    assert list(form.fields["user"].queryset) == [world.alice]
    assert "user" in refused.context["adminform"].form.errors
    row = Absence.objects.get()
    assert (row.user, row.substitute) == (world.alice, world.quin)
    page = words(signed_in(world.olga).get(url(Absence, "changelist")))
    assert "Sat 2 Jun 2029 – Mon 4 Jun 2029 (Pacific/Auckland)" in page
    assert "Quin" in page
    assert theirs.post(url(Absence, "change", row.pk), days).status_code == 403
    assert theirs.post(url(Absence, "end", row.pk)).status_code == 403
    mine.post(url(Absence, "end", row.pk), {"reason": "Trip cancelled"})
    assert not Absence.objects.exists()
    assert Absence.history.first().history_change_reason == "Trip cancelled"


@pytest.mark.requirement("O9")
def test_an_absence_that_overlaps_another_says_which_and_keeps_the_input(world: World) -> None:
    enter(world, ends_at="2027-06-04")

    answer = enter(world, starts_at="2027-06-04", ends_at="2027-06-08", reason="Holiday")
    apart = enter(world, starts_at="2027-06-05", ends_at="2027-06-08")
    first = Absence.objects.earliest("starts_at")
    longer = filled(signed_in(world.olga).get(url(Absence, "change", first.pk)))
    sent = {"user": world.alice.pk, "starts_at": "2027-06-02", "ends_at": "2027-06-05"}
    changed = signed_in(world.olga).post(url(Absence, "change", first.pk), sent)

    which = "This overlaps another absence of Alice: Wed 2 Jun 2027 – Fri 4 Jun 2027."
    assert which in words(answer)
    assert 'value="2027-06-08"' in answer.content.decode()
    assert 'value="Holiday"' in answer.content.decode()
    assert "This overlaps" not in words(apart)
    assert longer["ends_at"].day == date(2027, 6, 4)
    assert "Sat 5 Jun 2027 – Tue 8 Jun 2027" in words(changed)
    assert Absence.objects.count() == 2


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("alice", "The substitute must be another person."),
        ("audrey", "Select a valid choice."),
        ("bob", "Bob is away in this time: Wed 2 Jun 2027, morning."),
    ],
)
def test_a_substitute_who_cannot_stand_in_is_refused(world: World, who: str, why: str) -> None:
    enter(world, user=world.bob.pk, ends_half="on")

    answer = enter(world, substitute=getattr(world, who).pk)

    assert why in words(answer)
    assert Absence.objects.count() == 1


@pytest.mark.parametrize(
    ("entered", "ends", "said"),
    [
        ({"starts_half": "on"}, (there(2, 12), there(3)), "Wed 2 Jun 2027, afternoon"),
        ({"ends_half": "on"}, (there(2), there(2, 12)), "Wed 2 Jun 2027, morning"),
        (
            {"starts_half": "on", "ends_half": "on", "ends_at": "2027-06-04"},
            (there(2, 12), there(4, 12)),
            "Wed 2 Jun 2027, afternoon – Fri 4 Jun 2027, morning",
        ),
    ],
)
def test_half_days_are_entered_said_and_shown_again(
    world: World, entered: dict[str, str], ends: Any, said: str
) -> None:
    enter(world, **entered)

    row = Absence.objects.get()
    assert (row.starts_at, row.ends_at) == ends
    assert row.words() == said
    shown = filled(signed_in(world.olga).get(url(Absence, "change", row.pk)))
    assert {name for name in ("starts_half", "ends_half") if shown.get(name)} == set(entered) - {
        "ends_at"
    }
    both = enter(world, starts_at="2027-07-01", starts_at_time="09:00", starts_half="on")
    assert "Enter either a time or a half day." in words(both)


@pytest.mark.requirement("O9")
def test_several_absences_are_entered_at_once_or_none(world: World) -> None:
    desk, path = signed_in(world.olga), url(Absence, "several")
    lines = "2027-06-02 afternoon\n2027-12-24 to 2027-12-31\n"
    sent = {"people": [world.alice.pk, world.bob.pk], "lines": lines, "reason": "Closed"}

    unread = desk.post(path, {**sent, "lines": f"{lines}next week"})
    overlaps = desk.post(path, {**sent, "lines": f"{lines}2027-12-31"})
    assert not Absence.objects.exists()
    done = desk.post(path, sent, follow=True)
    own = signed_in(world.cora).post(path, sent)

    assert "Line 3 is not understood: next week" in words(unread)
    assert "2027-06-02 afternoon" in unread.content.decode()
    which = "Alice, Fri 31 Dec 2027: This overlaps another absence of Alice: Fri 24 Dec 2027"
    assert which in words(overlaps)
    assert "4 absences entered." in words(done)
    assert Absence.objects.filter(starts_at=there(2, 12)).get().user == world.alice
    assert Absence.objects.count() == 4
    assert "people" in own.context["form"].errors  # others than themselves


def test_an_absence_that_recurs_is_one_line(world: World) -> None:
    desk, path = signed_in(world.alice), url(Absence, "several")
    line = "2027-06-02 afternoon every 2 weeks until 2027-07-01"
    faults = (
        "2027-06-02 every 0 weeks until 2027-07-01",
        "2027-06-02 every week until 2027-06-01",
        "2027-06-02 every week until 2029-06-02",
        "9999-12-20 every week until 9999-12-31",
    )

    refused = [desk.post(path, {"people": [world.alice.pk], "lines": each}) for each in faults]
    desk.post(path, {"people": [world.alice.pk], "lines": line})

    assert ["is not understood" in words(answer) for answer in refused] == [True] * 4
    starts = Absence.objects.order_by("starts_at").values_list("starts_at", flat=True)
    assert list(starts) == [there(2, 12), there(16, 12), there(30, 12)]


def test_away_from_now_begins_now_and_ends_when_the_person_is_back(world: World) -> None:
    desk, path = signed_in(world.alice), url(Absence, "away_now")
    last = (NOW + timedelta(days=2)).astimezone(AUCKLAND).date()
    early = (NOW - timedelta(days=2)).date().isoformat()

    refused = desk.post(path, {"ends_at": early, "reason": "Ill"})
    answer = desk.post(path, {"ends_at": last.isoformat(), "reason": "Ill"}, follow=True)
    again = desk.post(path, {"ends_at": last.isoformat()})

    assert "The end of an absence must be after its start." in words(refused)
    assert 'value="Ill"' in refused.content.decode()
    row = Absence.objects.get()
    assert row.starts_at == NOW
    assert row.ends_at == datetime(last.year, last.month, last.day, tzinfo=AUCKLAND) + timedelta(
        days=1
    )
    assert "Nothing is due in this time." in words(answer)
    assert "This overlaps another absence of Alice" in words(again)
    page = words(desk.get(url(Absence, "change", row.pk)))
    assert "Back now…" in page


DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31))
ZONES = st.sampled_from(
    ["Pacific/Auckland", "Europe/London", "America/Havana", "Africa/Cairo", "Asia/Kathmandu"]
)


@given(DAYS, st.integers(0, 30), ZONES)
def test_d3_whole_days_begin_and_end_with_the_days_on_the_wall(
    first: date, length: int, name: str
) -> None:
    zone, last = ZoneInfo(name), first + timedelta(days=length)

    start, end = WallTime(first).starts(zone), WallTime(last).ends(zone)

    assert (start, end) == (WallTime(first).starts(zone), WallTime(last).ends(zone))
    assert start.astimezone(zone).date() == first
    before = end - timedelta(microseconds=1)
    assert before.astimezone(zone).date() == last
    assert start.tzinfo is UTC
