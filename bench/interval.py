"""The interval that a median lies in, from the order of the values alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median
from typing import Self

WANTED = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """
    A median and the order-statistics interval around it.

    The k-th lowest and the k-th highest value enclose the true median unless fewer than k values
    fall on one side of it, and on which side a value falls is the toss of a coin: that probability
    is exact, whatever the values' distribution. ``confidence`` is what was reached: below six
    values no interval reaches 95 %, and lowest and highest are given.
    """

    median: float
    low: float
    high: float
    confidence: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Take the narrowest interval that is right in at least 95 of 100 cases."""
        ordered, rank = sorted(values), 1
        while 2 * (rank + 1) <= len(ordered) and _confidence(len(ordered), rank + 1) >= WANTED:
            rank += 1
        return cls(
            median(ordered), ordered[rank - 1], ordered[-rank], _confidence(len(ordered), rank)
        )


def _confidence(count: int, rank: int) -> float:
    """
    Return the probability that the values of this rank, from below and from above, enclose the
    median.
    """
    tails = 2 * sum(comb(count, fewer) for fewer in range(rank))
    return max(0.0, 1 - float(tails) / 2.0**count)
