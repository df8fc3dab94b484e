"""No text makes a regular expression of the product slow, whoever sends it."""

from __future__ import annotations

import re

import pytest

from tests.house.patterns import BOUNDED, LENGTHS, MOST_S, patterns, slowest

pytestmark = [pytest.mark.real_clock, pytest.mark.drill]  # a minute of processor time


def test_no_text_makes_a_pattern_slow() -> None:
    slow = {}
    for place, pattern in patterns().items():
        most = BOUNDED.get(place.partition(":")[0], LENGTHS[-1])
        slow[place] = slowest(pattern, most)

    assert {place: found for place, found in slow.items() if found[0] > MOST_S} == {}


@pytest.mark.parametrize(
    ("careless", "length"),
    [
        (r"(a+)+b", LENGTHS[-1]),
        (r"a*a*b", LENGTHS[-1] // 4),  # cubic, and would take a minute
        (r"<a(\s*[^>]*)*x", LENGTHS[-1]),
        (r"\s+$x", 2 * LENGTHS[-1]),  # quadratic, and quick machines do it in no time
    ],
)
def test_a_careless_one_is_found(careless: str, length: int) -> None:
    assert slowest(re.compile(careless), length)[0] > MOST_S
