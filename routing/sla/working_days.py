"""
Working days: the days on which a calendar is open, for dates that are counted over days off.

A client with a calendar of its own has the days off of that one, every other client those of the
agency. Without any calendar, Monday to Friday are working days.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial

from django.db.models import Q
from django.utils.translation import gettext as _

from routing.kernel.days import IsWorkingDay
from routing.sla.calendars import Calendar, CalendarUse

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of a calendar. ``label`` names the calendar for people."""

    label: str
    is_working: IsWorkingDay


def is_weekday(day: date) -> bool:
    return day.weekday() < SATURDAY


def working_day_test(calendar: Calendar) -> IsWorkingDay:
    """Return the test whether a day is open in a calendar as it is now, at least for a part."""
    hours = lru_cache(maxsize=None)(partial(calendar.hours_from, years=1))

    def is_working(day: date) -> bool:
        year = hours(day.year)
        usual = year.weekly[day.weekday()] and day not in year.holidays
        return bool(year.changed.get(day, usual))

    return is_working


def working_days_of(clients: Collection[int | None]) -> Mapping[int | None, WorkingDays]:
    """Return the working days of each client by id. None is work that has no client yet."""
    named = Q(client__in=[pk for pk in clients if pk is not None])
    uses = CalendarUse.objects.filter(named | Q(team=None, client=None)).select_related("calendar")
    # The agency's assignment has no client either.
    calendars = {use.client_id: use.calendar for use in uses}
    made: dict[int | None, WorkingDays] = {}
    found = {}
    for pk in clients:
        calendar = calendars.get(pk) or calendars.get(None)
        key = calendar.pk if calendar else None
        if key not in made:
            made[key] = _of_calendar(calendar)
        found[pk] = made[key]
    return found


def _of_calendar(calendar: Calendar | None) -> WorkingDays:
    if calendar is None:
        return WorkingDays(_("Monday to Friday"), is_weekday)
    return WorkingDays(calendar.name, working_day_test(calendar))
