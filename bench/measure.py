"""
Measure contenders side by side.

They take turns in short slices, so that a disturbance affects all of them. Only ratios count.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.workers import Worker, together
from bench.world import World

OURS = "ours"
ROUNDS = 4  # slices a repetition


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of writing the lives; ``lives(world, *args)`` writes ``items`` of them."""

    lives: Callable[..., None]
    args: tuple[Any, ...]
    items: int
    times: int  # in each slice
    aim: float = 0  # at least so many times as fast as this is what we want to be
    stretch: float = 0


@dataclass(frozen=True, slots=True)
class Workload:
    name: str
    title: str
    contenders: Mapping[str, Contender]
    processes: Sequence[int] = (1,)


@dataclass(frozen=True, slots=True)
class Spread:
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(round(median(values), 3), round(min(values), 3), round(max(values), 3))

    @property
    def figures(self) -> dict[str, float]:
        """Return it as it is printed."""
        return {"median": self.median, "min": self.low, "max": self.high}


def quotients(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    """Divide the values of each repetition by those of another contender."""
    return [one / other for one, other in zip(ones, others, strict=True)]


def measured(
    workload: Workload,
    workers: Sequence[Worker],
    repetitions: int,
    scale: float,
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """
    Items a second of each contender, and ours over each: median, lowest and highest of the
    repetitions.
    """
    rates: dict[str, list[float]] = {name: [] for name in workload.contenders}
    for name in rates:  # plans, caches and statements are warm before it counts
        _slice(workers, workload.contenders[name], 1)
    for _ in range(repetitions):
        for name, rate in _repetition(workload, workers, scale, rounds).items():
            rates[name].append(rate)
    ratios = {name: quotients(rates[OURS], rates[name]) for name in rates if name != OURS}
    return {
        "workload": workload.name,
        "title": workload.title,
        "processes": len(workers),
        "repetitions": repetitions,
        "items_per_s": {name: Spread.of(values) for name, values in rates.items()},
        "ours_over": {name: Spread.of(values) for name, values in ratios.items()},
        "aims": {name: workload.contenders[name].aim for name in ratios},
        "stretch": {name: workload.contenders[name].stretch for name in ratios},
    }


def _repetition(
    workload: Workload, workers: Sequence[Worker], scale: float, rounds: int
) -> dict[str, float]:
    """Each contender's rate over all its slices, the order shuffled anew each time."""
    spent = dict.fromkeys(workload.contenders, 0.0)
    done = dict.fromkeys(workload.contenders, 0)
    for _ in range(rounds):
        for name in random.sample(list(spent), len(spent)):
            contender = workload.contenders[name]
            times = max(1, round(contender.times * scale))
            spent[name] += _slice(workers, contender, times)
            done[name] += contender.items * times * len(workers)
    return {name: done[name] / spent[name] for name in spent}


def _slice(workers: Sequence[Worker], contender: Contender, times: int) -> float:
    """Seconds until the last worker is done."""
    return float(max(together(workers, _timed, contender.lives, contender.args, times)))


def _timed(world: World, lives: Callable[..., None], args: Sequence[Any], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        lives(world, *args)
    return time.perf_counter() - start
