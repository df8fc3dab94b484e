"""
The catalogue of figures: each number that an agency runs on, defined once.

``compute`` in ``routing.figures.computing`` computes them, and docs/figures.md is written from
them. Packages above contribute theirs with ``register``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from routing.figures.dimensions import OF_WORK, PERIODS, Dimension
from routing.work.gates import Words

SEE_FIGURES = "routing.view_clock"  # as for SLA compliance: both count seen work only
LEAST_FOR_A_RATE = 5  # rows; a rate of fewer says nothing
TOOK = "took"  # annotation of rows with the duration, or the number, that is measured


class UnknownFigure(ValueError):
    """No figure, or no grouping of it, has this name. The message names similar ones."""


class Unit(StrEnum):
    COUNT = "count"
    RATIO = "ratio"  # from 0 to 1
    SECONDS = "s"
    EACH = "each"  # a mean number for each row


class Computes(StrEnum):
    """How the value follows from the rows."""

    COUNT = "count"
    RATE = "rate"  # the share of rows that are good
    MEAN = "mean"  # of the duration ``took``
    MEDIAN = "median"
    P90 = "p90"
    TOTAL = "total"
    EACH = "each"  # the mean of the number ``took``


UNITS = {Computes.COUNT: Unit.COUNT, Computes.RATE: Unit.RATIO, Computes.EACH: Unit.EACH}


class Topic(StrEnum):
    RUNS = "runs"
    TIME = "time"
    SLA = "sla"
    EXCEPTIONS = "exceptions"
    APPROVALS = "approvals"
    QUALITY = "quality"
    WORK = "work"
    SYSTEMS = "systems"


TOPICS: dict[Topic, Words] = {
    Topic.RUNS: _("Runs and outcomes"),
    Topic.TIME: _("Where time goes"),
    Topic.SLA: _("SLA"),
    Topic.EXCEPTIONS: _("Exceptions"),
    Topic.APPROVALS: _("Approvals"),
    Topic.QUALITY: _("Quality and rework"),
    Topic.WORK: _("Owners and open work"),
    Topic.SYSTEMS: _("Steps and external systems"),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """
    One number: which rows it reads, and how it follows from them.

    ``rows`` returns all of them as of an instant, whoever asks. ``item`` is the lookup of their
    work item, empty for work items themselves. ``at`` names the aware column that puts a row into
    a period; without one the figure is a count of what stands at one instant. A rate has ``good``,
    and a duration, or a number of which the mean is computed, is annotated as ``took``.
    """

    name: str
    topic: Topic
    title: Words
    formula: Words
    grain: Words  # what one row is
    counted: Words  # which rows
    left_out: Words
    rows: Callable[[datetime], QuerySet[Any]]
    computes: Computes = Computes.COUNT
    item: str = "item"
    also_apart: tuple[str, ...] = ()  # other work items of a row that may make it count apart
    at: str = ""
    good: Q | None = None
    own: tuple[Dimension, ...] = ()
    is_now: bool = False  # of this moment, whatever the period is
    family: str = ""  # name under which several figures of the same rows are asked for

    @property
    def unit(self) -> Unit:
        return UNITS.get(self.computes, Unit.SECONDS)

    @property
    def is_rate(self) -> bool:
        return self.computes == Computes.RATE

    @property
    def dimensions(self) -> Sequence[Dimension]:
        """Return everything that it can be grouped by."""
        return (*self.own, *OF_WORK, *(PERIODS if self.at else ()))

    @property
    def dimension_names(self) -> set[str]:
        return {each.name for each in self.dimensions}

    def dimension(self, name: str) -> Dimension:
        """:raises UnknownFigure: if it cannot be grouped by this"""
        known = {each.name: each for each in self.dimensions}
        if name in known:
            return known[name]
        raise UnknownFigure(
            f"{self.name} cannot be grouped by “{name}”. Choose one of: {_near(name, known)}."
        )

    def of_work(self, lookup: str) -> str:
        """Return the path of a column of the work item from a row."""
        return f"{self.item}__{lookup}" if self.item else lookup


_figures: dict[str, Figure] = {}


def register(*figures: Figure) -> None:
    """
    Add figures to the catalogue.

    :raises ValueError: if a name stands there already
    """
    for each in figures:
        if each.name in _figures:
            raise ValueError(f"The figure {each.name} is defined twice.")
        _figures[each.name] = each


def catalogue() -> list[Figure]:
    """Return all figures by topic, and in the order in which they were registered."""
    topics = list(Topic)
    return sorted(_figures.values(), key=lambda each: topics.index(each.topic))


def figures_called(names: Iterable[str]) -> list[Figure]:
    """
    Return the figures of these names. The name of a family stands for all its figures.

    :raises UnknownFigure: if there is none of this name
    """
    found: dict[str, Figure] = {}
    for name in names:
        for each in _called(name):
            found[each.name] = each
    return list(found.values())


def _called(name: str) -> list[Figure]:
    if name in _figures:
        return [_figures[name]]
    family = [each for each in _figures.values() if each.family == name]
    if family:
        return family
    known = {*_figures, *(each.family for each in _figures.values() if each.family)}
    raise UnknownFigure(f"There is no figure “{name}”. Choose one of: {_near(name, known)}.")


def grouped_by(names: Collection[str]) -> list[Figure]:
    """
    Return the figures that can be grouped by all of these dimensions.

    :raises UnknownFigure: if no figure has a dimension of this name
    """
    known: set[str] = set()
    for figure in catalogue():
        known |= figure.dimension_names
    for name in names:
        if name not in known:
            raise UnknownFigure(
                f"No figure is grouped by “{name}”. Choose one of: {_near(name, known)}."
            )
    return [each for each in catalogue() if {*names} <= each.dimension_names]


def _near(name: str, known: Collection[str]) -> str:
    return ", ".join(get_close_matches(name, known, 3) or sorted(known))


def durations(
    name: str, *, title: Words, formula: Words, **shared: Any
) -> tuple[Figure, Figure, Figure]:
    """
    Return the mean, the median and the 90th percentile of one duration, as one family.

    :param title: of the duration; each figure adds what it is of it
    """
    made = [
        Figure(
            name=f"{name}_{computes.value}",
            family=name,
            title=format_lazy(_TITLES[computes], duration=title),
            formula=format_lazy(_FORMULAS[computes], duration=formula),
            computes=computes,
            **shared,
        )
        for computes in (Computes.MEAN, Computes.MEDIAN, Computes.P90)
    ]
    return made[0], made[1], made[2]


_TITLES: dict[Computes, Any] = {
    Computes.MEAN: _("{duration}, mean"),
    Computes.MEDIAN: _("{duration}, median"),
    Computes.P90: _("{duration}, 90th percentile"),
}
_FORMULAS: dict[Computes, Any] = {
    Computes.MEAN: _("The sum divided by the number of rows. {duration}"),
    Computes.MEDIAN: _(
        "The shortest duration that at least half of the rows do not exceed. {duration}"
    ),
    Computes.P90: _(
        "The shortest duration that at least 90 % of the rows do not exceed. {duration}"
    ),
}
