"""Calendar triggers in words, and when they occur next."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.flows.recurrences import DaysOff, Recurrence
from routing.flows.rhythm import WEEKDAYS, Every, OnDayOff, first_after

SHOWN = 5
DAYS = dict(
    zip(
        WEEKDAYS,
        (
            gettext_lazy("Monday"),
            gettext_lazy("Tuesday"),
            gettext_lazy("Wednesday"),
            gettext_lazy("Thursday"),
            gettext_lazy("Friday"),
            gettext_lazy("Saturday"),
            gettext_lazy("Sunday"),
        ),
        strict=True,
    )
)


def recurrence_words(row: Recurrence) -> str:
    """Return when a flow starts by itself: every 2 weeks on Tuesday at 09:00 (Europe/Berlin)."""
    words = _("%(name)s: %(rhythm)s at %(at)s (%(zone)s)") % {
        "name": row.name,
        "rhythm": _rhythm(row),
        "at": f"{row.at:%H:%M}",
        "zone": row.zone,
    }
    if row.client:
        words += ", " + _("for %(client)s") % {"client": row.client}
    if row.rhythm.asks_calendar and row.on_day_off != OnDayOff.RUN:
        how = str(Recurrence.DayOff(row.on_day_off).label).lower()
        words += "; " + _("on a day off: %(how)s") % {"how": how}
    return words


def _rhythm(row: Recurrence) -> str:
    count, every = row.interval, row.every
    days = _(" and ").join(str(DAYS[day]) for day in row.weekdays)
    if every == Every.DAY:
        return ngettext("every day", "every %(count)s days", count) % {"count": count}
    if every == Every.WEEK:
        words = ngettext("every week on %(days)s", "every %(count)s weeks on %(days)s", count)
        return words % {"count": count, "days": days}
    months = ngettext("every month", "every %(count)s months", count) % {"count": count}
    said = {
        Every.MONTH_DAY: _("day %(day)s") % {"day": row.month_day},
        Every.MONTH_WEEKDAY: _("the %(nth)s %(days)s")
        % {"nth": str(Recurrence.Nth(row.nth).label).lower(), "days": days},
        Every.FIRST_WORKING_DAY: _("the first working day"),
        Every.LAST_WORKING_DAY: _("the last working day"),
    }
    return _("%(months)s on %(day)s") % {"months": months, "day": said[Every(every)]}


def next_occurrences(row: Recurrence, at: datetime, count: int = SHOWN) -> list[str]:
    """Return the next times in words, in the zone of the recurrence."""
    is_working, zone = DaysOff().working_days(row), ZoneInfo(row.zone)
    found: list[str] = []
    floor, after = at, None
    while len(found) < count:
        each = first_after(row.rhythm, is_working, floor, after)
        if each is None:
            break
        # The same instant again, if a day off moved an occurrence onto the next one.
        floor, after = each.at - timedelta(microseconds=1), each.day
        found.append(date_format(each.at.astimezone(zone), "D j M Y, H:i T"))
    return found
