"""Figures and checks from the counts of the outbox workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.measure import OURS, Spread, quotients


def ratios(rates: Mapping[str, Sequence[float]]) -> dict[str, Spread]:
    """Return ours over each of the others, by its name: a ratio each repetition."""
    others = {name: values for name, values in rates.items() if name != OURS}
    return {name: Spread.of(quotients(rates[OURS], values)) for name, values in others.items()}


def arrivals(keys: Sequence[str], arrived: Mapping[str, int]) -> dict[str, bool]:
    """
    Check the counts of the external system.

    :param arrived: how often each change came in, by key
    """
    return {
        "none lost": all(arrived.get(key, 0) >= 1 for key in keys),
        "none twice": all(arrived.get(key, 0) <= 1 for key in keys),
    }
