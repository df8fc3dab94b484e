"""
9.

Versions are facts: a live flow version never changes; runs pin theirs; rolling back is publishing
an older one.
"""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections, transaction

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.flows.approving import freeze
from routing.flows.operations import copy
from routing.models import FlowVersion, Recurrence
from routing.sla.operations.calendars import ensure_defaults
from tests.world import NOW, World, by

FROZEN = {
    "routing_flowversion": "title = 'x'",
    "routing_trigger": "kind = 'x'",
    "routing_flowfield": "label = 'x'",
    "routing_recurrence": "name = 'x'",
    "routing_versionaction": "kind = 'x'",
    "routing_rule": "name = 'x'",
    "routing_condition": "field = 'x'",
}


def with_recurrence(world: World) -> FlowVersion:
    """Publish a version that the calendar starts, too."""
    draft = copy(FlowVersion.objects.get(), by=by(world.olga), at=NOW, reason="Also monthly")
    Recurrence.objects.create(version=draft, name="Monthly", zone="UTC", start=NOW.date())
    return freeze(draft, by=by(world.olga), at=NOW, reason="Ready")


@pytest.mark.parametrize("table", FROZEN)
@pytest.mark.parametrize("change", ["UPDATE", "DELETE"])
def test_not_one_row_of_a_published_version_can_change(
    world: World, table: str, change: str
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
    version = with_recurrence(world)
    sql = (
        f'UPDATE "{table}" SET {FROZEN[table]}' if change == "UPDATE" else f'DELETE FROM "{table}"'  # noqa: S608
    )  # the names are above

    with (
        pytest.raises(DatabaseError, match="never changes"),
        transaction.atomic(),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(sql)

    assert FlowVersion.objects.latest("number") == version
