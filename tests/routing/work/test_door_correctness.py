"""
The checks that every run of the bench starts with: two processes, real commits, rows compared
column by column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from bench import checks
from bench.workers import Worker, working


@pytest.fixture
def workers(transactional_db: None) -> Iterator[Sequence[Worker]]:
    with working(2) as made:
        yield made


@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.__name__)
def test_the_door_is_right(
    check: Callable[[Sequence[Worker]], None], workers: Sequence[Worker]
) -> None:
    check(workers)
