"""
Terms of clocks: the snapshot of a target and its calendars that clocks share.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self
from zoneinfo import ZoneInfo

from django.db.models import Q

from routing.kernel.canonical import ESCAPED, json_digest
from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.clocks import ClockTerms
from routing.sla.hours import OutOfReach
from routing.sla.policies import SLAPolicy, Target
from routing.sla.timing import Terms
from routing.sla.week import hours_as_json

HOLIDAY_YEARS = 6  # in the snapshot; no due time is farther ahead
# If a target does not fit into two years of some hours, they are a mistake.
REACH = timedelta(days=2 * 366)
MOST_KEPT = 1_000

# A cache for the process. Working out a year of hours takes milliseconds. The keys are digests, so
# an entry never becomes wrong.
_kept: dict[str, Terms] = {}


class OfWhom(Protocol):
    """What has the hours of a team or a client, such as a work item."""

    @property
    def team_id(self) -> int | None: ...

    @property
    def client_id(self) -> int | None: ...


@dataclass(frozen=True)
class Uses:
    """Calendar assignments, loaded once for a batch."""

    agency: Calendar | None
    teams: Mapping[int, Calendar]
    clients: Mapping[int, Calendar]

    @classmethod
    def of(cls, items: Iterable[OfWhom]) -> Self:
        teams, clients = {item.team_id for item in items}, {item.client_id for item in items}
        named = Q(team__in=teams - {None}) | Q(client__in=clients - {None})
        found = list(
            CalendarUse.objects.filter(named | Q(team=None, client=None)).select_related("calendar")
        )
        agency = [use.calendar for use in found if use.team_id is None and use.client_id is None]
        return cls(
            agency[0] if agency else None,
            {use.team_id: use.calendar for use in found if use.team_id is not None},
            {use.client_id: use.calendar for use in found if use.client_id is not None},
        )

    def for_item(self, item: OfWhom, sources: Sequence[str]) -> list[Calendar]:
        """
        Return the calendars of the sources without duplicates. A team or client without a calendar
        uses the agency's.
        """
        own = {
            SLAPolicy.Source.TEAM: self.teams.get(item.team_id or 0),
            SLAPolicy.Source.CLIENT: self.clients.get(item.client_id or 0),
        }
        named = (own.get(SLAPolicy.Source(source)) or self.agency for source in sources)
        return [calendar for calendar in dict.fromkeys(named) if calendar is not None]


@dataclass(frozen=True)
class Agreed:
    digest: str
    terms: Terms


def agree(
    target: Target,
    policy: SLAPolicy,
    calendars: Sequence[Calendar],
    worktime: timedelta,
    at: datetime,
) -> Agreed:
    """
    Return the terms of a clock that starts at ``at``.

    If two calendars (almost) never overlap, the first one's hours count, and the document names
    both in ``instead_of``.
    """
    # A clock must always start. Refusing here would refuse the work, long after the calendars were
    # saved. The last choice is no calendar, which is open around the clock.
    choices = dict.fromkeys((tuple(calendars), tuple(calendars[:1]), ()))
    for chosen in choices:
        agreed = _kept_or_read(_document(target, policy, chosen, calendars, at))
        try:
            if agreed.terms.hours.add(at, worktime) <= at + REACH:
                break
        except OutOfReach:
            continue
    return agreed


def _document(
    target: Target,
    policy: SLAPolicy,
    chosen: Sequence[Calendar],
    meant: Sequence[Calendar],
    at: datetime,
) -> dict[str, Any]:
    return {
        "policy": {"slug": policy.slug, "name": policy.name, "version": policy.version},
        "kind": target.kind,
        "purpose": target.purpose,
        "runs_in": sorted(target.runs_in),
        "met_in": sorted(target.met_in),
        "hours": [_snapshot(calendar, at) for calendar in chosen],
        "instead_of": [calendar.slug for calendar in meant] if len(chosen) < len(meant) else [],
    }


def _snapshot(calendar: Calendar, at: datetime) -> dict[str, Any]:
    year = at.astimezone(ZoneInfo(calendar.timezone)).year
    return {
        "calendar": calendar.slug,
        "version": calendar.version,
        **hours_as_json(calendar.hours_from(year, HOLIDAY_YEARS)),
    }


def _kept_or_read(document: Mapping[str, Any]) -> Agreed:
    digest = json_digest(document, ESCAPED)
    return Agreed(digest, _keep(digest, document))


def _keep(digest: str, document: Mapping[str, Any]) -> Terms:
    if digest not in _kept:
        if len(_kept) >= MOST_KEPT:  # rare, so a cleverer way to make room is not worth it
            _kept.clear()
        _kept[digest] = Terms.read(document)
    return _kept[digest]


def ids_of(agreed: Iterable[Agreed]) -> dict[str, int]:
    """Return the ids of these terms by digest. New terms are written first."""
    wanted = {each.digest: each.terms for each in agreed}
    known = _ids(wanted)
    missing = [
        ClockTerms(digest=digest, document=terms.document)
        for digest, terms in wanted.items()
        if digest not in known
    ]
    if missing:
        # Another transaction may be writing the same terms. Both then use its rows.
        ClockTerms.objects.bulk_create(missing, ignore_conflicts=True)
        known = _ids(wanted)
    return known


def _ids(digests: Collection[str]) -> dict[str, int]:
    return dict(ClockTerms.objects.filter(digest__in=digests).values_list("digest", "pk"))


def terms_by_digest(digests: Collection[str]) -> Mapping[str, Terms]:
    """Return terms by digest, with a query only for those that this process has not seen."""
    found = {digest: _kept[digest] for digest in digests if digest in _kept}
    unseen = {*digests} - {*found}
    if unseen:
        documents = ClockTerms.objects.filter(digest__in=unseen).values_list("digest", "document")
        found |= {digest: _keep(digest, document) for digest, document in documents}
    return found
