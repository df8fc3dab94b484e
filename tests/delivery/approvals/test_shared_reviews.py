"""A deliverable's page makes facts of gates from the approvals that it shows."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.approvals.admin.shared_reviews import reviews, share_reviews
from delivery.approvals.operations.approval_facts import approval_facts
from delivery.approvals.operations.deliverable_facts import asked
from delivery.models import Approval, AskedPerson, Deliverable
from routing.desk.offers import PageFacts
from tests.delivery.making import fresh, hand_in, make_deliverables, say, with_the_client
from tests.world import NOW, World, by


def pages(world: World, row: Deliverable) -> tuple[PageFacts, PageFacts]:
    """Return the facts of a page that shares its approvals, and of one that does not."""
    sharing = PageFacts(by(world.alice), NOW)
    share_reviews(row, sharing)
    return sharing, PageFacts(by(world.alice), NOW)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("stage", ["planned", "agency", "client", "rework"])
def test_facts_from_the_page_are_those_that_the_gates_would_load(
    world: World, stage: str, left: bool
) -> None:
    [row] = make_deliverables(world)
    if stage == "agency":
        hand_in(world, row)
    if stage in {"client", "rework"}:
        with_the_client(world, row)
    if stage == "rework":
        say(row, "changes", "Again.")
    if left:
        AskedPerson.objects.update(left_at=NOW)
    row = fresh(row)
    sharing, alone = pages(world, row)

    assert sharing.of(asked, [row]) == alone.of(asked, [row])
    for each in Approval.objects.select_related("item"):
        assert sharing.of(approval_facts, [each]) == alone.of(approval_facts, [each])


def test_they_ask_for_nothing_that_the_page_has_loaded(
    world: World, django_assert_num_queries: Any
) -> None:
    [row] = make_deliverables(world)
    hand_in(world, row)
    row = Deliverable.objects.select_related("item").get(pk=row.pk)
    sharing, _alone = pages(world, row)
    [review] = sharing.of(reviews, [row])[row.pk]

    with django_assert_num_queries(0):
        sharing.of(asked, [row])
    with django_assert_num_queries(1):  # who may answer for the client today
        sharing.of(approval_facts, [review.approval])
