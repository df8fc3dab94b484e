"""The meaning of a target in words: when it would be due, if work were received now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import gettext as _

from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.hours import OutOfReach
from routing.sla.policies import SLAPolicy
from routing.sla.terms import HOLIDAY_YEARS
from routing.sla.timing import together

MOST_SHOWN = 5  # calendars


@dataclass(frozen=True, slots=True)
class Basis:
    """Calendars that count together, and for whom."""

    label: str
    calendars: tuple[Calendar, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.calendars[0].timezone if self.calendars else "UTC")


def bases_of(sources: Sequence[str]) -> list[Basis]:
    """
    Return the calendars that a policy can count in: the agency's, and those of teams or clients
    with a calendar of their own.

    :param sources: of the policy, without ``always``; none means around the clock
    """
    if not sources:
        return [Basis(_("around the clock"), ())]
    uses = list(CalendarUse.objects.select_related("calendar", "team", "client").order_by("pk"))
    agency = [use.calendar for use in uses if use.team is None and use.client is None]
    usual = tuple(agency[:1])
    label = _("in the hours of %(calendar)s") % {"calendar": agency[0]} if agency else ""
    found = [Basis(label or _("around the clock, as the agency has no calendar"), usual)]
    for use in uses:
        whose = SLAPolicy.Source.TEAM if use.team else SLAPolicy.Source.CLIENT
        if (use.team or use.client) and whose in sources:
            # The other source of the policy is the agency's, as long as nothing else is known.
            both = dict.fromkeys((use.calendar, *(usual if len(sources) > 1 else ())))
            label = _("for %(whose)s, in the hours of %(calendar)s")
            values = {"whose": use.team or use.client, "calendar": use.calendar}
            found.append(Basis(label % values, tuple(both)))
    return found[:MOST_SHOWN]


def due_sentences(bases: Sequence[Basis], worktime: timedelta, now: datetime) -> Iterator[str]:
    """Yield “received now, due Mon 30 Nov 2026, 14:00 GMT” for each basis."""
    for basis in bases:
        year = now.astimezone(basis.zone).year
        hours = together([each.hours_from(year, HOLIDAY_YEARS) for each in basis.calendars])
        try:
            due = hours.add(now, worktime)
        except OutOfReach:
            yield _("never due within five years, %(basis)s") % {"basis": basis.label}
            continue
        text = dateformat.format(due.astimezone(basis.zone), "D j M Y, H:i T")
        yield _("received now, due %(due)s, %(basis)s") % {"due": text, "basis": basis.label}
