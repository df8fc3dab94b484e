"""Compute figures: each in one statement over the rows that the actor may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Avg, Count, QuerySet, Sum
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing.figures.addresses import selection
from routing.figures.apart import Apart
from routing.figures.catalogue import LEAST_FOR_A_RATE, TOOK, Computes, Figure, figures_called
from routing.figures.dimensions import Dimension, column
from routing.figures.rolled import rolled
from routing.figures.spans import Span, write_instant
from routing.people.actors import Actor
from routing.sla.calendars import agency_zone
from routing.sla.compliance import Median, NinetiethPercentile, under
from routing.work.visibility import visible_work, work_seen_by

MEASURES: dict[Computes, Any] = {
    Computes.MEAN: Avg,
    Computes.MEDIAN: Median,
    Computes.P90: NinetiethPercentile,
    Computes.TOTAL: Sum,
    Computes.EACH: Avg,
}
ROWS_PAGE = "admin:routing_clock_figure_rows"


@dataclass(frozen=True, slots=True)
class FigureValue:
    """
    A figure for one group of rows.

    ``by`` has the key of each dimension, and ``labels`` what screens show. ``value`` is a number
    of the figure's unit, or None for the reason in ``why_null``. ``n`` is the number of rows.
    ``numerator`` is the number of good rows of a rate, or the sum of a mean, in seconds if it is
    one of durations. ``rows_url`` leads to the rows.
    ``lag_s`` says how many seconds ago the roll-up was true that it comes from, 0 without one.
    """

    name: str
    by: Mapping[str, str | None]
    value: float | None
    n: int
    numerator: float | None
    unit: str
    why_null: str
    rows_url: str
    labels: tuple[str, ...] = ()
    lag_s: float = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "by": dict(self.by),
            "value": self.value,
            "n": self.n,
            "numerator": self.numerator,
            "unit": self.unit,
            "why_null": self.why_null or None,
            "rows_url": self.rows_url,
        }


@dataclass(frozen=True, slots=True)
class FigureScope:
    """
    Who asks, for which span, as of when, and whether work that counts apart is included.

    ``left_out`` is that work, None if it is included.
    """

    actor: Actor
    span: Span
    apart: bool
    at: datetime
    zone: ZoneInfo
    left_out: Apart | None

    @classmethod
    def of(cls, actor: Actor, span: Span, *, apart: bool = False) -> FigureScope:
        return cls(actor, span, apart, now(), agency_zone(), None if apart else Apart.now())


def compute(
    names: Iterable[str],
    *,
    actor: Actor,
    by: Sequence[str] = (),
    since: datetime,
    until: datetime,
    apart: bool = False,
) -> list[FigureValue]:
    """
    Return the figures of these names, for each group that has rows. Without ``by`` there is one
    value for each figure, also without rows.

    Only work that the actor may see counts. Periods are those of the agency's time zone.

    :param by: names of dimensions
    :param since: aware, and ``until`` as well; rows of the instant ``until`` do not count
    :param apart: count the work of the demo and of walkthroughs as well
    :raises UnknownFigure: if there is no such figure, or it has no such dimension
    """
    scope = FigureScope.of(actor, Span(since, until), apart=apart)
    figures = figures_called(names)
    for figure in figures:  # all are known before the first is computed
        for name in by:
            figure.dimension(name)
    found: list[FigureValue] = []
    for figure in figures:
        found += values(figure, [figure.dimension(name) for name in by], scope)
    return found


def rows_of(figure: Figure, scope: FigureScope) -> QuerySet[Any]:
    """Return the rows that a figure counts, of what the actor may see."""
    rows = figure.rows(min(scope.at, scope.span.until))
    rows = _seen_rows(rows, figure.item, scope.actor)
    if scope.left_out:
        left_out = scope.left_out.of(rows.model, figure.item, *figure.also_apart)
        rows = rows.exclude(left_out)
    if figure.at:
        rows = rows.filter(
            **{f"{figure.at}__gte": scope.span.since, f"{figure.at}__lt": scope.span.until}
        )
    return rows


def _seen_rows(rows: QuerySet[Any], item: str, actor: Actor) -> QuerySet[Any]:
    """Return the rows whose work the actor may see. Who sees all work sees rows about none too."""
    condition = visible_work(actor)
    if condition is None:
        return rows
    if not item:
        return rows.filter(condition)
    if actor.client_roles:  # their condition has subqueries about the work item itself
        return rows.filter(**{f"{item}__in": work_seen_by(actor).order_by().values("pk")})
    # On the row that is joined anyway, because a list of a million ids is no filter.
    return rows.filter(under(item, condition), **{f"{item}__isnull": False})


def narrowed(
    rows: QuerySet[Any], figure: Figure, scope: FigureScope, by: Mapping[str, str | None]
) -> QuerySet[Any]:
    """
    Return the rows of one group.

    A client or a person that nobody has heard of has no rows, like one whose work is hidden.

    :raises UnknownFigure: if the figure has no such dimension
    :raises BadKey: if the key is no period
    """
    for name, key in by.items():
        dimension = figure.dimension(name)
        place = f"in_{name}"
        rows = rows.annotate(**{place: _column(dimension, figure, scope)})
        if key is None:
            rows = rows.filter(**{f"{place}__isnull": True})
        else:
            value = dimension.value_of(key)
            rows = rows.none() if value is None else rows.filter(**{place: value})
    return rows


def _column(dimension: Dimension, figure: Figure, scope: FigureScope) -> Any:
    return column(dimension, figure.item, figure.at, scope.actor, scope.zone)


def values(
    figure: Figure, dimensions: Sequence[Dimension], scope: FigureScope
) -> list[FigureValue]:
    """Return the values of one figure by its dimensions, the groups with most rows first."""
    kept = rolled(
        figure,
        dimensions,
        actor=scope.actor,
        span=scope.span,
        apart=scope.apart,
        at=scope.at,
        zone=scope.zone,
    )
    found, lag_s = (kept.groups, kept.lag_s) if kept else (_live(figure, dimensions, scope), 0.0)
    groups = [each.groups(_seen(found, f"in_{each.name}")) for each in dimensions]
    made = []
    for row in found:
        raw = [row[f"in_{each.name}"] for each in dimensions]
        at = [known[value] for known, value in zip(groups, raw, strict=True)]
        by = {each.name: group.key for each, group in zip(dimensions, at, strict=True)}
        made.append(_value(figure, row, by, [group.label for group in at], scope, lag_s))
    return sorted(made, key=lambda each: -each.n)


def _live(
    figure: Figure, dimensions: Sequence[Dimension], scope: FigureScope
) -> list[dict[str, Any]]:
    if not dimensions:
        return [rows_of(figure, scope).order_by().aggregate(**_sums(figure))]
    columns = {f"in_{each.name}": _column(each, figure, scope) for each in dimensions}
    rows = rows_of(figure, scope).order_by().annotate(**columns).values(*columns)
    return list(rows.annotate(**_sums(figure)).order_by(*columns))


def _seen(rows: Iterable[Mapping[str, Any]], place: str) -> set[Any]:
    return {row[place] for row in rows}


def value_of(
    figure: Figure,
    rows: QuerySet[Any],
    scope: FigureScope,
    by: Mapping[str, str | None] | None = None,
) -> FigureValue:
    """Return the value of rows that are one group, described by ``by``."""
    return _value(figure, rows.order_by().aggregate(**_sums(figure)), by or {}, [], scope)


def _sums(figure: Figure) -> dict[str, Any]:
    sums: dict[str, Any] = {"n": Count("pk")}
    if figure.is_rate:
        sums["good"] = Count("pk", filter=figure.good)
    if figure.computes in MEASURES:
        sums["took_value"] = MEASURES[figure.computes](TOOK)
        sums["took_sum"] = Sum(TOOK)
    return sums


def _value(
    figure: Figure,
    row: Mapping[str, Any],
    by: Mapping[str, str | None],
    labels: Sequence[str],
    scope: FigureScope,
    lag_s: float = 0,
) -> FigureValue:
    value, numerator, why = _number(figure, row)
    return FigureValue(
        name=figure.name,
        by=by,
        value=value,
        n=row["n"],
        numerator=numerator,
        unit=figure.unit.value,
        why_null=why,
        rows_url=rows_address(figure, scope, by),
        labels=tuple(labels),
        lag_s=lag_s,
    )


def _number(figure: Figure, row: Mapping[str, Any]) -> tuple[float | None, float | None, str]:
    """Return the value, the numerator, and why there is no value."""
    n: int = row["n"]
    if figure.computes == Computes.COUNT:
        return n, None, ""
    if figure.is_rate:
        good: int = row["good"]
        return (good / n, good, "") if n >= LEAST_FOR_A_RATE else (None, good, _too_few(n))
    if figure.computes == Computes.EACH:
        return (float(row["took_value"]), row["took_sum"], "") if n else (None, None, _("No rows."))
    took: timedelta | None = row["took_value"]
    total = row["took_sum"].total_seconds() if row["took_sum"] is not None else None
    numerator = total if figure.computes == Computes.MEAN else None
    return (
        (took.total_seconds(), numerator, "") if took is not None else (None, None, _("No rows."))
    )


def _too_few(n: int) -> str:
    if n == 0:
        return _("No rows.")
    words = ngettext(
        "Only %(n)s row. A rate needs %(least)s.", "Only %(n)s rows. A rate needs %(least)s.", n
    )
    return words % {"n": n, "least": LEAST_FOR_A_RATE}


def rows_address(figure: Figure, scope: FigureScope, by: Mapping[str, str | None]) -> str:
    """Return the address of the page with the rows of one group. ``?format=json`` may follow."""
    span = scope.span
    where = selection(by, apart=scope.apart)
    return reverse(
        ROWS_PAGE, args=(figure.name, write_instant(span.since), write_instant(span.until), where)
    )
