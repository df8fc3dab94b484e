"""What a reader of the page Figures chose, read from the address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing.figures.catalogue import TOPICS, Figure, catalogue
from routing.figures.dimensions import OF_WORK, PERIODS, Dimension
from routing.figures.spans import Span, usual_span
from routing.kernel.days import can_be_meant

# What an operations lead looks at first.
USUAL = (
    "runs_started",
    "runs_completed",
    "outcome_rate",
    "time_to_outcome_median",
    "sla_compliance",
    "breaches",
    "exceptions_opened",
    "exceptions_open",
    "open_work",
    "overdue_work",
)
LAST_DAYS = (7, 30, 90, 365)


@dataclass(frozen=True)
class FigureChoice:
    """Figures, days and groups. ``wrong`` says what could not be read."""

    figures: Sequence[Figure]
    by: Sequence[str]
    first: date
    last: date
    span: Span
    apart: bool
    wrong: str

    @classmethod
    def read(cls, asked: QueryDict, now: datetime, zone: ZoneInfo) -> FigureChoice:
        known = catalogue()
        named = set(asked.getlist("figure"))
        figures = [each for each in known if each.name in named]
        figures = figures or [each for each in known if each.name in USUAL]
        dimensions: set[str] = set()
        for each in known:
            dimensions |= each.dimension_names
        by = [name for name in dict.fromkeys(asked.getlist("by")) if name in dimensions]
        usual = usual_span(now, zone).days(zone)
        first, last = _day(asked.get("from"), usual[0]), _day(asked.get("to"), usual[1])
        wrong = ""
        if first is None or last is None or last < first:
            wrong = _("Enter two dates, the first one first. The last 30 days are shown.")
            first, last = usual
        return cls(
            figures, by, first, last, Span.of_days(first, last, zone), "apart" in asked, wrong
        )

    def fitting(self, figure: Figure) -> list[Dimension] | None:
        """Return the dimensions for a figure, None if it cannot be grouped by all of them."""
        known = {each.name: each for each in figure.dimensions}
        return [known[name] for name in self.by] if {*self.by} <= {*known} else None

    def query(self, **other: Any) -> str:
        """Return the query of an address for this choice, with other values for some of it."""
        values: dict[str, Any] = {
            "figure": [each.name for each in self.figures],
            "by": list(self.by),
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
        }
        if self.apart:
            values["apart"] = "1"
        return f"?{urlencode(values | other, doseq=True)}"

    def last_days(self) -> Iterator[tuple[str, str, bool]]:
        """Yield the address, the label and whether it is chosen of the usual periods."""
        length = (self.last - self.first).days + 1
        for days in LAST_DAYS:
            first = self.last - timedelta(days=days - 1)
            label = ngettext("Last day", "Last %(days)s days", days) % {"days": days}
            yield self.query(**{"from": first.isoformat()}), label, days == length

    def topics(self) -> Iterator[tuple[str, list[tuple[Figure, bool]], int]]:
        """Yield each topic with its figures, whether each is chosen, and how many are."""
        chosen = {each.name for each in self.figures}
        for topic, title in TOPICS.items():
            figures = [(each, each.name in chosen) for each in catalogue() if each.topic == topic]
            if figures:
                yield str(title), figures, sum(is_chosen for _figure, is_chosen in figures)

    def groupings(self) -> list[tuple[Dimension, bool]]:
        """Return what can be grouped by, first what all figures have, without periods."""
        periods = {each.name for each in PERIODS}
        found = {each.name: each for each in OF_WORK}
        for figure in self.figures:
            found |= {each.name: each for each in figure.own}
        return [(each, each.name in self.by) for each in found.values() if each.name not in periods]

    def periods(self) -> list[tuple[Dimension, bool]]:
        return [(each, each.name in self.by) for each in PERIODS]


def _day(text: str | None, usual: date) -> date | None:
    if not text:
        return usual
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if can_be_meant(found) else None
