"""
4.

Someone owns it: every open work item has one owner and one different backup, both active. The
database refuses anything else.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from routing.kernel.roles import AM
from routing.models import User, WorkItem
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.world import NOW, World, by, make_request, make_user


def commit(rows: QuerySet[Any], **values: Any) -> None:
    """Write around the door, and let the database check what it checks at a commit."""
    with transaction.atomic():
        rows.update(**values)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("place", ["owner", "backup"])
@pytest.mark.parametrize("who", ["nobody", "the other one", "somebody inactive"])
def test_the_database_refuses_open_work_without_two_active_people(
    world: World, place: str, who: str
) -> None:
    item = make_request(world.acme).item
    other = item.backup if place == "owner" else item.owner
    person: Any = {
        "nobody": None,
        "the other one": other,
        "somebody inactive": make_user("Gone", AM, is_active=False),
    }[who]

    with pytest.raises(IntegrityError):
        commit(WorkItem.objects.filter(pk=item.pk), **{place: person})


def test_nobody_who_owns_open_work_can_be_made_inactive(world: World) -> None:
    make_request(world.acme)

    with pytest.raises(IntegrityError):
        commit(User.objects.filter(pk=world.bob.pk), is_active=False)


def test_ownership_moves_by_an_operation_and_history_says_why(world: World) -> None:
    item = make_request(world.acme).item

    items.hand_over(
        [item.pk],
        by=by(world.alice),
        at=NOW,
        reason="Maternity leave",
        details=HandOverDetails(owner=world.olga.pk, backup=world.bob.pk, doer=None),
    )

    before, after = item.history.order_by("history_id")
    assert (before.owner, after.owner) == (world.alice, world.olga)
    assert (after.history_user, after.history_change_reason) == (world.alice, "Maternity leave")
