from __future__ import annotations

import pytest

from routing.models import SLAPolicy
from routing.operations.calendars import ensure_defaults
from tests.world import NOW, World


@pytest.fixture
def policy(world: World) -> SLAPolicy:
    """The policy ``standard``, counted in the agency's hours: Monday to Friday, 9:00 to 17:30 UTC."""
    return ensure_defaults(at=NOW)
