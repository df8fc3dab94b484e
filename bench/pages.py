"""
Pages of the desk, asked for as a browser does: which rows they show, what they ask the database,
how long they take.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from statistics import median
from typing import Any

from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bench.measure import Spread, quotients

TIMES, NAIVE_TIMES = 10, 3  # requests a repetition


@dataclass(frozen=True, slots=True)
class Pair:
    """One page of ours, the naive one with the same rows, and the rows alone, in SQL."""

    ours: str
    naive: str
    rows: str


def rows_on(browser: Browser, address: str) -> list[str]:
    page = browser.get(address)
    if page.status_code != HTTPStatus.OK:
        raise AssertionError(f"{address} answers {page.status_code}")
    change_list = (page.context_data or {})["cl"]
    return [getattr(row, "item", row).ref for row in change_list.result_list]


def queries(browser: Browser, address: str) -> int:
    """Beyond the session and the user, which every page of the site asks for."""
    with CaptureQueriesContext(connection) as seen:
        browser.get(address)
    return len(seen) - 2


def measured(
    browser: Browser, pairs: Mapping[str, Pair], repetitions: int
) -> dict[str, dict[str, list[float]]]:
    """
    Milliseconds a page, by page and contender, one median a repetition; contenders take turns in
    random order.
    """
    spent: dict[str, dict[str, list[float]]] = {
        name: {"ours": [], "naive": [], "limit": []} for name in pairs
    }
    for pair in pairs.values():
        for address in (pair.ours, pair.naive):
            browser.get(address)
    for _ in range(repetitions):
        turns = list(product(pairs, ("ours", "naive", "limit")))
        for name, who in random.sample(turns, len(turns)):
            spent[name][who].append(_slice(browser, pairs[name], who))
    return spent


def _slice(browser: Browser, pair: Pair, who: str) -> float:
    taken = []
    for _ in range(NAIVE_TIMES if who == "naive" else TIMES):
        start = time.perf_counter()
        if who == "limit":
            with connection.cursor() as cursor:
                cursor.execute(pair.rows)
                cursor.fetchall()
        else:
            browser.get(pair.ours if who == "ours" else pair.naive)
        taken.append((time.perf_counter() - start) * 1000)
    return median(taken)


def ratios(
    spent: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str], who: str
) -> Spread:
    """Our throughput over theirs, over all the named pages together, by repetition."""
    pages = [spent[name] for name in names]
    ours = _summed([page["ours"] for page in pages])
    theirs = _summed([page[who] for page in pages])
    return Spread.of(quotients(theirs, ours))


def _summed(pages: Sequence[Sequence[float]]) -> list[float]:
    """Add up the times of several pages, by repetition."""
    return [sum(times) for times in zip(*pages, strict=True)]


def figures(spent: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    found = {}
    for name, by in spent.items():
        found[name] = {f"{who}_ms": Spread.of(times) for who, times in by.items()}
    return found
