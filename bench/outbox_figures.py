"""What is made of what the outbox workload counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.measure import OURS, Spread


def ratios(rates: Mapping[str, Sequence[float]]) -> dict[str, Spread]:
    """Return ours over each of the others, by its name: a ratio each repetition."""
    others = {name: values for name, values in rates.items() if name != OURS}
    return {
        name: Spread.of([ours / it for ours, it in zip(rates[OURS], values, strict=True)])
        for name, values in others.items()
    }


def arrivals(keys: Sequence[str], arrived: Mapping[str, int]) -> dict[str, bool]:
    """
    Judge what the other side counted.

    :param arrived: how often each change came in, by key
    """
    return {
        "none lost": all(arrived.get(key, 0) >= 1 for key in keys),
        "none twice": all(arrived.get(key, 0) <= 1 for key in keys),
    }
