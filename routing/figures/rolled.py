"""Read figures from roll-ups, where these have what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, DateField, F, QuerySet, Sum, Value
from django.db.models.functions import Cast, NullIf, Trunc

from routing.figures.apart import Apart
from routing.figures.catalogue import Computes, Figure
from routing.figures.dimensions import Dimension, survivor
from routing.figures.models import Rollup, RollupState
from routing.figures.sources import Source, basis_of, source_of
from routing.figures.spans import Span
from routing.kernel.sql import run
from routing.people.actors import Actor
from routing.work.items import WorkItem
from routing.work.visibility import clients_hidden_from, on_it

MOST_LAG = timedelta(seconds=60)  # older roll-ups are not read
SHARES = {Computes.MEDIAN: 0.5, Computes.P90: 0.9}
MEASURES = """
    SELECT {columns}, count(*), sum(t.took), percentile_disc({share}) WITHIN GROUP (ORDER BY t.took)
    FROM ({rows}) AS g CROSS JOIN LATERAL unnest(g.took) AS t(took) {groups}"""


@dataclass(frozen=True, slots=True)
class Rolled:
    """Groups of one figure as ``computing.values`` counts them, and how old they are in seconds."""

    groups: list[dict[str, Any]]
    lag_s: float


def rolled(
    figure: Figure,
    dimensions: Sequence[Dimension],
    *,
    actor: Actor,
    span: Span,
    apart: bool,
    at: datetime,
    zone: ZoneInfo,
) -> Rolled | None:
    """
    Return the groups of a figure from roll-ups, None if it has to be counted live.

    That is so without roll-ups that are new enough, for groupings and parts of days that these do
    not keep, and for readers whose work is not a matter of clients alone.
    """
    source = source_of(figure)
    if source is None or Span.of_days(*span.days(zone), zone) != span:
        return None
    if not all(each.period or source.place(each.name) for each in dimensions):
        return None
    state = RollupState.objects.first()
    if state is None or at - state.as_of > MOST_LAG or state.basis != basis_of(zone, Apart.now()):
        return None
    rows = _rows_for(actor)
    if rows is None:
        return None
    first, last = span.days(zone)
    rows = rows.filter(source=source.name, day__gte=first, day__lte=last)
    if not apart:
        rows = rows.filter(apart=False)
    columns = {f"in_{each.name}": _column(each, source, actor) for each in dimensions}
    rows = rows.order_by().annotate(**columns)
    counted = _measured if figure.computes in SHARES else _summed
    found = counted(figure, rows, list(columns))
    return Rolled(found, max(0.0, (at - state.as_of).total_seconds()))


def _rows_for(actor: Actor) -> QuerySet[Rollup] | None:
    """Return the roll-ups of clients whose work the actor sees, None if these are not all of it."""
    if actor.may("routing.see_all_work"):
        return Rollup.objects.all()
    hidden = clients_hidden_from(actor)
    if hidden is None:
        return None
    ids = list(hidden.values_list("pk", flat=True))
    if WorkItem.objects.filter(on_it(actor), client__in=ids).exists():
        return None
    return Rollup.objects.exclude(client__in=ids)


def _column(dimension: Dimension, source: Source, actor: Actor) -> Any:
    if dimension.period:
        # PostgreSQL cuts a date to an instant, which Django would turn back only of its own rows.
        return Cast(Trunc("day", dimension.period, output_field=DateField()), DateField())
    place = source.place(dimension.name)
    assert place is not None
    if place != "client":
        return F(place)
    return NullIf(survivor("client", actor), Value(0), output_field=BigIntegerField())


def _summed(figure: Figure, rows: QuerySet[Any], columns: list[str]) -> list[dict[str, Any]]:
    sums = {"all": Sum("n"), "all_good": Sum("good"), "all_took": Sum("total")}
    found = list(rows.values(*columns).annotate(**sums)) if columns else [rows.aggregate(**sums)]
    made = []
    for row in found:
        took = {
            "took_value": _took(figure, row["all_took"], row["all"]),
            "took_sum": row["all_took"],
        }
        own = {name: row[name] for name in columns}
        made.append(own | took | {"n": row["all"] or 0, "good": row["all_good"] or 0})
    return made


def _took(figure: Figure, total: timedelta | None, n: int) -> timedelta | None:
    return total / n if total is not None and figure.computes == Computes.MEAN else total


def _measured(figure: Figure, rows: QuerySet[Any], columns: list[str]) -> list[dict[str, Any]]:
    inner, values = rows.values(*columns, "took").query.sql_with_params()
    named = ", ".join(f'g."{name}"' for name in columns)
    sql = MEASURES.format(
        columns=named or "1",
        share=SHARES[figure.computes],
        rows=inner,
        groups=f"GROUP BY {named}" if named else "",
    )
    found = []
    for row in run(sql, values):
        n, total, value = row[-3:]
        own = dict(zip(columns, row, strict=False))
        found.append(own | {"n": n, "good": 0, "took_value": value, "took_sum": total})
    return found
