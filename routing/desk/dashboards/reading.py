"""
Read figures for one dashboard: for everything that the reader sees, or within their own clients or
teams.

Every number is one of the catalogue, or a sum of such numbers. A sum keeps its parts, since only
they lead to rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing.figures.apart import Apart
from routing.figures.catalogue import LEAST_FOR_A_RATE, Computes, Figure, figures_called
from routing.figures.computing import FigureScope, FigureValue, rows_of, values
from routing.figures.spans import Span, midnight
from routing.people.actors import Actor
from routing.sla.calendars import agency_zone
from routing.sla.compliance import work_apart
from routing.work.items import WorkItemQuerySet
from routing.work.visibility import work_seen_by

CLOCKS = 4  # of one work item, at most
ADDED_UP = frozenset({Computes.COUNT, Computes.RATE, Computes.MEAN, Computes.TOTAL})


@dataclass(frozen=True, slots=True)
class Within:
    """The groups of one dimension, client or team, that a dashboard is about."""

    dimension: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Number:
    """
    A figure for one group, as ``FigureValue``.

    ``url`` is empty without rows, and for a sum of several groups: then ``parts`` lead to its rows.
    """

    keys: tuple[str | None, ...]
    labels: tuple[str, ...]
    value: float | None
    n: int
    numerator: float | None
    unit: str
    why: str
    url: str = ""
    parts: tuple[Number, ...] = ()

    @property
    def label(self) -> str:
        return " · ".join(self.labels)


@dataclass(frozen=True, slots=True)
class Culprit:
    """A row behind a number, by its work."""

    ref: str
    title: str
    item_id: int | None


@dataclass(frozen=True)
class Reading:
    """Who looks at a dashboard, at which instant (aware), within what, and what was read so far."""

    actor: Actor
    at: datetime
    zone: ZoneInfo
    within: Within | None = None
    apart: bool = False
    _known: dict[Any, list[Number]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, actor: Actor, at: datetime, within: Within | None = None, *, apart: bool = False
    ) -> Reading:
        return cls(actor, at, agency_zone(), within, apart)

    @cached_property
    def _left_out(self) -> Apart | None:
        return None if self.apart else Apart.now()

    def _scope(self, span: Span) -> FigureScope:
        return FigureScope(self.actor, span, self.apart, self.at, self.zone, self._left_out)

    def last_days(self, days: int) -> Span:
        """Return today and the days before it, ``days`` in all."""
        today = self.at.astimezone(self.zone).date()
        return Span.of_days(today - timedelta(days=days - 1), today, self.zone)

    def last_weeks(self, weeks: int) -> Span:
        """Return whole weeks, from Monday on, the present one last."""
        today = self.at.astimezone(self.zone).date()
        monday = today - timedelta(days=today.weekday())
        first, after = monday - timedelta(weeks=weeks - 1), monday + timedelta(weeks=1)
        return Span(midnight(first, self.zone), midnight(after, self.zone))

    def before(self, span: Span) -> Span:
        return span.before(self.zone)

    def numbers(self, name: str, by: Sequence[str], span: Span) -> list[Number]:
        """
        Return one figure by these dimensions, the groups with most rows first.

        Medians of several clients cannot be added up. Their labels begin with the client then.
        """
        known = (name, tuple(by), span)
        if known not in self._known:
            self._known[known] = self._read(name, by, span)
        return self._known[known]

    def number(self, name: str, span: Span) -> Number:
        """Return one figure as a whole. Figures that cannot be added up have no such number."""
        found = self.numbers(name, (), span)
        if len(found) == 1:
            return found[0]
        figure = _figure(name)
        return _sum(figure, (), (), found)

    def _read(self, name: str, by: Sequence[str], span: Span) -> list[Number]:
        figure, scope = _figure(name), self._scope(span)
        if self.within is None:
            found = values(figure, [figure.dimension(each) for each in by], scope)
            return [_number(value) for value in found]
        limit = self.within.dimension
        names = [limit, *(each for each in by if each != limit)]
        dimensions = [figure.dimension(each) for each in names]
        inside = [
            value
            for value in values(figure, dimensions, scope)
            if value.by[limit] in self.within.keys
        ]
        numbers = [_number(value) for value in inside]
        if limit in by or figure.computes not in ADDED_UP:
            return numbers
        return _added_up(figure, numbers, len(by))

    def newest_rows(self, name: str, span: Span, most: int) -> list[Culprit]:
        """Return the work of the newest rows of a figure, of a rate those that count."""
        figure = _figure(name)
        rows = rows_of(figure, self._scope(span))
        if figure.good is not None:
            rows = rows.filter(figure.good)
        if self.within is not None:
            dimension = figure.dimension(self.within.dimension)
            path = figure.of_work(f"{dimension.path}__{dimension.key}__in")
            rows = rows.filter(**{path: self.within.keys})
        return _culprits(rows, figure, most)

    @property
    def open_work(self) -> WorkItemQuerySet:
        """Return the open work that the dashboard is about."""
        rows = work_seen_by(self.actor).filter(is_open=True)
        if not self.apart:
            rows = rows.exclude(work_apart())
        if self.within is not None:
            dimension = _figure("open_work").dimension(self.within.dimension)
            rows = rows.filter(**{f"{dimension.path}__{dimension.key}__in": self.within.keys})
        return rows


def _figure(name: str) -> Figure:
    [figure] = figures_called([name])
    return figure


def _number(value: FigureValue) -> Number:
    return Number(
        keys=tuple(value.by.values()),
        labels=value.labels,
        value=value.value,
        n=value.n,
        numerator=value.numerator,
        unit=value.unit,
        why=value.why_null,
        url=value.rows_url if value.n else "",
    )


def _added_up(figure: Figure, numbers: Iterable[Number], groups: int) -> list[Number]:
    """Return the numbers without their first dimension, those of one group added up."""
    found: dict[tuple[str | None, ...], list[Number]] = {}
    for each in numbers:
        found.setdefault(each.keys[1:], []).append(each)
    if not groups and not found:
        return [_sum(figure, (), (), [])]
    made = [_sum(figure, keys, parts[0].labels[1:], parts) for keys, parts in found.items()]
    return sorted(made, key=lambda each: -each.n)


def _sum(
    figure: Figure,
    keys: tuple[str | None, ...],
    labels: tuple[str, ...],
    parts: Sequence[Number],
) -> Number:
    n = sum(each.n for each in parts)
    numerator = sum(each.numerator or 0 for each in parts)
    value: float | None = None
    if figure.computes == Computes.COUNT:
        value = n
    elif figure.computes == Computes.TOTAL:
        value = sum(each.value or 0 for each in parts)
    elif figure.computes in ADDED_UP and n >= (LEAST_FOR_A_RATE if figure.is_rate else 1):
        value = numerator / n
    only = parts[0].url if len(parts) == 1 else ""
    return Number(
        keys=keys,
        labels=labels,
        value=value,
        n=n,
        numerator=numerator,
        unit=figure.unit.value,
        why="" if value is not None else _too_few(n),
        url=only,
        parts=tuple(parts) if len(parts) > 1 else (),
    )


def _too_few(n: int) -> str:
    if n == 0:
        return _("No rows.")
    words = ngettext(
        "Only %(n)s row. A rate needs %(least)s.", "Only %(n)s rows. A rate needs %(least)s.", n
    )
    return words % {"n": n, "least": LEAST_FOR_A_RATE}


def _culprits(rows: QuerySet[Any], figure: Figure, most: int) -> list[Culprit]:
    shown = {
        "row_item": F(figure.of_work("pk") if figure.item else "pk"),
        "row_ref": F(figure.of_work("ref")),
        "row_title": F(figure.of_work("title")),
    }
    order = [f"-{figure.at}"] if figure.at else []
    found = rows.annotate(**shown).order_by(*order, "-pk").values_list(*shown)
    # Several rows may be of one work item, such as its clocks. It is named once.
    named = {
        item: Culprit(ref or "", title or "", item) for item, ref, title in found[: most * CLOCKS]
    }
    return list(named.values())[:most]
