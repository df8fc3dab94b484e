"""Requests that people record at the desk need the flow that takes them."""

from __future__ import annotations

import pytest

from tests.delivery.making import take_requests
from tests.world import NOW, World


@pytest.fixture
def takes_requests(world: World) -> None:
    """The flows of the agency are published."""
    take_requests(NOW)
