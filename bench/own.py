"""
Our own figures in what a workload prints, under the names that a comparison of two commits gives
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PROCESSES = {1: "one process", 2: "two processes"}
SEARCHES = ("rare", "common")


@dataclass(frozen=True, slots=True)
class Measured:
    value: float
    is_time: bool = False  # then less is better

    def over(self, old: Measured) -> float:
        """Return how many times better than the old one this is: above 1 is better."""
        return old.value / self.value if self.is_time else self.value / old.value


def of(result: Mapping[str, Any]) -> dict[str, Measured]:
    """Return our figures by name; of the workloads of docs/performance.md."""
    return _READERS[result["workload"]](result["figures"])


def _lifecycle(figures: Mapping[str, Any]) -> dict[str, Measured]:
    found = {}
    for each in figures["results"]:
        name = each["workload"]
        if name == "W1":
            name = f"W1 {PROCESSES[each['processes']]}"
        found[name] = _rate(each["items_per_s"]["ours"])
    return found


def _sweep(figures: Mapping[str, Any]) -> dict[str, Measured]:
    return {"W3": _rate(figures["ours_rows_per_s"])}


def _intake(figures: Mapping[str, Any]) -> dict[str, Measured]:
    return {"W4 throughput": _rate(figures["ours_per_s"]), "W4 p99": _time(figures["ours_p99_ms"])}


def _drain(figures: Mapping[str, Any]) -> dict[str, Measured]:
    names = {
        "W5 one process": "ours_events_per_s",
        "W5 two processes": "ours_events_per_s_two_processes",
    }
    return {name: _rate(figures[key]) for name, key in names.items()}


def _outbox(figures: Mapping[str, Any]) -> dict[str, Measured]:
    return {"W8": _rate(figures["ours_per_s"])}


def _lists(figures: Mapping[str, Any]) -> dict[str, Measured]:
    pages = {f"W6 {name}": _time(each["ours_ms"]) for name, each in _pages(figures).items()}
    return {"W6 all pages": _sum(pages), **pages}


def _search(figures: Mapping[str, Any]) -> dict[str, Measured]:
    pages = {name: _time(each["ours_ms"]) for name, each in _pages(figures).items()}
    found = {}
    for how in SEARCHES:
        found[f"W7 {how}"] = _sum(
            {name: page for name, page in pages.items() if name.endswith(how)}
        )
    return found


def _desk(figures: Mapping[str, Any]) -> dict[str, Measured]:
    return {f"W9 {name}": _time(each["ours_ms"]) for name, each in _pages(figures).items()}


def _pages(figures: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return {
        name: each for name, each in figures.items() if isinstance(each, dict) and "ours_ms" in each
    }


def _rate(spread: Mapping[str, float]) -> Measured:
    return Measured(spread["median"])


def _time(spread: Mapping[str, float]) -> Measured:
    return Measured(spread["median"], is_time=True)


def _sum(pages: Mapping[str, Measured]) -> Measured:
    return Measured(sum(page.value for page in pages.values()), is_time=True)


_READERS = {
    "lifecycle": _lifecycle,
    "sweep": _sweep,
    "intake": _intake,
    "drain": _drain,
    "lists": _lists,
    "search": _search,
    "outbox": _outbox,
    "pages": _desk,
}
