"""
Days off and days with other hours, as people write them: one line a day or a range of days.

``2026-12-24 09:00-13:00 Christmas Eve``, ``2026-12-31 until 13:00``, ``2027-01-04 from 13:00`` and
``2026-12-28 - 2026-12-30 Closed``. A line whose meaning is not certain is refused, never guessed: a
time taken for a name would close a whole day.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.sla.hours import Window
from routing.sla.week import MIDNIGHT, BadHours, Words, clock_face, read_windows

YEARS = range(2000, 2100)  # another year is a typing error
MOST_DAYS = 1_000
LONGEST = timedelta(days=366)
NAME_LENGTH = 100
MOST_CHARACTERS = 300  # of a line

Week = Sequence[Sequence[Window]]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
_AND_LAST = re.compile(
    r"\s*(?:-|\u2013|\u2014|/|\.\.\.?)\s*(?=\d)"
    r"|\s*(?:to|until|till|through|bis)\s+(?=\d{4}-|\d+[./]\d+[./])",
    re.IGNORECASE,
)
_RANGE = r"\d{1,2}:\d{2}\s*(?:-|\u2013|\u2014|to|bis)\s*\d{1,2}:\d{2}"
_RANGES = re.compile(
    rf"(?:open\s+)?(?:from\s+|von\s+)?({_RANGE}(?:\s*(?:,|;|and|und|&)\s*{_RANGE})*)(?!\d|:\d)",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"(?:(?:open\s+)?(?:until|till|bis)|clos(?:es|ing|e)(?:\s+at)?|closed\s+from)"
    r"\s+(\d{1,2}:\d{2})(?!\d|:\d)",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:(?:open\s+)?(?:from|ab)|open(?:s|ing)?(?:\s+at)?|closed\s+(?:until|till))"
    r"\s+(\d{1,2}:\d{2})(?!\d|:\d)",
    re.IGNORECASE,
)
_BETWEEN = " \t:;,-\u2013\u2014"  # between the date, the hours and the name
_UNCLEAR = re.compile(
    r"\d{1,2}[:.]\d{2}(?!\d)"  # 13:00, 13.00, 24.12
    r"|\d\s*(?:[ap]\.?m\b|uhr\b|h\b|hrs?\b|hours?\b|o.clock)"
    r"|\d\s*[-\u2013\u2014/]\s*\d"  # 9-13, 0900-1300, 12/31
    r"|\A\d"
    r"|\b(?:until|till|from|at|to|bis|ab|um)\s+\d"
    r"|\bhalf[ -]?day|\bmorning|\bafternoon|\bevening|\b(?:mid|after)?noon\b|\bearl(?:y|ier)\b"
    r"|\b[ap]\.?m\b|\blunch|[\u00bc-\u00be]"  # a quarter, a half, three quarters
    r"|\bhalb|\bvormittag|\bnachmittag|\bmittag|\bfr(?:ü|u\u0308)her"
    r"|(?<!heilig )(?<!heiliger )\babend",
    re.IGNORECASE,
)
_COUNTED = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen"
    "|eins?|eine|zwei|drei|vier|f\u00fcnf|sechs|sieben|acht|neun|zehn|elf|zw\u00f6lf|dreizehn"
)
# Without hours, such a name would close a whole day that is open in part, or one day of many.
_NO_NAME = re.compile(
    r"\bmatin|\bapr[eè]s-midi|\bmidi\b|\bdemi\b|\bma[nñ]ana|\bmedio\s+d[ií]a|\btarde\b"
    r"|\bmattin|\bpomeriggio|\bmezz[ao]|\bochtend|\bmiddag|\bhalve\b"
    r"|\A(?:through|thru|to|until|till|bis|and|und|plus|from|ab|for|f(?:ü|u\u0308)r|hasta)\b"
    r"|\A[&+]|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\s*(?:to\b|bis\b|[-\u2013]\s*(?:mon|tue|wed|thu|fri))"
    r"|\d\s*(?:days?|weeks?|tage?n?|wochen?)\b|\b(?:whole|ganze)\s+(?:week|woche)"
    r"|\b(?:every|each|yearly|annually|jede[sn]?|j(?:ä|a\u0308)hrlich)\b"
    r"|\b(?:open|opens|closes|ge(?:ö|o\u0308)ffnet|offen|not|nicht|kein)\b"
    r"|\b(?:short|shorter|shortened|reduced|limited|normal|usual|regular|verk(?:ü|u\u0308)rzt)"
    r"\s*(?:\Z|day|hours|opening|working)|\b(?:working|business)\s+(?:day|hours)|\bworkday"
    rf"|\b(?:only|nur|at|after|before|um|bis|nach|vor)\s+(?:{_COUNTED})\b"
    rf"|\b(?:{_COUNTED})\s+(?:hours?|stunden?|uhr|days|tage)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """
    A day that differs from its weekday: closed, open at other ``hours``, or open only ``within`` a
    part of its usual hours.
    """

    name: str = ""
    hours: tuple[Window, ...] = ()
    within: Window | None = None

    @property
    def is_closed(self) -> bool:
        return not self.hours and self.within is None

    def windows(self, usual: Sequence[Window]) -> tuple[Window, ...]:
        """Return the open windows of the day. ``usual`` are those of its weekday."""
        if self.within is None:
            return self.hours
        first, last = self.within
        cut = [(max(opens, first), min(closes, last)) for opens, closes in usual]
        return tuple((opens, closes) for opens, closes in cut if opens < closes)


def read_changed_day(text: str) -> ChangedDay:
    """
    Read what follows the date: the hours that are open, if any, and the name of the day.

    :raises BadHours: if it names a time in a way that is not certain
    """
    text = text.strip(_BETWEEN)
    hours: tuple[Window, ...] = ()
    within: Window | None = None
    if match := _RANGES.match(text):
        written = re.findall(_RANGE, match[1], re.IGNORECASE)
        hours = read_windows(match[1], written)
    elif match := _UNTIL.match(text):
        within = (0, _time(match[1]))
    elif match := _FROM.match(text):
        within = (_time(match[1]), MIDNIGHT)
    if within and within[0] == within[1]:
        raise BadHours(_("“%(text)s” leaves no open time."), text=text)
    name = (text[match.end() :] if match else text).strip(_BETWEEN)
    if _UNCLEAR.search(name) or (match is None and _NO_NAME.search(name)):
        raise BadHours(
            _(
                "“%(text)s” is not clear. Enter the hours that are open right after the date, as "
                "09:00-13:00, until 13:00 or from 13:00, then a name without times. Without hours "
                "the whole day is off."
            ),
            text=text,
        )
    if len(name) > NAME_LENGTH:
        raise BadHours(_("The name of %(text)s can have at most 100 characters."), text=name[:20])
    return ChangedDay(name, hours, within)


def write_changed_day(day: ChangedDay) -> str:
    """Return the text that ``read_changed_day`` reads."""
    if day.hours:
        hours = ", ".join(
            f"{clock_face(opens)}-{clock_face(closes)}" for opens, closes in day.hours
        )
    elif day.within is None:
        hours = ""
    elif day.within[0] == 0:
        hours = f"until {clock_face(day.within[1])}"
    else:
        hours = f"from {clock_face(day.within[0])}"
    return f"{hours} {day.name}".strip()


def _time(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute >= 60 or hour * 60 + minute > MIDNIGHT:  # noqa: PLR2004 - minutes of an hour
        raise BadHours(
            _("“%(text)s” is not a time of day. Times go from 00:00 to 24:00."), text=text
        )
    return hour * 60 + minute


def read_days_off(stored: Any, *, strict: bool = False) -> dict[date, ChangedDay]:
    """
    Read the stored days, such as ``{"2026-12-24": "09:00-13:00 Christmas Eve"}``.

    A text that is not clear closes the day, as it did when it was saved, so that work can always
    start. ``strict`` refuses it, for what is saved now.

    :raises BadHours: if a date is none, or a text with ``strict``
    """
    if not isinstance(stored, Mapping):
        raise BadHours(_("Enter each date with its name, such as {“2026-12-24”: “Christmas Eve”}."))
    found = {}
    for day, text in stored.items():
        if not isinstance(text, str):
            raise BadHours(
                _("The name of %(text)s can have at most 100 characters."), text=str(day)
            )
        try:
            found[read_date(day)] = read_changed_day(text)
        except BadHours:
            if strict:
                raise
            found[_any_date(day)] = ChangedDay(text)
    return found


def _any_date(text: Any) -> date:
    """Return a date of any year, as older versions stored it."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise _no_date(str(text)) from None


