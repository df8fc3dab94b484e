"""Short ways to publish flows in tests, with the two people that a change needs."""

from __future__ import annotations

from datetime import datetime

import pytest

from routing.flows.operations import SecondPersonNeeded, publish
from routing.models import FlowVersion, PublishApproval, User
from tests.world import NOW, by


def asked_to_publish(
    draft: FlowVersion, who: User, *, at: datetime = NOW, reason: str = "Ready"
) -> PublishApproval:
    """Publish a draft that needs a second person, and return the request to them."""
    with pytest.raises(SecondPersonNeeded) as needed:
        publish(draft, by=by(who), at=at, reason=reason)
    assert needed.value.asked is not None
    return needed.value.asked


def publish_by_two(
    draft: FlowVersion, who: User, second: User, *, at: datetime = NOW, reason: str = "Ready"
) -> FlowVersion:
    asked_to_publish(draft, who, at=at, reason=reason)
    return publish(draft, by=by(second), at=at, reason=reason)
