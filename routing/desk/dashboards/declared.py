"""
Dashboards and their panels, declared once: who sees a dashboard, what it is about, and its panels.

Packages above add panels about their own nouns with ``add_panel``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from routing.desk.charts import Column, Line
from routing.desk.dashboards.reading import Culprit, Number, Reading, Within
from routing.people.actors import Actor
from routing.work.gates import Words


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a table, with the address of its rows or an empty one, and what it adds up."""

    shown: str
    url: str = ""
    why: str = ""
    name: str = ""  # for readers that hear the link alone
    parts: Sequence[tuple[str, str, str]] = ()  # name, number and address of each part


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line of a table: its name, a note, its bar if there is one, and its numbers."""

    name: str
    cells: Sequence[Cell]
    note: str = ""
    url: str = ""
    bar: Line | None = None


@dataclass(frozen=True, slots=True)
class WorseFigure:
    """What got worse: the sentence, links to all of its rows, and the newest of them."""

    words: str
    behind: Sequence[tuple[str, str]]
    rows: Sequence[Culprit]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """
    A panel as it is shown. ``headline`` says what the numbers mean, and is its heading.

    ``columns`` are drawn above the table, which has the same numbers. ``empty`` is said without
    lines. ``more`` is the label and the address of a list.
    """

    headline: str
    columns: Sequence[Column] = ()
    headings: Sequence[Words] = ()
    lines: Sequence[TableLine] = ()
    left_out: int = 0  # lines that are not shown
    key: Words = ""  # what outlines and patterns mean
    empty: Words = ""
    more: tuple[Words, str] | None = None
    worse: Sequence[WorseFigure] = ()
    is_wide: bool = False


Draw = Callable[[Reading], Drawn]


@dataclass(frozen=True, kw_only=True)
class DashboardPanel:
    """One question that a dashboard answers. Without the permission it is left out."""

    name: str
    title: Words
    draw: Draw
    may: str = ""


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """
    A page of panels for one kind of reader.

    ``within`` returns what it is about, or None for everything that the reader sees. If that has
    no keys, ``empty`` is said instead of panels.
    """

    name: str
    title: Words
    icon: str
    lead: Words
    may: Callable[[Actor], bool]
    panels: Sequence[DashboardPanel]
    within: Callable[[Actor], Within | None] = field(default=lambda actor: None)
    empty: Words = ""


_dashboards: dict[str, Dashboard] = {}
_added: dict[str, list[DashboardPanel]] = {}


def declare(*dashboards: Dashboard) -> None:
    for each in dashboards:
        _dashboards[each.name] = each


def add_panel(panel: DashboardPanel, *names: str) -> None:
    """Add a panel of a package above at the end of these dashboards."""
    for name in names:
        _added.setdefault(name, []).append(panel)


def dashboard_called(name: str) -> Dashboard | None:
    return _dashboards.get(name)


def dashboards_for(actor: Actor) -> list[Dashboard]:
    """Return the dashboards that an actor may open, in the order of their declaration."""
    return [each for each in _dashboards.values() if each.may(actor)]


def panels_for(dashboard: Dashboard, actor: Actor) -> list[DashboardPanel]:
    every = [*dashboard.panels, *_added.get(dashboard.name, ())]
    return [each for each in every if not each.may or actor.may(each.may)]


def cell_of(number: Number | None, shown: Callable[[float | None, str], str]) -> Cell:
    """Return a number for a table. A missing one is a dash."""
    if number is None:
        return Cell("–")
    parts = [(each.labels[0], shown(each.value, each.unit), each.url) for each in number.parts]
    return Cell(
        shown(number.value, number.unit),
        number.url,
        number.why,
        number.label,
        # A part that is too small for a rate is one of the sum, and has its number of rows.
        [
            (name, text or str(part.n), url)
            for (name, text, url), part in zip(parts, number.parts, strict=True)
            if part.n
        ],
    )
