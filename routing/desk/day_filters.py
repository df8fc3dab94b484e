"""Filters by days: when work is due, when something happened, what others changed since."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import DateTimeField, Q, QuerySet, Value
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.http import HttpRequest
from django.utils import dateformat, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.base import actor
from routing.desk.days import Days, Due, midnight
from routing.desk.my_work import changed_by_others
from routing.desk.several import AtItem, ChosenValue, SeveralValues
from routing.work.display import exact
from routing.work.items import NEVER, soonest

NO_DUE_TIME = "none"
TO = ".."  # between the first and the last day of a range


class DayRange(SeveralValues):
    """
    A filter by days of the reader: ``2026-11-01..2026-11-30``, of which one end may be missing.
    """

    ranges = True

    def read(self, given: Sequence[str]) -> list[ChosenValue]:
        named = {each.given: each for each in super().read(given)}
        found = []
        for text in given:
            days = range_in(text)
            if text in named:
                found.append(named[text])
            elif days is not None:
                found.append(ChosenValue(text, days, in_words(*days)))
        return found

    def find(self, text: str) -> list[ChosenValue]:
        return self.read([text]) or super().find(text)


class WhenDue(AtItem, DayRange):
    """Filter by due time. Values are those of ``Due``, ``none``, and ranges of days."""

    title = gettext_lazy("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (*Due.choices, (NO_DUE_TIME, gettext_lazy("Without a due time")))

    def condition(self, values: Sequence[Any]) -> Q:
        # On the sort key of the lists, so that one index finds the rows in their order.
        due, days, wanted = soonest(self.at), Days.around(timezone.now()), Q()
        for value in values:
            wanted |= Q(*_within(due, *_limits(value, days)))
        return wanted


class HappenedOn(DayRange):
    """Filter events by the day on which they happened."""

    title = gettext_lazy("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            ("today", gettext_lazy("Today")),
            ("7", gettext_lazy("Last 7 days")),
            ("30", gettext_lazy("Last 30 days")),
        )

    def condition(self, values: Sequence[Any]) -> Q:
        today, wanted = timezone.localdate(), Q()
        for value in values:
            if isinstance(value, tuple):
                first, last = value
            else:
                back = 0 if value == "today" else int(value) - 1
                first, last = today - timedelta(days=back), None
            part = {}
            if first:
                part["at__gte"] = midnight(first)
            if last:
                part["at__lt"] = midnight(last + timedelta(days=1))
            wanted |= Q(**part)
        return wanted


def range_in(text: str) -> tuple[date | None, date | None] | None:
    """Return the first and the last day of a range, or None for a text that is no range."""
    first, between, last = text.partition(TO)
    if not between or not (first or last):
        return None
    try:
        days = [date.fromisoformat(part) if part else None for part in (first, last)]
    except ValueError:
        return None
    if any(day is not None and day.year in {date.min.year, date.max.year} for day in days):
        return None  # the instants around them would be out of range
    return days[0], days[1]


def in_words(first: date | None, last: date | None) -> str:
    def shown(day: date) -> str:
        return dateformat.format(day, "j M Y")

    if first and last:
        return f"{shown(first)} – {shown(last)}"
    if first:
        return _("from %(day)s") % {"day": shown(first)}
    return _("until %(day)s") % {"day": shown(last)} if last else ""


def _limits(value: Any, days: Days) -> tuple[datetime | None, datetime | None]:
    """
    Return from when and before when the due times of a value are.

    Without an end, work without a due time is included: its sort key is ``NEVER``.
    """
    if isinstance(value, tuple):
        first, last = value
        end = midnight(last + timedelta(days=1)) if last else NEVER
        return (midnight(first) if first else None), end
    named: dict[str, tuple[datetime | None, datetime | None]] = {
        Due.LATE.value: (None, days.now),
        Due.TODAY.value: (days.now, days.tomorrow),
        Due.WEEK.value: (days.tomorrow, days.later),
        Due.LATER.value: (days.later, None),
        NO_DUE_TIME: (NEVER, None),
    }
    return named[value]


def _within(due: Any, start: datetime | None, end: datetime | None) -> list[Any]:
    field, found = DateTimeField(), list[Any]()
    if start is not None:
        found.append(GreaterThanOrEqual(due, Value(start, output_field=field)))
    if end is not None:
        found.append(LessThan(due, Value(end, output_field=field)))
    return found


class OnceChosen(ABC, SimpleListFilter):
    """
    A filter that is shown only while it is active. Links lead to it.
    """

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        value = request.GET.get(self.parameter_name or "", "")
        label = self.words(value) if value else ""
        return [(value, label)] if label else []

    @abstractmethod
    def words(self, value: str) -> str:
        """Return the choice in words, or an empty string for an invalid value."""


class ChangedSince(OnceChosen):
    """Filter for changes by other people after an instant."""

    title = gettext_lazy("changed by others")
    parameter_name = "changed"

    def words(self, value: str) -> str:
        at = instant(value)
        return _("since %(when)s") % {"when": exact(at)} if at else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        at = instant(self.value() or "")
        return changed_by_others(queryset, actor(request), at) if at else queryset


def instant(text: str) -> datetime | None:
    """Return the aware time that an ISO 8601 text gives, or None if it gives none."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and timezone.is_aware(at) else None
