"""
Charts drawn on the server as SVG: columns by week, and bars beside the lines of a table.

Horizontal places are percentages and vertical ones pixels, so a chart fits any width and its texts
keep their size. Colours are classes of charts.css. Nothing is told by a colour alone: each bar has
its number, and what belongs to the period before is an outline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ABOVE, BELOW, PLOT = 24, 26, 120  # pixels: room for numbers, for names, and between them
HEIGHT = ABOVE + PLOT + BELOW
LEAST_SHOWN = 2  # pixels of a bar that is not nothing
FILLED, OUTLINED = 0.56, 0.8  # widths of a column and of the one before, of the place it has
WHOLE = 100.0


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """
    One value of a chart, with its text, and the address of its rows or an empty one.

    ``value`` is None if there is none, for the reason in ``why``. ``before`` is the value of the
    period before, and ``part`` how much of the value is told apart.
    """

    name: str
    value: float | None
    shown: str
    url: str = ""
    why: str = ""
    before: float | None = None
    part: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A point of a column chart with its places: percentages across, pixels down."""

    point: ChartPoint
    middle: str
    x: str
    width: str
    y: int
    height: int
    label_y: int
    before_x: str
    before_width: str
    before_y: int
    before_height: int


@dataclass(frozen=True, slots=True)
class Line:
    """A point of a bar chart with the lengths of its bars, as percentages of the longest."""

    point: ChartPoint
    length: str
    part: str
    before: str


def columns(points: Sequence[ChartPoint], *, most: float = 0) -> list[Column]:
    """
    Return the columns of a chart, the first point at its left.

    :param most: the value that has the full height, such as 1 for rates; the largest by default
    """
    top = most or _largest(points)
    each = WHOLE / max(len(points), 1)
    return [_column(point, number, each, top) for number, point in enumerate(points)]


def _column(point: ChartPoint, number: int, each: float, top: float) -> Column:
    left = number * each
    height, before = _pixels(point.value, top), _pixels(point.before, top)
    y = ABOVE + PLOT - height
    before_y = ABOVE + PLOT - before
    return Column(
        point=point,
        middle=_percent(left + each / 2),
        x=_percent(left + each * (1 - FILLED) / 2),
        width=_percent(each * FILLED),
        y=y,
        height=height,
        label_y=min(y, before_y if before else y) - 6,
        before_x=_percent(left + each * (1 - OUTLINED) / 2),
        before_width=_percent(each * OUTLINED),
        before_y=before_y,
        before_height=before,
    )


def lines(points: Sequence[ChartPoint], *, most: float = 0) -> list[Line]:
    """Return the bars of a chart in the order of its points; see ``columns`` for ``most``."""
    top = most or _largest(points)
    return [
        Line(
            point,
            _percent(_share(point.value, top)),
            _percent(_share(point.part, top)),
            _percent(_share(point.before, top)),
        )
        for point in points
    ]


def _largest(points: Sequence[ChartPoint]) -> float:
    values: list[float] = []
    for each in points:
        values += [each.value or 0, each.before or 0]
    return max(values, default=0) or 1


def _share(value: float | None, top: float) -> float:
    return min(max(value or 0, 0) / top, 1) * WHOLE


def _pixels(value: float | None, top: float) -> int:
    if not value:
        return 0
    return max(round(_share(value, top) / WHOLE * PLOT), LEAST_SHOWN)


def _percent(value: float) -> str:
    # Not localised: this is a place in a drawing, and not a number to read.
    return f"{value:.2f}%"
