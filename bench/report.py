"""Figures for people, as a table, and for machines, as JSON."""

from __future__ import annotations

import json
import sys
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
            cells += [
                _spread(ratio, ".2f"),
                f"{aim:g}: {_met(ratio, aim)}",
                f"{stretch:g}: {_met(ratio, stretch)}" if stretch else "",
            ]
        lines.append(f"| {' | '.join(cells + [''] * (5 - len(cells)))} |")
    return "\n".join(lines) + "\n"


def as_json(results: Sequence[dict[str, Any]], settings: dict[str, Any]) -> str:
    return json.dumps({"settings": settings, "results": results}, indent=2, default=asdict)


def _spread(value: Spread, form: str) -> str:
    return f"{value.median:{form}} [{value.low:{form}}..{value.high:{form}}]"


def _met(ratio: Spread, aim: float) -> str:
    return "met" if ratio.median >= aim else "missed"


def one(
    workload: str, figures: dict[str, Any], ratios: dict[str, Spread], checks: dict[str, bool]
) -> dict[str, Any]:
    """Print the result of a workload in the shared form. A table goes to stderr."""
    lines = [f"### {workload}", "", "| figure | value |", "|---|---|"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in figures.items()]
    lines += ["", "| ours / it | median [lowest..highest] |", "|---|---|"]
    lines += [f"| {name} | {_spread(value, '.3g')} |" for name, value in ratios.items()]
    lines += ["", *(f"{'holds' if held else 'BROKEN'}: {name}" for name, held in checks.items())]
    sys.stderr.write("\n".join(lines) + "\n")
    spreads = {name: each.figures for name, each in ratios.items()}
    return {"workload": workload, "figures": _plain(figures), "ratios": spreads, "checks": checks}


def _plain(value: Any) -> Any:
    if isinstance(value, Spread):
        return value.figures
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def _cell(value: Any) -> str:
    if isinstance(value, Spread):
        return _spread(value, ".4g")
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(each)}" for name, each in value.items())
    return str(value)
