"""The hours of a retainer in one month: what was agreed, and what is planned of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from delivery.deliverables.models import Deliverable
from delivery.engagements.models import Engagement

NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class MonthHours:
    """
    The hours of one engagement in one month of its client.

    Nobody books hours here, so ``used`` are the planned hours of its deliverables: those that are
    due in the month and, of those without a planned date, those that were planned in it. Cancelled
    work does not count.
    """

    first: date
    agreed: Decimal
    used: Decimal

    @property
    def percent(self) -> int:
        """Return the part that is used, in whole percent, rounded down."""
        return int(self.used * 100 / self.agreed) if self.agreed else 0

    @property
    def name(self) -> str:
        return f"{self.first:%Y-%m}"


def hours_of_month(rows: Sequence[Engagement], at: datetime) -> dict[int, MonthHours]:
    """
    Return the hours of the month of ``at`` by engagement id, for those with hours for each month.

    :param rows: with their clients
    """
    zones: dict[str, list[Engagement]] = defaultdict(list)
    for row in rows:
        if row.monthly_hours:
            zones[row.client.timezone].append(row)
    found: dict[int, MonthHours] = {}
    for zone, mine in zones.items():
        first = at.astimezone(ZoneInfo(zone)).date().replace(day=1)
        used = _planned([row.pk for row in mine], first, ZoneInfo(zone))
        for row in mine:
            agreed = row.monthly_hours or NONE
            found[row.pk] = MonthHours(first, agreed, used.get(row.pk, NONE))
    return found


def _planned(engagements: Sequence[int], first: date, zone: ZoneInfo) -> dict[int, Decimal]:
    after = (first + timedelta(days=32)).replace(day=1)
    begins, ends = (datetime.combine(day, time(), zone) for day in (first, after))
    due = Q(due_date__gte=first, due_date__lt=after)
    undated = Q(due_date=None, item__created_at__gte=begins, item__created_at__lt=ends)
    # Without an order: Django would add it to GROUP BY, and the sums would fall apart.
    rows = (
        Deliverable.objects.filter(due | undated, brief__engagement__in=engagements)
        .exclude(state=Deliverable.State.CANCELLED)
        .order_by()
    )
    sums = rows.values("brief__engagement").annotate(used=Sum("hours"))
    return dict(sums.values_list("brief__engagement", "used"))
