"""The sampler: strata, no doubles, the same seed the same sample, whatever the order of rows."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.flows.sampling import draw_sample

pytestmark = pytest.mark.requirement("V1", "V2", "V3")

STRATA = ("completed", "stalled", "set_up")
ROWS = st.lists(
    st.tuples(st.sampled_from((*STRATA, "other")), st.integers(0, 60).map("ACM-{}".format)),
    max_size=120,
)
SIZES = st.fixed_dictionaries({name: st.integers(0, 20) for name in STRATA})
SEEDS = st.integers(0, 2**31)


@given(ROWS, SIZES, SEEDS, st.randoms(use_true_random=False))
def test_a_seed_draws_the_same_rows_in_any_order_and_none_twice(
    rows: list[tuple[str, str]], sizes: dict[str, int], seed: int, shuffle: Random
) -> None:
    mixed = rows * 2
    shuffle.shuffle(mixed)

    drawn = draw_sample(rows, sizes, seed)

    assert drawn == draw_sample(mixed, sizes, seed)
    assert max(Counter(each.key for each in drawn).values(), default=1) == 1
    assert {(each.stratum, each.key) for each in drawn} <= {*rows}
    taken: set[str] = set()
    for stratum, size in sizes.items():
        mine = {each.key for each in drawn if each.stratum == stratum}
        there = {key for name, key in rows if name == stratum} - taken
        assert len(mine) == min(size, len(there))
        taken |= mine


@given(ROWS, SEEDS)
def test_a_row_more_replaces_at_most_one(rows: list[tuple[str, str]], seed: int) -> None:
    before = draw_sample(rows, {"completed": 5}, seed)

    after = draw_sample([*rows, ("completed", "NEW-1")], {"completed": 5}, seed)

    assert len({*before} - {*after}) <= 1


def test_another_seed_draws_another_sample() -> None:
    rows = [("completed", f"ACM-{number}") for number in range(200)]

    assert draw_sample(rows, {"completed": 20}, 1) != draw_sample(rows, {"completed": 20}, 2)
