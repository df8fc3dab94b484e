"""`manage.py walkthrough --flow` plays every starter on the product as `make run` starts it."""

from __future__ import annotations

import pytest

from routing.flows.starters import starters
from tests.config.conftest import Product, product
from tests.journeys.test_walkthrough import count, walkthrough

__all__ = ["product"]  # a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.drill,
    pytest.mark.real_clock,
    pytest.mark.timeout(900),
]


def test_every_starter_is_played_from_its_sample_signal_to_the_proven_outcome(
    product: Product,
) -> None:
    """One start for all of it: each costs seconds."""
    running = product.start().wait_ready()
    names = [each.slug for each in starters()]

    for name in names:
        code, said = walkthrough(running.var, "--flow", name)

        assert code == 0, f"{said}\n{running.logs()}"
        assert "its outcome is proven" in said

    # A change is of something that the client has, which is made first if there is nothing yet.
    assert len(names) == 6
    assert count(running, "SELECT count(*) FROM routing_run WHERE state = 'complete'") == 7
    assert count(running, "SELECT count(*) FROM routing_workitem WHERE is_open") == 0
