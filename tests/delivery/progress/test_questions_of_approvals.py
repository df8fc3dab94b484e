"""C8: what an approval waits for names the steps of that approval, and no others."""

from __future__ import annotations

import pytest
from django.utils import timezone

from delivery.models import Approval
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from tests.delivery.making import hand_in, make_deliverables, question, with_the_client
from tests.world import World

RECORD, REMIND = "Record the client's decision", "Remind client"


def waiting(row: Approval) -> str:
    item = AskedWork.items().get(pk=row.item_id)
    found = {each.key: each.answer for each in ask(item, timezone.now())}
    return found["waiting"]


@pytest.mark.parametrize("step", [RECORD, REMIND])
def test_c8_steps_about_the_client_belong_to_approvals_of_the_client(
    world: World, step: str
) -> None:
    ours, theirs = make_deliverables(world)[0], make_deliverables(world)[0]
    ours, theirs = hand_in(world, ours), with_the_client(world, theirs)

    assert step in waiting(question(theirs))
    assert step not in waiting(question(ours))
