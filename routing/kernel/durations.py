"""Durations as people write them, such as 4 h, 4:00 or 2 working days, and in words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
LONGEST = 10_000 * HOUR  # what is longer is a typing error
MOST_CHARACTERS = 80

_CLOCK = re.compile(r"(\d{1,5}):(\d{2})(?::(\d{2}))?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_PART = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*([^\d\s,.;+-]+(?:\s+(?:days?|hours?|tage?n?)\b)?)\.?", re.ASCII
)
_HOUR_AND_MINUTES = re.compile(r"(\d+)\s*(h|hrs?|hours?|std|stunden?)\.?\s*(\d{1,2})", re.ASCII)
_BETWEEN = re.compile(r"[\s,;+]*(?:and\b|und\b)?[\s,;+]*")
# Words and signs for numbers, and what is read in their place: 1 1/2 h, half an hour, an hour.
_SPELLED = (
    (re.compile(r"(?<![\d.,:/])(\d+) ?(?:\u00bd| 1/2(?![\d/]))"), r"\1.5 "),
    (re.compile(r"(?<![\d.,:/])(?:\u00bd|1/2(?![\d/]))"), "0.5 "),
    (re.compile(r"\b(?:an? |eine? )?hal(?:f|be[nr]?)\b(?: an?\b)?"), "0.5"),
    (re.compile(r"\b(?:an?|eine) (?:quarter|viertel)(?: of an?)?(?: hours?|stunde)"), "15 min"),
    (re.compile(r"\bthree quarters of an hour\b|\bdrei ?viertelstunden?\b"), "45 min"),
    (re.compile(r"\b(?:anderthalb|eineinhalb)\b"), "1.5"),
    (re.compile(r"\b(?:an?|one|eine?n?)(?= )"), "1"),
    (re.compile(r"\b(?:two|zwei)(?= )"), "2"),
    (re.compile(r"\b(?:three|drei)(?= )"), "3"),
    (re.compile(r"\b(?:four|vier)(?= )"), "4"),
    (re.compile(r"\b(?:five|f\u00fcnf)(?= )"), "5"),
    (re.compile(r"\b(?:six|sechs)(?= )"), "6"),
    (re.compile(r"\b(?:eight|acht)(?= )"), "8"),
    (re.compile(r"\b(?:ten|zehn)(?= )"), "10"),
    (re.compile(r"\A(\d{1,5}:\d{2}) ?(?:h|hrs?|hours?|std|stunden?)\.?\Z", re.ASCII), r"\1"),
)
# A thousand, or one with three decimals: people write both, and a clock would count either.
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}[.,]\d{3}(?!\d)", re.ASCII)
_UNITS: dict[str, timedelta] = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden"), HOUR),
    **dict.fromkeys(("working hour", "working hours", "arbeitsstunde", "arbeitsstunden"), HOUR),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuten"), MINUTE),
    **dict.fromkeys(
        ("s", "sec", "secs", "second", "seconds", "sek", "sekunde", "sekunden"), SECOND
    ),
}
_WORKING_DAYS = frozenset(
    {"working day", "working days", "workday", "workdays", "wd", "arbeitstag", "arbeitstage"}
    | {"arbeitstagen", "business day", "business days"}
)
_DAYS = frozenset({"d", "day", "days", "tag", "tage", "tagen", "w", "week", "weeks", "woche"})


class BadDuration(ValueError):
    """A text is no duration. ``message`` says what to enter instead."""

    def __init__(self, message: str | Promise, **params: Any) -> None:
        super().__init__(message, params)
        self.message, self.params = message, params

    def __str__(self) -> str:
        return str(self.message) % self.params


def read_duration(text: str, working_day: timedelta | None = None) -> timedelta:
    """
    Read a duration: hours:minutes, or numbers with units.

    A number alone has no unit, and a day has no length of its own: both are refused with what to
    enter instead.

    :param working_day: how long a working day is, or None if working days differ
    :raises BadDuration: if the text is not certain
    """
    text = " ".join(text.lower().replace("\u00a0", " ").split())
    if len(text) > MOST_CHARACTERS:
        raise _unclear(text)
    for spelled, number in _SPELLED:
        text = " ".join(spelled.sub(number, text).split())
    if text.startswith(("-", "\u2212")):
        raise BadDuration(gettext_lazy("A duration cannot be negative."))
    _check_number(text)
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if max(minutes, seconds) >= 60:  # noqa: PLR2004 - of an hour, of a minute
            raise _unclear(text)
        found = hours * HOUR + minutes * MINUTE + seconds * SECOND
    elif match := _HOUR_AND_MINUTES.fullmatch(text):  # 4 h 30
        if int(match[3]) >= 60:  # noqa: PLR2004
            raise _unclear(text)
        found = _times(match[1], HOUR) + int(match[3]) * MINUTE
    else:
        found = _sum(text, working_day)
    if found > LONGEST:
        raise BadDuration(
            gettext_lazy("“%(text)s” is longer than %(most)s."),
            text=text[:40],
            most=in_words(LONGEST),
        )
    return round(found.total_seconds()) * SECOND


def _check_number(text: str) -> None:
    """:raises BadDuration: if a number has no unit, or may be meant as thousands"""
    if _NUMBER.fullmatch(text):
        raise BadDuration(
            gettext_lazy("“%(text)s” has no unit. Enter %(text)s h, %(text)s min or %(text)s:00."),
            text=text,
        )
    if _THOUSANDS.search(text):
        raise BadDuration(
            gettext_lazy("“%(text)s” is not clear. Enter it without a thousands separator."),
            text=text,
        )


def _sum(text: str, working_day: timedelta | None) -> timedelta:
    """Add up parts such as 4 h 30 min, each unit once and the larger first."""
    found, position, least = timedelta(), 0, LONGEST
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise _unclear(text)
        unit = _unit(" ".join(match[2].split()), text, working_day)
        if unit >= least:
            raise _unclear(text)
        found, least = found + _times(match[1], unit), unit
        position = match.end()
        between = _BETWEEN.match(text, position)
        assert between is not None  # it matches nothing, too
        position = between.end()
    if not text:
        raise _unclear(text)
    return found


def _unit(name: str, text: str, working_day: timedelta | None) -> timedelta:
    if name in _UNITS:
        return _UNITS[name]
    if name in _WORKING_DAYS:
        if working_day is None:
            raise BadDuration(
                gettext_lazy(
                    "“%(text)s”: working days differ in length. Enter hours, such as 8 h."
                ),
                text=text,
            )
        return working_day
    if name in _DAYS:
        raise BadDuration(
            gettext_lazy(
                "“%(text)s” is not clear: a day can be 24 hours or a working day. Enter hours, "
                "such as 24 h, or working days, such as 1 working day."
            ),
            text=text,
        )
    raise _unclear(text)


def _times(number: str, unit: timedelta) -> timedelta:
    try:
        return float(number.replace(",", ".")) * unit
    except OverflowError:
        return LONGEST + unit


def _unclear(text: str) -> BadDuration:
    return BadDuration(
        gettext_lazy(
            "“%(text)s” is not a duration. Enter one such as 4 h, 4:30, 90 min or 2 working days."
        ),
        text=text[:40],
    )


def write_duration(time: timedelta) -> str:
    """Return the short text that ``read_duration`` reads, such as ``4 h 30 min``."""
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def in_words(time: timedelta) -> str:
    """Return a duration in words: “4 hours 30 minutes”."""
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    found = []
    if hours:
        found.append(ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours})
    if minutes:
        found.append(ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes})
    if seconds:
        found.append(ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds})
    return " ".join(found) or _("no time")
