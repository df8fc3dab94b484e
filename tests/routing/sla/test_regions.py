"""D1: public holidays that differ by region are never counted without choosing one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from routing.models import Calendar, SLAPolicy
from routing.people.actors import Actor
from routing.sla.checks import calendars_have_a_region
from routing.sla.operations.calendars import ensure_defaults, save_calendar
from routing.sla.public_holidays import countries, country_names, misses_days, subdivision_names
from tests.desk import filled, signed_in, url, words
from tests.world import NOW, World

LONDON = ZoneInfo("Europe/London")


def london_time(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=LONDON)


DIVIDED = ("AU", "BA", "BO", "BQ", "CA", "CH", "DE", "ES", "FM", "GB", "MY", "SH")


@pytest.fixture
def policy(world: World) -> SLAPolicy:
    return ensure_defaults(at=NOW)


def london(**fields: Any) -> Calendar:
    calendar = Calendar(slug="london", name="London", timezone="Europe/London", **fields)
    save_calendar(calendar, by=Actor.system(), at=NOW)
    return calendar


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (london_time(3, 25, 16, 30), london_time(3, 30, 10)),  # Easter Monday
        (london_time(8, 27, 16, 30), london_time(8, 31, 10)),  # the summer bank holiday
    ],
)
def test_d1_two_hours_over_a_bank_holiday_in_england(
    world: World, start: datetime, due: datetime
) -> None:
    hours = london(holiday_country="GB", holiday_subdivision="ENG").hours_from(2027, 6)

    found = hours.add(start, timedelta(hours=2))

    assert found == due


def test_d1_a_country_whose_list_is_right_nowhere_needs_a_region(world: World) -> None:
    with pytest.raises(ValidationError) as refused:
        london(holiday_country="GB")
    with pytest.raises(ValidationError) as both:
        london(holiday_country="GB", holiday_subdivision="ENG", holiday_national_only=True)

    assert "England (ENG), Northern Ireland (NIR)" in refused.value.messages[0]
    assert both.value.messages == ["Choose a region or national days only, not both."]
    assert london(holiday_country="GB", holiday_national_only=True).pk


def test_d1_countries_that_need_a_region_are_found_by_comparing() -> None:
    assert all(misses_days(code) for code in DIVIDED)
    assert not any(misses_days(code) for code in ("FR", "IE", "US", "IT", "NL"))


def test_d1_countries_and_regions_have_names() -> None:
    assert country_names()["BA"] == "Bosnia and Herzegovina"
    assert {*country_names()} == {*countries()}
    assert subdivision_names("DE")["BY"] == "Bayern"


def test_d1_defaults_are_refused_without_the_region(world: World) -> None:
    with pytest.raises(ValidationError, match="Choose a region"):
        ensure_defaults(at=NOW, timezone="Europe/London", country="GB")
    assert not Calendar.objects.exists()


def test_d1_a_calendar_from_before_is_named_and_still_counts(
    world: World, policy: SLAPolicy, capsys: pytest.CaptureFixture[str]
) -> None:
    Calendar.objects.update(holiday_country="GB")

    named = calendars_have_a_region(databases=["default"])
    call_command("check", database=["default"])

    assert [warning.id for warning in named] == ["throughline.W025"]
    assert "“Agency” has the public holidays of GB without a region" in named[0].msg
    assert "“Agency”" in capsys.readouterr().err
    assert Calendar.objects.get().hours_from(2027, 1).holidays
    Calendar.objects.update(holiday_subdivision="ENG")
    assert calendars_have_a_region(databases=["default"]) == []


@pytest.mark.usefixtures("without_second_factor")
@pytest.mark.parametrize(
    ("country", "region", "kept"),
    [
        ("GB", "GB-ENG", ("GB", "ENG", False)),
        ("GB", "SCT", ("GB", "SCT", False)),
        ("", "DE-BY", ("DE", "BY", False)),
        ("DE", "national", ("DE", "", True)),
        ("FR", "", ("FR", "", False)),
        ("", "", ("", "", False)),
    ],
)
def test_d1_the_page_offers_countries_and_regions_by_name(
    world: World, policy: SLAPolicy, country: str, region: str, kept: tuple[str, str, bool]
) -> None:
    calendar = Calendar.objects.get()
    path, browser = url(Calendar, "change", calendar.pk), signed_in(world.olga)
    chosen = {"holiday_country": country, "holiday_subdivision": region}

    page = browser.get(path)
    saved = browser.post(path, filled(page) | chosen)
    again = browser.post(path, filled(browser.get(path)))

    calendar.refresh_from_db()
    assert "United Kingdom (GB)" in words(page)
    assert "Northern Ireland" in words(page)
    assert (saved.status_code, again.status_code) == (302, 302)
    assert kept == (
        calendar.holiday_country,
        calendar.holiday_subdivision,
        calendar.holiday_national_only,
    )


@pytest.mark.usefixtures("without_second_factor")
@pytest.mark.parametrize(
    ("country", "region", "why"),
    [
        ("GB", "", "Choose a region, or “National days only”"),
        ("DE", "GB-ENG", "GB-ENG is a region of United Kingdom."),
        ("GB", "XX", "is not a region of this country"),
    ],
)
def test_d1_a_region_that_is_missing_or_elsewhere_is_refused_beside_the_field(
    world: World, policy: SLAPolicy, country: str, region: str, why: str
) -> None:
    calendar = Calendar.objects.get()
    path, browser = url(Calendar, "change", calendar.pk), signed_in(world.olga)
    chosen = {"holiday_country": country, "holiday_subdivision": region}

    page = browser.post(path, filled(browser.get(path)) | chosen)

    assert why in page.context["adminform"].form.errors["holiday_subdivision"][0]
    assert Calendar.objects.get().holiday_country == ""


@pytest.mark.usefixtures("without_second_factor")
def test_d1_the_list_says_where_a_region_is_missing(world: World, policy: SLAPolicy) -> None:
    browser = signed_in(world.olga)
    Calendar.objects.update(holiday_country="GB")

    missing = words(browser.get(url(Calendar, "changelist")))
    Calendar.objects.update(holiday_national_only=True)

    assert "GB, region missing" in missing
    assert "GB, national days only" in words(browser.get(url(Calendar, "changelist")))
