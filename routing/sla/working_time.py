"""
Working time of people, for what can wait until they are at work: e-mails, reminders, deadlines.

Staff work in the hours of their team's calendar, and clients in those of their own. Whoever has no
calendar works in the weekly hours of the agency, in their own time zone. Without any calendar,
nothing waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from routing.people.clients import Client
from routing.people.staff import TeamMembership, User
from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.hours import Hours, OpenTime, OutOfReach

YEARS = 2  # of holidays: nothing waits longer
MOST_KEPT = 200
INSTANT = timedelta(microseconds=1)

# A cache for the process: working out the holidays and the open time of a year takes milliseconds,
# and hours keep their open time. The keys hold everything that the hours are made of, so an entry
# never becomes wrong.
_kept: dict[str, Hours] = {}


def next_open(hours: OpenTime, at: datetime) -> datetime:
    """Return ``at`` if it is in these hours, or else the time when they begin next."""
    try:
        return hours.add(at, INSTANT) - INSTANT
    except OutOfReach:
        return at  # hours that never come must not hold anything back


def client_opens(clients: Iterable[Client], at: datetime) -> Mapping[int, datetime]:
    """Return the next working time of each client from ``at`` (aware) on, by id."""
    wanted = {client.pk: client for client in clients}
    uses = _uses(Q(client__in=wanted)) if wanted else []
    own = {use.client_id: use.calendar for use in uses if use.client_id is not None}
    agency = _of_agency(uses)
    found = {}
    for pk, client in wanted.items():
        if pk in own:
            found[pk] = next_open(_hours(own[pk], at), at)
        elif agency is not None:
            # The agency's public holidays are not those of its clients.
            found[pk] = next_open(_hours(agency, at, client.timezone, holidays=False), at)
        else:
            found[pk] = at
    return found


def staff_opens(people: Iterable[User], at: datetime) -> Mapping[int, datetime]:
    """Return the next working time of each member of staff from ``at`` (aware) on, by id."""
    wanted = {person.pk: person for person in people}
    teams = _teams(wanted)
    uses = _uses(Q(team__in=set(teams.values()))) if wanted else []
    of_team = {use.team_id: use.calendar for use in uses if use.team_id is not None}
    agency = _of_agency(uses)
    found = {}
    for pk, person in wanted.items():
        calendar = of_team.get(teams.get(pk, 0)) or agency
        if calendar is None:
            found[pk] = at
        else:
            found[pk] = next_open(_hours(calendar, at, person.timezone), at)
    return found


def _teams(people: Collection[int]) -> Mapping[int, int]:
    """Return the first team of each person that has a calendar of its own."""
    rows = TeamMembership.objects.filter(user__in=people, team__calendar_use__isnull=False)
    # The first membership is the last to enter, and stays.
    return dict(rows.order_by("-pk").values_list("user_id", "team_id"))


def _uses(named: Q) -> list[CalendarUse]:
    every = CalendarUse.objects.filter(named | Q(team=None, client=None))
    return list(every.select_related("calendar"))


def _of_agency(uses: Iterable[CalendarUse]) -> Calendar | None:
    for use in uses:
        if use.team_id is None and use.client_id is None:
            return use.calendar
    return None


def _hours(calendar: Calendar, at: datetime, zone: str = "", *, holidays: bool = True) -> Hours:
    """
    Return the hours of a calendar, from the year of ``at`` on.

    :param zone: the time zone of whoever works, instead of the calendar's own
    :param holidays: False for somebody whose holidays are not those of the calendar
    """
    year = at.astimezone(ZoneInfo(calendar.timezone)).year
    names = [field.attname for field in calendar._meta.concrete_fields]
    key = repr([year, zone, holidays, *(getattr(calendar, name) for name in names)])
    if key not in _kept:
        made = calendar.hours_from(year, YEARS)
        if not holidays:
            made = replace(made, holidays=frozenset(), holiday_names={})
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = replace(made, zone=zone or made.zone)
    return _kept[key]
