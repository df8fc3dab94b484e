from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _without_second_factor(settings: Settings) -> None:
    """As in the demo; tests/config says that it is asked for everywhere else."""
    settings.EMBEDDED = True
