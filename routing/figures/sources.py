"""Sources of roll-ups: the figures that read too many rows to be counted live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    DateField,
    DurationField,
    F,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Trunc
from django.utils.timezone import now

from routing.figures.apart import Apart
from routing.figures.catalogue import TOOK, Computes, Figure, figures_called

NO_CLIENT = 0
MEASURED = (Computes.MEAN, Computes.MEDIAN, Computes.P90)
KEYS = ("day", "client", "kind", "key", "other", "apart")
VALUES = ("n", "good", "total", "took")


@dataclass(frozen=True, slots=True)
class Source:
    """
    One figure or family that is rolled up, and the groupings that roll-ups keep beside the client:
    at most two of its own, and the kind of work.

    Its rows are those of the figure, so there is no second definition of them.
    """

    name: str
    keys: tuple[str, ...]
    by_kind: bool = False

    @property
    def figure(self) -> Figure:
        """Return a figure with these rows. Those of one family differ in what they compute only."""
        return figures_called([self.name])[0]

    def place(self, dimension: str) -> str | None:
        """Return the column of roll-ups that has a grouping, None if none has it."""
        if dimension == "client" or (dimension == "kind" and self.by_kind):
            return dimension
        places = dict(zip(self.keys, ("key", "other"), strict=False))
        return places.get(dimension)

    def groups(self, zone: ZoneInfo, apart: Apart) -> QuerySet[Any]:
        """Return what the roll-ups of this source should be now, with their columns as ``to_…``."""
        figure = self.figure
        own = [F(figure.dimension(name).path) for name in self.keys]
        key, other = [*own, Value(""), Value("")][:2]
        is_apart = When(apart.of(figure.rows(now()).model, figure.item), then=Value(True))
        columns = {
            "to_day": Trunc(figure.at, "day", output_field=DateField(), tzinfo=zone),
            "to_client": Coalesce(F(figure.of_work("client_id")), Value(NO_CLIENT)),
            "to_kind": F(figure.of_work("kind")) if self.by_kind else Value(""),
            "to_key": Coalesce(key, Value(""), output_field=CharField()),
            "to_other": Coalesce(other, Value(""), output_field=CharField()),
            "to_apart": Case(is_apart, default=Value(False), output_field=BooleanField()),
        }
        rows = figure.rows(now()).filter(**{f"{figure.at}__isnull": False}).order_by()
        grouped = rows.annotate(**columns).values(*columns)
        found: QuerySet[Any] = grouped.annotate(**_sums(figure))
        return found


def _sums(figure: Figure) -> dict[str, Any]:
    nothing = Value(None, output_field=DurationField())
    has_sum = figure.computes in {*MEASURED, Computes.TOTAL}
    good: Any = Value(0, output_field=IntegerField())
    if figure.is_rate:
        good = Count("pk", filter=figure.good)
    return {
        "to_n": Count("pk"),
        "to_good": good,
        "to_total": Sum(TOOK) if has_sum else nothing,
        "to_took": ArrayAgg(TOOK, order_by=TOOK)
        if figure.computes in MEASURED
        else Value(None, output_field=DurationField()),
    }


# Measured with a million work items (docs/decisions/0029). All other figures are counted live.
SOURCES: Sequence[Source] = (
    Source("sla_compliance", ("purpose",)),
    Source("breaches", ("purpose",)),
    Source("first_response", ("purpose",)),
    Source("time_by_party", ("party",)),
    Source("time_in_state", ("state",), by_kind=True),
    Source("cycle_time", ("ended_as",), by_kind=True),
)


def source_of(figure: Figure) -> Source | None:
    """Return the source that a figure is rolled up from, None if it is counted live."""
    named = (each for each in SOURCES if each.name in {figure.name, figure.family})
    return next(named, None)


def basis_of(zone: ZoneInfo, apart: Apart) -> str:
    """Return a digest of what decides which day a row is of, and whether it counts apart."""
    said = f"{zone.key} {apart.work!r} {apart.clocks!r} {SOURCES!r}"
    return sha256(said.encode()).hexdigest()


def within(days: Sequence[tuple[Any, Any]], at: str) -> Q:
    """
    Return a condition for rows whose instant is in one of these spans.

    :param days: the instants at which each begins, and ends
    """
    found = Q(pk__in=[])
    for since, until in days:
        found |= Q(**{f"{at}__gte": since, f"{at}__lt": until})
    return found
