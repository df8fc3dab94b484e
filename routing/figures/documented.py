"""docs/figures.md, written from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from routing.figures.catalogue import LEAST_FOR_A_RATE, TOPICS, Computes, Figure, catalogue
from routing.figures.dimensions import PERIODS
from routing.figures.sources import source_of

_PERIODS = ", ".join(f"`{each.name}`" for each in PERIODS)
HEAD = f"""\
# Figures

Written by `manage.py document_figures docs/figures.md` from the catalogue in code. Do not edit it.

Each figure is defined once, here. The desk shows them on its page Figures, and a shell asks for
them:

    manage.py figures runs_started outcome_rate --by client,month --from 2026-01-01 \\
        --to 2026-06-30 --as olga@agency.example --json

- **Rows.** A figure counts rows of one kind (its grain). Only rows about work that the person may
  see count.
- **Period.** From the first moment of the first day until the last moment of the last day, in the
  time zone of the agency's calendar (UTC without one). Weeks begin on Monday. A row counts in the
  period of one instant, which the figure names.
- **As of now.** States are those of now: a run that was reopened is not complete.
- **Counted apart.** Work of the demo and of walkthroughs does not count, unless it is asked for.
- **Rates** are from 0 to 1. A rate of fewer than {LEAST_FOR_A_RATE} rows has no value, and says so.
- **Durations** are in seconds of elapsed time. Without rows there is no value.
- **Grouping.** Every figure is grouped by flow, client, team, owner, kind and priority of its work,
  and by what it names itself. If it has a period, also by {_PERIODS}.
  Work of a client that was merged into another counts for that one. Owner, client, team and
  priority are those that the work has now. Groups without rows are left out.
- **Rows behind a number.** `rows_url` leads to them, and with `?format=json` answers their number
  and the references of their work, one for each row.
- **Delay.** Most figures are counted from the rows themselves when they are asked for, and their
  `lag_s` is 0. Some, named below, are read from daily roll-ups when these have the grouping and the
  days are whole. `lag_s` says how old they are, at most 60 s: older ones are not read, and the
  figure is counted. `manage.py figures rebuild` computes them anew, which changes nothing. The rows
  behind a number are always read at once.
"""

VALUES = {
    Computes.COUNT: "The number of rows.",
    Computes.RATE: "The share of rows.",
    Computes.MEAN: "The mean of a duration.",
    Computes.MEDIAN: "The median of a duration.",
    Computes.P90: "The 90th percentile of a duration.",
    Computes.TOTAL: "The sum of a duration.",
    Computes.EACH: "A mean number for each row.",
}


def documented() -> str:
    """Return the document in Markdown."""
    lines = [HEAD]
    for topic, figures in groupby(catalogue(), key=lambda each: each.topic):
        lines += [f"## {TOPICS[topic]}", ""]
        for each in figures:
            lines += [*_lines(each), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(figure: Figure) -> Iterator[str]:
    own = ", ".join(f"`{each.name}`" for each in figure.own)
    yield f"### `{figure.name}`: {figure.title}"
    yield ""
    yield f"- Formula: {figure.formula}"
    yield f"- Unit: {figure.unit.value}. {VALUES[figure.computes]}"
    yield f"- Grain: {figure.grain}"
    yield f"- Rows: {figure.counted}"
    yield f"- Left out: {figure.left_out}"
    yield f"- Grouped by: {own + ', and ' if own else ''}what all figures are grouped by"
    source = source_of(figure)
    if source:
        kept = ["client", *source.keys, *(["kind"] if source.by_kind else [])]
        yield f"- Rolled up by: {', '.join(f'`{name}`' for name in kept)}, and periods"
    if not figure.at:
        yield "- Period: none of its own"
