"""
Promises kept: how the clocks that were started in a while ended, and how long their work took.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Aggregate, Count, DurationField, F, Q
from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor
from routing.sla.clocks import Clock
from routing.work.gates import Words
from routing.work.visibility import work_seen_by

# Of every clock exactly one holds. A late clock stays late, however it ends.
ENDS: dict[str, Q] = {
    "met": Q(met_at__isnull=False),
    "late": Q(breached_at__isnull=False),
    "open": Q(stopped_at=None, breached_at=None),
    "ended": Q(stopped_at__isnull=False, met_at=None, breached_at=None),
}
LABELS: dict[str, Words] = {
    "met": _("Met on time"),
    "late": _("Overdue"),
    "open": _("On track"),
    "ended": _("Ended unmet"),
}
SETTLED = Q(stopped_at__isnull=False) & (ENDS["met"] | ENDS["late"])


class Median(Aggregate):
    """The middle of the durations; null where there is none."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class ComplianceRow:
    """
    Results of one policy for one purpose.

    ``counts`` has a number for each of ``ENDS``. ``usual`` is the median working time to its end,
    late or not, of those that were settled: for a first response, the speed to lead. ``kept`` is
    met of met and late, in percent.
    """

    policy_id: int
    policy: str
    purpose: str
    target: timedelta
    counts: dict[str, int]
    usual: timedelta | None

    @property
    def kept(self) -> int | None:
        settled = self.counts["met"] + self.counts["late"]
        return self.counts["met"] * 100 // settled if settled else None


def promises(by: Actor, *, since: datetime) -> Sequence[ComplianceRow]:
    """
    Return the results for work that ``by`` may see, by clocks started at or after ``since``
    (aware).
    """
    clocks = Clock.objects.filter(started_at__gte=since, item__in=work_seen_by(by).order_by())
    named = clocks.order_by().values("policy", "purpose", name=F("policy__name"))
    counted = named.annotate(
        target=Median("target"),
        usual=Median("spent", filter=SETTLED),
        **{end: Count("pk", filter=condition) for end, condition in ENDS.items()},
    )
    rows = cast("Iterable[dict[str, Any]]", counted.order_by("name", "policy", "purpose"))
    return [
        ComplianceRow(
            row["policy"],
            row["name"],
            row["purpose"],
            row["target"],
            {end: row[end] for end in ENDS},
            row["usual"],
        )
        for row in rows
    ]
