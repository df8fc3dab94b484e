"""Random drills, one after the other, and what is left of the product after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from random import Random
from statistics import linear_regression, median
from threading import Event as Flag
from threading import Thread
from time import monotonic, sleep
from typing import Any

from demo.drills import product
from demo.drills.invariants import invariants, server_errors
from demo.drills.registry import Drill, drills
from demo.drills.run import DrillResult, run_drill
from demo.drills.traffic import traffic
from demo.walkthrough.transcript import StepFailed
from demo.walkthrough.walk import now
from routing.kernel.sql import run as sql

TABLES = """
    SELECT relname, pg_total_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"""
FEW = 100  # rows: a table with fewer does not grow with work
EVERY_S = 5.0  # between two looks at the memory
MAY_GROW = 1.5  # times the memory after the first drill
MAY_HOLD_BYTES = 1_500_000_000
WARM_S = 300.0  # caches and pools are filled by then, and the slope begins
MAY_LEAK_BYTES_PER_H = 100_000_000
LONG_ENOUGH_S = 1_800.0  # below, a slope says more about the drills than about a leak
SETTLES_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class SoakSample:
    """``after_s`` seconds after the start. Memory is the proportional set size of all processes."""

    after_s: float
    memory_bytes: int
    rows: dict[str, int]
    size_bytes: dict[str, int]


@dataclass
class SoakResult:
    """
    ``samples`` are taken before, between and after the drills, ``memory`` every few seconds as
    (seconds after the start, bytes). ``growth`` has rows and bytes an hour by table.
    """

    seed: int
    drills: list[dict[str, Any]] = field(default_factory=list)
    samples: list[SoakSample] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)
    traffic: dict[str, Any] = field(default_factory=dict)
    invariants: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "drills": self.drills,
            "traffic": self.traffic,
            "invariants": self.invariants,
            "memory": memory_figures(self.memory),
            "growth": growth_figures(self.samples),
            "samples": [asdict(each) for each in self.samples],
            "failed": self.failed,
            "held": not self.failed,
        }


def memory_figures(memory: list[tuple[float, int]]) -> dict[str, Any]:
    """
    Return peak, median and slope of the proportional set sizes. The slope leaves out the first
    minutes, and is None without two samples after them.
    """
    known = [(at, size) for at, size in memory if size]
    warm = [(at, size) for at, size in known if at >= WARM_S]
    sizes = [size for _at, size in known]
    return {
        "samples": len(known),
        "peak_bytes": max(sizes, default=0),
        "median_bytes": int(median(sizes)) if sizes else 0,
        "last_bytes": sizes[-1] if sizes else 0,
        "slope_bytes_per_h": round(_slope(warm) * 3600) if len(warm) > 1 else None,
    }


def growth_figures(samples: list[SoakSample]) -> dict[str, dict[str, Any]]:
    """
    Return by table how many rows and bytes came an hour, and the rate of the second half of the
    time divided by that of the first: about 1 where growth is linear, None where nothing came.
    """
    if len(samples) < 2 or samples[-1].after_s <= samples[0].after_s:  # noqa: PLR2004
        return {}
    first, last = samples[0], samples[-1]
    middle = min(samples, key=lambda each: abs(each.after_s - last.after_s / 2))
    hours = (last.after_s - first.after_s) / 3600
    found = {}
    for table in last.rows:
        rows = last.rows[table] - first.rows.get(table, 0)
        size = last.size_bytes[table] - first.size_bytes.get(table, 0)
        found[table] = {
            "rows_per_h": round(rows / hours),
            "bytes_per_h": round(size / hours),
            "bend": _bend(table, first, middle, last),
        }
    return found


def _bend(table: str, first: SoakSample, middle: SoakSample, last: SoakSample) -> float | None:
    before, after = middle.after_s - first.after_s, last.after_s - middle.after_s
    grown = middle.rows.get(table, 0) - first.rows.get(table, 0)
    if before <= 0 or after <= 0 or grown <= 0:
        return None
    return round((last.rows[table] - middle.rows.get(table, 0)) / after * before / grown, 2)


def _slope(points: list[tuple[float, int]]) -> float:
    """Return the slope of the least squares, in bytes a second."""
    times, sizes = zip(*points, strict=True)
    return linear_regression(times, sizes).slope if len(set(times)) > 1 else 0.0


def soak(minutes: float, seed: int, say: Callable[[str], object]) -> SoakResult:
    """
    Run random drills for this long while deals keep coming in, then check what must always hold.

    :param seed: the same seed chooses the same drills
    :raises StepFailed: if the product does not answer at the start
    """
    result, began, since = SoakResult(seed), monotonic(), now()
    _errors, log_places = server_errors({})
    with watching_memory(result.memory, began), traffic(say, minutes * 60) as deals:
        result.samples.append(_sample(0))
        for drill in _chosen(seed):
            if monotonic() - began > minutes * 60:
                break
            say(f"\n{drill.name}")
            _practise(drill, result, say)
            result.samples.append(_sample(monotonic() - began))
    result.traffic = deals.counted
    result.failed += deals.failed
    result.invariants = _settled(since)
    errors, _places = server_errors(log_places)
    result.invariants["I7: A request ended in an error of the server."] = errors
    result.failed += [f"{words} ({found})" for words, found in result.invariants.items() if found]
    result.failed += _memory_faults(result)
    return result


@contextmanager
def watching_memory(memory: list[tuple[float, int]], began: float) -> Iterator[None]:
    """Note the memory of all processes every few seconds, in another thread."""
    stop = Flag()

    def watch() -> None:
        while not stop.wait(EVERY_S):
            memory.append((round(monotonic() - began, 1), product.memory_bytes()))

    thread = Thread(target=watch, name="memory")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _settled(since: datetime) -> dict[str, int]:
    """Check what must hold, again until it does: the last drill may just have ended."""
    until = monotonic() + SETTLES_WITHIN_S
    while True:
        found = dict(invariants(since))
        if not any(found.values()) or monotonic() > until:
            return found
        sleep(EVERY_S)


def _chosen(seed: int) -> Iterator[Drill]:
    random, known = Random(seed), list(drills().values())  # noqa: S311  # play, no secret
    while True:
        random.shuffle(known)
        yield from known


def _practise(drill: Drill, result: SoakResult, say: Callable[[str], object]) -> None:
    try:
        done: DrillResult = run_drill(drill, say)
    except StepFailed as error:
        result.failed.append(f"{drill.name}: {error}")
        return
    result.drills.append({"name": drill.name, "held": done.held, "counted": done.counted})
    result.failed += [f"{drill.name}: {why}" for why in done.failed]


def _sample(after_s: float) -> SoakSample:
    rows, sizes = {}, {}
    for name, size in sql(TABLES):
        # Counted, since a server that was killed forgets its statistics.
        [(number,)] = sql(f'SELECT count(*) FROM "{name}"')  # noqa: S608  # our own table
        if number > FEW:
            rows[name], sizes[name] = number, size
    return SoakSample(round(after_s, 1), product.memory_bytes(), rows, sizes)


def _memory_faults(result: SoakResult) -> Iterator[str]:
    figures = memory_figures(result.memory)
    after = [each.memory_bytes for each in result.samples[1:] if each.memory_bytes]
    if len(after) > 1 and after[-1] > MAY_GROW * after[0]:
        yield "I7: The memory grew by more than half after the first drill."
    if figures["peak_bytes"] > MAY_HOLD_BYTES:
        yield "I7: All processes together held more than 1.5 GB."
    slope = figures["slope_bytes_per_h"]
    long = result.memory and result.memory[-1][0] > LONG_ENOUGH_S
    if long and slope is not None and slope > MAY_LEAK_BYTES_PER_H:
        yield f"I7: The memory grows by {slope // 10**6} MB an hour."
