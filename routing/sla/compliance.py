"""
SLA compliance: how the clocks of a period ended, and how long their work took.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Aggregate, Case, CharField, Count, DurationField, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor
from routing.people.clients import Client
from routing.sla.clocks import Clock
from routing.work.gates import Words
from routing.work.kinds import models_by_kind
from routing.work.visibility import work_seen_by

# Exactly one of these holds for each clock. A late clock stays late, however it ends.
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
FINISHED = Q(stopped_at__isnull=False) & (ENDS["met"] | ENDS["late"])


# PERCENTILE_DISC returns a duration that occurred, not the mean of two.
class Median(Aggregate):
    """Median of durations, null if there are none."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


class NinetiethPercentile(Median):
    """Duration that nine in ten do not exceed, null if there are none."""

    template = "%(function)s(0.9) WITHIN GROUP (ORDER BY %(expressions)s)"


# Work that is counted apart from the agency's own, by name: its label, a condition on work items,
# and one on clocks that count apart whatever their work is.
_apart: dict[str, tuple[Words, Q, Q]] = {}
_clients_apart: dict[str, Q] = {}


def count_apart(
    name: str, label: Words, work: Q, *, clocks: Q | None = None, clients: Q | None = None
) -> None:
    """
    Count work for which the condition holds apart from the agency's own, such as that of a demo.

    If several conditions hold, the one registered first counts.

    :param work: condition on WorkItem
    :param clocks: condition on Clock, for clocks that count apart although their work does not
    :param clients: condition on Client, for clients all of whose work counts apart
    """
    _apart[name] = (label, work, clocks or Q(pk__in=[]))
    if clients is not None:
        _clients_apart[name] = clients


def apart_labels() -> dict[str, Words]:
    return {name: label for name, (label, _work, _clocks) in _apart.items()}


def work_apart(item: str = "") -> Q:
    """
    Return a condition for rows of all work that is counted apart.

    :param item: lookup of the work item of a row, empty for work items themselves
    """
    found = Q(pk__in=[])
    for _label, work, _clocks in _apart.values():
        found |= under(item, work)
    return found


def work_apart_of(client: Client) -> Q:
    """
    Return a condition for work items that count apart from the other work of a client.

    A client of the demo has no other work: what only makes it one does not count apart here.
    """
    found = Q(pk__in=[])
    for name, (_label, work, _clocks) in _apart.items():
        whole = _clients_apart.get(name)
        if whole is None or not Client.objects.filter(whole, pk=client.pk).exists():
            found |= work
    return found


def clocks_apart() -> Q:
    """Return a condition for all clocks that are counted apart."""
    found = work_apart("item")
    for _label, _work, clocks in _apart.values():
        found |= clocks
    return found


def under(lookup: str, condition: Q) -> Q:
    """Return a condition on a related row as one on rows that lead to it by ``lookup``."""
    if not lookup:
        return condition
    children: list[Any] = list(condition.children)  # of Django's own kinds: conditions and pairs
    moved = [
        under(lookup, each) if isinstance(each, Q) else (f"{lookup}__{each[0]}", each[1])
        for each in children
    ]
    return Q(*moved, _connector=condition.connector, _negated=condition.negated)


def group() -> Case:
    """Return an expression for the name of the group that a clock is counted in, or ''."""
    found = [
        When(under("item", work) | clocks, then=Value(name))
        for name, (_label, work, clocks) in _apart.items()
    ]
    return Case(*found, default=Value(""), output_field=CharField())


def kind_in_words(kind: str) -> str:
    model = models_by_kind().get(kind)
    return str(model._meta.verbose_name).capitalize() if model else kind


@dataclass(frozen=True, slots=True)
class ComplianceRow:
    """
    Results of one policy for one kind of work, one purpose and one promised time.

    ``apart`` names work that is counted apart, such as a demo's; it is empty for the agency's own.
    ``counts`` has a number for each of ``ENDS``. ``median`` is the median working time of clocks
    that were stopped, met or late. ``met_percent`` is the share of met clocks among met and late.
    """

    policy_id: int
    policy: str
    kind: str
    purpose: str
    apart: str
    target: timedelta
    counts: dict[str, int]
    median: timedelta | None

    @property
    def met_percent(self) -> int | None:
        decided = self.counts["met"] + self.counts["late"]
        if not decided:
            return None
        return self.counts["met"] * 100 // decided


def compliance(by: Actor, *, since: datetime) -> Sequence[ComplianceRow]:
    """
    Return the results of clocks that started at or after ``since`` (aware), for work that ``by``
    may see.
    """
    clocks = Clock.objects.filter(started_at__gte=since, item__in=work_seen_by(by).order_by())
    # An exception of two hours and a request of eleven days have one purpose, and no common median.
    # Neither have exceptions of two reasons, or clocks from before and after a policy was changed.
    named = (
        clocks.order_by()
        .annotate(apart=group())
        .values(
            "policy", "purpose", "apart", "target", name=F("policy__name"), kind=F("item__kind")
        )
    )
    counted = named.annotate(
        median=Median("spent", filter=FINISHED),
        **{end: Count("pk", filter=condition) for end, condition in ENDS.items()},
    )
    order = ("apart", "name", "policy", "kind", "purpose", "target")
    rows = cast("Iterable[dict[str, Any]]", counted.order_by(*order))
    return [_row(row) for row in rows]


def _row(row: dict[str, Any]) -> ComplianceRow:
    return ComplianceRow(
        row["policy"],
        row["name"],
        row["kind"],
        row["purpose"],
        row["apart"],
        row["target"],
        {end: row[end] for end in ENDS},
        row["median"],
    )
