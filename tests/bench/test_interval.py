"""The interval of a median: how many values lie beyond its ends, and how sure that makes it."""

from __future__ import annotations

import pytest

from bench.interval import Interval


@pytest.mark.parametrize(
    ("count", "beyond", "confidence"),
    [
        (1, 0, 0.0),
        (5, 0, 0.9375),
        (6, 0, 0.96875),
        (8, 0, 0.9921875),
        (9, 1, 0.9609375),
        (12, 2, 0.961426),
    ],
)
def test_the_ends_leave_out_as_many_values_as_95_in_100_allow(count, beyond, confidence):
    values = [float(value) for value in range(count, 0, -1)]

    found = Interval.of(values)

    assert (found.low, found.high) == (1 + beyond, count - beyond)
    assert found.confidence == pytest.approx(confidence, abs=1e-6)


def test_the_median_of_an_even_number_lies_between_the_middle_two():
    assert Interval.of([4.0, 1.0, 2.0, 3.0]).median == 2.5


def test_one_value_alone_is_no_interval():
    found = Interval.of([1.5])

    assert (found.median, found.low, found.high, found.confidence) == (1.5, 1.5, 1.5, 0.0)
