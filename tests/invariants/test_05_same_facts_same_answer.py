"""
5.

Same facts, same answer: every decision made in a journey can be made again from its own record.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.models import Absence, Decision, User
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.recompute import recompute_decision
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("A3", "R3")


@pytest.mark.parametrize("amount", [Decimal("49999.99"), Decimal(50000)])
def test_a_decision_stays_what_it_was_when_the_world_has_changed(
    world: World, amount: Decimal
) -> None:
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    with answering(FakeCRM(world.acme)) as crm:
        crm.facts["deal.amount"] = str(amount)
        capture([*signals("1"), *signals("2")], by=Actor.system(), at=NOW)
        work()

    Absence.objects.create(user=world.alice, starts_at=NOW, ends_at=NOW + timedelta(days=365))
    User.objects.filter(pk=world.bob.pk).update(skills=["seo"])

    assert Decision.objects.count() == 2
    for decision in Decision.objects.all():
        again = recompute_decision(decision)
        assert again.recomputed.encode() == decision.answer.encode()
        assert again.same
