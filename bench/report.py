"""Figures for people, as a table, and for machines, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.measure import OURS, Spread


def table(result: dict[str, Any]) -> str:
    processes = "one process" if result["processes"] == 1 else f"{result['processes']} processes"
    lines = [
        f"### {result['workload']}, {processes}: {result['title']}",
        "",
        f"Median of {result['repetitions']} repetitions, [lowest..highest].",
        "",
        "| contender | items/s | ours / it | aim | stretch |",
        "|---|---|---|---|---|",
    ]
    for name, rate in result["items_per_s"].items():
        cells = [name, _spread(rate, ".0f")]
        if name != OURS:
            ratio, aim, stretch = (result[key][name] for key in ("ours_over", "aims", "stretch"))
            cells += [_spread(ratio, ".2f"), f"{aim:g}: {_met(ratio, aim)}", f"{stretch:g}: {_met(ratio, stretch)}" if stretch else ""]
        lines.append(f"| {' | '.join(cells + [''] * (5 - len(cells)))} |")
    return "\n".join(lines) + "\n"


def as_json(results: Sequence[dict[str, Any]], settings: dict[str, Any]) -> str:
    return json.dumps({"settings": settings, "results": results}, indent=2, default=asdict)


def _spread(value: Spread, form: str) -> str:
    return f"{value.median:{form}} [{value.low:{form}}..{value.high:{form}}]"


def _met(ratio: Spread, aim: float) -> str:
    return "met" if ratio.median >= aim else "missed"
