"""
Weekly hours as people write them, ``{"mon": ["09:00-12:30", "13:30-17:30"]}``, and hours as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from routing.sla.hours import Hours, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# With a hyphen or a dash, which text programs insert instead, or a word.
_WINDOW = re.compile(
    r"\A\s*(\d{1,2}):(\d{2})\s*(?:[-\u2013\u2014]|to|bis)\s*(\d{1,2}):(\d{2})\s*\Z", re.IGNORECASE
)
MIDNIGHT = 24 * 60
Words = str | Promise  # translated where it is shown
WORKING_WEEK = {day: ["09:00-17:30"] for day in DAYS[:5]}


class BadHours(ValueError):
    """
    Hours or dates are invalid. ``message`` says which, and what to enter instead.
    """

    def __init__(self, message: Words, **params: Any) -> None:
        super().__init__(message, params)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        return str(self.message) % self.params


def read_week(written: Any) -> tuple[tuple[Window, ...], ...]:
    """
    Return the windows of each weekday, Monday first. Missing days are closed.

    :raises BadHours: see the class
    """
    if not isinstance(written, Mapping):
        raise BadHours(_("Enter hours by day, such as {“mon”: [“09:00-17:30”]}."))
    unknown = [str(day) for day in written if day not in DAYS]
    if unknown:
        raise BadHours(
            _("“%(day)s” is not a day. Days: %(days)s."), day=unknown[0], days=", ".join(DAYS)
        )
    week = tuple(read_windows(day, written.get(day, [])) for day in DAYS)
    if not any(week):
        raise BadHours(_("At least one day must be open."))
    return week


def read_windows(day: str, written: Any) -> tuple[Window, ...]:
    """
    Return the windows of one day, sorted, adjacent ones joined.

    :param day: its name, for messages
    :raises BadHours: see the class
    """
    if not isinstance(written, list):
        raise BadHours(
            _("The hours of %(day)s must be a list, such as [“09:00-12:30”, “13:30-17:30”]."),
            day=day,
        )
    windows = sorted(_read_window(day, text) for text in written)
    for (_opens, closes), (opens, _closes) in pairwise(windows):
        if opens < closes:
            raise BadHours(
                _("Two time ranges of %(day)s overlap at %(time)s."),
                day=day,
                time=clock_face(opens),
            )
    return tuple(_joined(windows))


def _joined(windows: list[Window]) -> list[Window]:
    """Join adjacent windows, such as 09:00-12:00 and 12:00-17:00."""
    found: list[Window] = []
    for opens, closes in windows:
        if found and found[-1][1] == opens:
            found[-1] = (found[-1][0], closes)
        else:
            found.append((opens, closes))
    return found


def _read_window(day: str, text: Any) -> Window:
    match = _WINDOW.match(text) if isinstance(text, str) else None
    if match is None:
        raise BadHours(
            _("“%(text)s” (%(day)s) is not a time range. Enter one such as 09:00-17:30."),
            text=text,
            day=day,
        )
    hours_from, minutes_from, hours_to, minutes_to = (int(part) for part in match.groups())
    opens, closes = hours_from * 60 + minutes_from, hours_to * 60 + minutes_to
    if max(minutes_from, minutes_to) >= 60 or opens >= MIDNIGHT or closes > MIDNIGHT:  # noqa: PLR2004 - minutes of an hour
        raise BadHours(
            _("“%(text)s” (%(day)s) is not a time of day. Times go from 00:00 to 24:00."),
            text=text,
            day=day,
        )
    if opens == closes:
        raise BadHours(
            _("“%(text)s” (%(day)s) is empty. Remove the day to close it."), text=text, day=day
        )
    if opens > closes:
        raise BadHours(
            _(
                "“%(text)s” (%(day)s) crosses midnight. Enter %(evening)s here and the rest from "
                "00:00 on the next day."
            ),
            text=text,
            day=day,
            evening=f"{clock_face(opens)}-24:00",
        )
    return opens, closes


def clock_face(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def write_week(weekly: tuple[tuple[Window, ...], ...]) -> dict[str, list[str]]:
    """Return the text that ``read_week`` reads, without closed days."""
    found = {}
    for day, windows in zip(DAYS, weekly, strict=True):
        if windows:
            found[day] = _write_windows(windows)
    return found


def read_dates(written: Any) -> dict[date, str]:
    """
    Read dates with their names, such as ``{"2026-12-24": "Christmas Eve"}``.

    :raises BadHours: see the class
    """
    if not isinstance(written, Mapping):
        raise BadHours(_("Enter each date with its name, such as {“2026-12-24”: “Christmas Eve”}."))
    found = {}
    for text, name in written.items():
        try:
            day = date.fromisoformat(text)
        except (TypeError, ValueError):
            raise BadHours(
                _("“%(text)s” is not a date. Enter one such as 2026-12-24."), text=text
            ) from None
        if not isinstance(name, str) or len(name) > 100:  # noqa: PLR2004 - a name, not a text
            raise BadHours(_("The name of %(text)s can have at most 100 characters."), text=text)
        found[day] = name
    return found


def hours_as_json(hours: Hours) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": hours.name,
        "zone": hours.zone,
        "weekly": write_week(hours.weekly),
        "holidays": {
            day.isoformat(): hours.holiday_names.get(day, "") for day in sorted(hours.holidays)
        },
    }
    # Only where there are any: without them, terms keep the digest that they always had.
    if hours.changed:
        found["changed"] = {
            day.isoformat(): {
                "hours": _write_windows(windows),
                "name": hours.holiday_names.get(day, ""),
            }
            for day, windows in sorted(hours.changed.items())
        }
    return found


def hours_from_json(written: Mapping[str, Any]) -> Hours:
    """:raises BadHours: if it was not written by ``hours_as_json``"""
    changed = written.get("changed", {})
    holidays = read_dates(written["holidays"])
    other = read_dates({day: each["name"] for day, each in changed.items()})
    return Hours(
        written["name"],
        written["zone"],
        read_week(written["weekly"]),
        frozenset(holidays),
        holidays | other,
        {day: read_windows(str(day), changed[day.isoformat()]["hours"]) for day in other},
    )


def _write_windows(windows: tuple[Window, ...]) -> list[str]:
    return [f"{clock_face(opens)}-{clock_face(closes)}" for opens, closes in windows]
