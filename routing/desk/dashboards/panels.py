"""
The kinds of panels that dashboards are declared from: by week, by group, side by side, and worse.

Each returns a function that draws the panel from what a ``Reading`` reads. Figures are named by
the catalogue, and whatever is shown is one of its numbers or a sum of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk.charts import ChartPoint, Line, columns, lines
from routing.desk.dashboards.declared import Cell, Draw, Drawn, TableLine, WorseFigure, cell_of
from routing.desk.dashboards.headlines import change, got_worse
from routing.desk.dashboards.reading import Number, Reading
from routing.figures.catalogue import Unit, figures_called
from routing.figures.dimensions import period_key
from routing.figures.shown import elapsed, shown
from routing.work.gates import Words

WEEKS = 8  # that a chart by week shows, the present one last
DAYS = 28  # of a panel by group
MOST_LINES = 8
WORST_ROWS = 5  # that are named for a figure that got worse
DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60
Headline = Callable[[Reading, Sequence[Number], Mapping[tuple[str | None, ...], Number]], str]
Notes = Callable[[Reading, Sequence[Number]], Mapping[str | None, str]]


def title_of(name: str) -> Words:
    [figure] = figures_called([name])
    return figure.title


def short(value: float | None, unit: str) -> str:
    """Return a number that fits above a column."""
    if value is None:
        return ""
    if unit == Unit.RATIO:
        return f"{round(value * 100)} %"
    if unit == Unit.SECONDS:
        for length, sign in ((DAY_S, _("d")), (HOUR_S, _("h")), (MINUTE_S, _("min"))):
            if value >= length:
                return f"{formats.number_format(value / length, 1)} {sign}"
        return f"{round(value)} s"
    return shown(value, unit)


# -- By week ---------------------------------------------------------------------------------------


def by_week(figure: str) -> Draw:
    """Draw a figure of the last weeks, each beside the week that was as many weeks before."""

    def draw(reading: Reading) -> Drawn:
        span = reading.last_weeks(2 * WEEKS)
        found = {each.keys[-1]: each for each in reading.numbers(figure, ("week",), span)}
        first, _last = span.days(reading.zone)
        mondays = [first + timedelta(weeks=number) for number in range(2 * WEEKS)]
        numbers = [found.get(period_key("week", monday)) for monday in mondays]
        is_count = figures_called([figure])[0].unit == Unit.COUNT
        points, rows = [], []
        for place in range(WEEKS):
            day, now, past = mondays[WEEKS + place], numbers[WEEKS + place], numbers[place]
            name = formats.date_format(day, _("j M"))
            points.append(_point(name, now, past, is_count=is_count))
            note = _("so far") if place == WEEKS - 1 else ""
            week = _("Week of %(day)s") % {"day": formats.date_format(day, _("j M Y"))}
            rows.append(TableLine(week, (_cell(now, is_count), _cell(past, is_count)), note))
        whole = _none(is_count)
        return Drawn(
            headline=change(
                title_of(figure), numbers[-3] or whole, numbers[-2] or whole, _("last week")
            ),
            columns=columns(points, most=1 if is_rate(figure) else 0),
            headings=(_("Week"), title_of(figure), _("%(n)s weeks before") % {"n": WEEKS}),
            lines=rows,
            key=_("Outlined: the week %(n)s weeks before. The last week is not over.")
            % {"n": WEEKS},
        )

    return draw


def is_rate(figure: str) -> bool:
    return figures_called([figure])[0].is_rate


def is_time(figure: str) -> bool:
    return figures_called([figure])[0].unit == Unit.SECONDS


def _point(name: str, now: Number | None, past: Number | None, *, is_count: bool) -> ChartPoint:
    missing = "0" if is_count else "–"
    text = short(now.value, now.unit) if now else missing
    return ChartPoint(
        name,
        now.value if now else None,
        text or "–",
        now.url if now else "",
        now.why if now else "",
        past.value if past else None,
    )


def _cell(number: Number | None, is_count: bool) -> Cell:
    # A week without rows is in no group. Counted, that is none of them.
    return Cell("0") if number is None and is_count else cell_of(number, shown)


def _none(is_count: bool) -> Number | None:
    if not is_count:
        return None
    return Number((), (), 0, 0, None, Unit.COUNT, "")


# -- By group --------------------------------------------------------------------------------------


def by_group(
    figures: Sequence[str],
    by: Sequence[str],
    *,
    headline: Headline,
    heading: Words,
    days: int = DAYS,
    notes: Notes | None = None,
    key: Words = "",
    empty: Words = gettext_lazy("No rows."),
    lowest_first: bool = False,
    only: Callable[[Number], bool] = lambda number: True,
) -> Draw:
    """
    Draw the first figure by groups as bars, with the others beside it.

    Of two counts of this moment, the second is a part of the first, such as overdue of open work.
    Figures of a period have that of the period before beside them.

    :param only: the groups that are shown; ``headline`` gets all
    """

    def draw(reading: Reading) -> Drawn:
        span = reading.last_days(days)
        found = reading.numbers(figures[0], by, span)
        others = [_by_keys(reading.numbers(name, by, span)) for name in figures[1:]]
        is_now = figures_called([figures[0]])[0].is_now
        earlier = [] if is_now else reading.numbers(figures[0], by, reading.before(span))
        past = _by_keys(earlier)
        sign = 1 if lowest_first else -1
        every = sorted(found, key=lambda each: (each.value is None, sign * (each.value or 0)))
        chosen = [each for each in every if only(each)]
        shown_lines = chosen[:MOST_LINES]
        are_parts = is_now and bool(others) and not is_time(figures[0])
        bars = _bars(shown_lines, others[0] if are_parts else {}, past)
        said = notes(reading, shown_lines) if notes else {}
        headings = [heading, *map(title_of, figures)]
        if not is_now:
            headings.append(_("%(n)s days before") % {"n": days})
        rows = []
        for each, bar in zip(shown_lines, bars, strict=True):
            numbers = [each, *(other.get(each.keys) for other in others)]
            cells = [cell_of(number, shown) for number in numbers]
            if not is_now:
                cells.append(cell_of(past.get(each.keys), shown))
            note = said.get(each.keys[-1], "")
            rows.append(TableLine(each.label, cells, note, bar=bar))
        outlined = "" if is_now else _("Outlined: the %(n)s days before.") % {"n": days}
        return Drawn(
            headline=headline(reading, every, others[0] if is_now and others else past),
            headings=headings,
            lines=rows,
            left_out=len(chosen) - len(shown_lines),
            key=key or outlined,
            empty=empty,
        )

    return draw


def _by_keys(numbers: Sequence[Number]) -> dict[tuple[str | None, ...], Number]:
    return {each.keys: each for each in numbers}


def _bars(
    numbers: Sequence[Number],
    parts: Mapping[tuple[str | None, ...], Number],
    past: Mapping[tuple[str | None, ...], Number],
) -> Sequence[Line]:
    points = []
    for each in numbers:
        part, before = parts.get(each.keys), past.get(each.keys)
        points.append(
            ChartPoint(
                each.label,
                each.value,
                shown(each.value, each.unit),
                before=before.value if before else None,
                part=part.value if part else None,
            )
        )
    is_rate = bool(numbers) and numbers[0].unit == Unit.RATIO
    return lines(points, most=1 if is_rate else 0)


# -- Numbers side by side --------------------------------------------------------------------------


def side_by_side(figures: Sequence[str], *, days: int = DAYS) -> Draw:
    """Draw some figures as a whole, each beside that of the period before."""

    def draw(reading: Reading) -> Drawn:
        span = reading.last_days(days)
        rows, first = [], ""
        for name in figures:
            [figure] = figures_called([name])
            now = reading.number(name, span)
            before = None if figure.is_now else reading.number(name, reading.before(span))
            words = _("in %(n)s days") % {"n": days}
            first = first or change(figure.title, before, now, words)
            cells = (cell_of(now, shown), cell_of(before, shown))
            rows.append(TableLine(str(figure.title), cells, _("now") if figure.is_now else ""))
        return Drawn(
            headline=first,
            headings=(_("Figure"), _("Last %(n)s days") % {"n": days}, _("The days before")),
            lines=rows,
            is_wide=True,
        )

    return draw


# -- What got worse --------------------------------------------------------------------------------


def worse_than_last_week(figures: Sequence[str]) -> Draw:
    """Draw which of the figures, of all of which more is worse, rose, with the rows that did it."""

    def draw(reading: Reading) -> Drawn:
        span = reading.last_days(7)
        past = reading.before(span)
        found = []
        for name in figures:
            now, before = reading.number(name, span), reading.number(name, past)
            if got_worse(before, now, more_is_worse=True):
                rows = reading.newest_rows(name, span, WORST_ROWS)
                words = change(title_of(name), before, now, "").strip()
                found.append(WorseFigure(words, _behind(name, now), rows))
        count = len(found)
        headline = ngettext(
            "%(count)s figure is worse than in the 7 days before",
            "%(count)s figures are worse than in the 7 days before",
            count,
        ) % {"count": count}
        return Drawn(
            headline=headline if found else _("Nothing got worse than in the 7 days before"),
            worse=found,
            empty=_("Compared: %(figures)s.")
            % {"figures": ", ".join(str(title_of(name)) for name in figures)},
            is_wide=True,
        )

    return draw


def _behind(name: str, now: Number) -> Sequence[tuple[str, str]]:
    """Return the links to the rows of a number, or to those of its parts."""
    parts = [each for each in now.parts if each.n]
    if parts:
        return [(f"{each.labels[0]}: {each.n}", each.url) for each in parts]
    words = ngettext("The %(n)s row behind it", "All %(n)s rows behind it", now.n)
    if is_rate(name):
        words = _("All %(n)s rows of the rate, of which %(good)s count")
    values = {"n": shown(now.n, Unit.COUNT), "good": shown(now.numerator, Unit.COUNT)}
    return [(words % values, now.url)] if now.url else []


# -- The bottleneck --------------------------------------------------------------------------------


def bottleneck(*, days: int = DAYS, least: int = 5) -> Draw:
    """
    Draw the states in which work stays longer than before, the one that grew most first.

    States with fewer stays than ``least`` in one of the periods say nothing.
    """
    name, by = "time_in_state_median", ("kind", "state")

    def draw(reading: Reading) -> Drawn:
        span = reading.last_days(days)
        past = _by_keys(reading.numbers(name, by, reading.before(span)))
        grown = []
        for each in reading.numbers(name, by, span):
            before = past.get(each.keys)
            if before is None or min(each.n, before.n) < least:
                continue
            if max(each.value or 0, before.value or 0) < MINUTE_S:  # passed through at once
                continue
            grown.append((_growth(each, before), each))
        grown.sort(key=lambda pair: -pair[0])
        chosen = [each for _grown, each in grown[:MOST_LINES]]
        rows: list[Any] = []
        for each, bar in zip(chosen, _bars(chosen, {}, past), strict=True):
            cells = (cell_of(each, shown), cell_of(past[each.keys], shown))
            rows.append(TableLine(each.label, cells, bar=bar))
        return Drawn(
            headline=_bottleneck_words(grown, past),
            headings=(_("State"), title_of(name), _("%(n)s days before") % {"n": days}),
            lines=rows,
            left_out=len(grown) - len(chosen),
            key=_("Outlined: the %(n)s days before.") % {"n": days},
            empty=_(
                "A state is compared once %(least)s stays in it ended in each of the two periods."
            )
            % {"least": least},
        )

    return draw


def _growth(now: Number, before: Number) -> float:
    return (now.value or 0) - (before.value or 0)


def _bottleneck_words(
    grown: Sequence[tuple[float, Number]], past: Mapping[tuple[str | None, ...], Number]
) -> str:
    if not grown:
        return _("Too few stays to name a bottleneck")
    growth, worst = grown[0]
    if growth < MINUTE_S:
        return _("In no state does work stay longer than before")
    return _("The bottleneck is %(state)s: from %(before)s to %(now)s") % {
        "state": worst.label,
        "before": elapsed(past[worst.keys].value or 0),
        "now": elapsed(worst.value or 0),
    }