def read_date(text: Any) -> date:
    """:raises BadHours: if it is not a date such as 2026-12-24, or of a year far away"""
    if not isinstance(text, str) or not _ISO.fullmatch(text):
        raise _no_date(str(text))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadHours(_("“%(text)s” does not exist. Check day and month."), text=text) from None
    if day.year not in YEARS:
        raise BadHours(
            _("“%(text)s” is too far away. Enter a year from %(first)s to %(last)s."),
            text=text,
            first=YEARS.start,
            last=YEARS.stop - 1,
        )
    return day


def _no_date(text: str) -> BadHours:
    return BadHours(_("“%(text)s” is not a date. Enter one such as 2026-12-24."), text=text[:40])


# -- The lines of a form ---------------------------------------------------------------------------


def read_lines(
    text: str, week: Week | None, holidays: Container[date] = ()
) -> dict[date, ChangedDay]:
    """
    Read one line for each day or range of days.

    A range without hours is closed throughout. A range with hours changes only its days that are
    open otherwise, so that it opens neither a weekend nor a holiday.

    :param week: the usual hours by weekday, or None if they are invalid themselves
    :param holidays: the public holidays of the calendar
    :raises BadHours: naming the line and what to enter instead
    """
    found: dict[date, ChangedDay] = {}
    lines: dict[date, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            days = _read_line(line.strip(), week, holidays)
            _check_new(days, lines)
        except BadHours as bad:
            raise BadHours(_("Line %(line)s: %(why)s"), line=number, why=str(bad)) from bad
        found |= days
        lines |= dict.fromkeys(days, number)
    return found


def _check_new(days: Mapping[date, ChangedDay], lines: Mapping[date, int]) -> None:
    """:raises BadHours: if a day has a line already, or there are too many days"""
    for day in days:
        if day in lines:
            raise BadHours(
                _(
                    "%(date)s is in line %(line)s already. Enter each day once, with all its hours "
                    "in one line: 09:00-12:00, 13:00-15:00."
                ),
                date=day.isoformat(),
                line=lines[day],
            )
    if len(lines) + len(days) > MOST_DAYS:
        raise BadHours(_("These are more than %(most)s days."), most=MOST_DAYS)


def _read_line(line: str, week: Week | None, holidays: Container[date]) -> dict[date, ChangedDay]:
    if len(line) > MOST_CHARACTERS:
        raise BadHours(_("Enter at most %(most)s characters."), most=MOST_CHARACTERS)
    start = _ISO.match(line)
    if start is None:
        raise _no_date(line.split(maxsplit=1)[0])
    first, rest = read_date(start[0]), line[start.end() :]
    if (to := _AND_LAST.match(rest)) and not _is_time(rest[to.end() :]):
        end = _ISO.match(rest, to.end())
        if end is None:
            raise _no_date(rest[to.end() :].split()[0])
        return _range(first, read_date(end[0]), _after(rest[end.end() :], line), week, holidays)
    day = _after(rest, line)
    if week is not None and not day.is_closed and not day.windows(week[first.weekday()]):
        raise _nothing_left(week[first.weekday()], first)
    return {first: day}


def _is_time(text: str) -> bool:
    return re.match(r"\d{1,2}:\d{2}", text) is not None


def _after(rest: str, line: str) -> ChangedDay:
    if rest and rest[0] not in _BETWEEN:
        raise _no_date(line.split(maxsplit=1)[0])
    return read_changed_day(rest)


def _range(
    first: date, last: date, day: ChangedDay, week: Week | None, holidays: Container[date]
) -> dict[date, ChangedDay]:
    if last < first:
        raise BadHours(
            _("The range ends (%(last)s) before it begins (%(first)s)."),
            first=first.isoformat(),
            last=last.isoformat(),
        )
    if last - first > LONGEST:
        raise BadHours(_("The range is longer than a year. Divide it."))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    if not day.is_closed and week is not None:
        days = [
            each
            for each in days
            if each not in holidays and week[each.weekday()] and day.windows(week[each.weekday()])
        ]
        if not days:
            raise BadHours(_("No day of the range is open at these hours."))
    return dict.fromkeys(days, day)


def _nothing_left(usual: Sequence[Window], day: date) -> BadHours:
    if usual:
        message: Words = _("%(date)s has no open time left. Remove the hours to close the day.")
    else:
        message = _("%(date)s is a closed weekday. Enter its hours, such as 09:00-13:00.")
    return BadHours(message, date=day.isoformat())


def write_lines(days: Mapping[date, ChangedDay]) -> str:
    """Return the lines that ``read_lines`` reads, closed days of one name in a row as one range."""
    lines: list[str] = []
    started: date | None = None
    for day, changed in sorted(days.items()):
        before = day - timedelta(days=1)
        if started and changed.is_closed and days.get(before) == changed:
            lines.pop()
        else:
            started = day if changed.is_closed else None
        text = day.isoformat()
        if started and started != day:
            text = f"{started.isoformat()} - {text}"
        lines.append(f"{text} {write_changed_day(changed)}".strip())
    return "\n".join(lines)
