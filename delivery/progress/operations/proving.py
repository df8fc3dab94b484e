"""Reactions that expect, prove and supersede the outcomes of deliverables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from delivery.approvals.operations import deliverables
from delivery.deliverables.models import Deliverable
from delivery.progress.operations import launching, receipts, taking_down
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome
from routing.work.registry import react

Kind = Outcome.Kind


@react(deliverables.publish)
def expect_live(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Expect the page before it is published, so that no publication goes unproven."""
    outcomes.expect([row.item for row in rows], Kind.LIVE, by=by, at=at)


@react(deliverables.go_live)
def look(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Probe the page now instead of at the next interval."""
    outcomes.look_at([row.item_id for row in rows], Kind.LIVE, at)


@react(launching.launch_by_hand)
def expect_launch(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Expect the proof before the request counts as delivered. The operation proves it."""
    outcomes.expect([row.item for row in rows], Kind.LAUNCHED, by=by, at=at)


@react(deliverables.hand_out)
def expect_receipt(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Expect the client's receipt. Handing over proves nothing yet."""
    outcomes.expect([row.item for row in rows], Kind.HANDED_OVER, by=by, at=at)
    outcomes.wait_for_receipt([row.item_id for row in rows], at)


@react(receipts.remind_receipt)
def expect_receipt_longer(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Give the client as much time again."""
    outcomes.wait_for_receipt([row.item_id for row in rows], at)


@react(deliverables.cancel)
def expect_nothing(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Supersede the outcomes of cancelled work, which need no proof."""
    outcomes.supersede([row.item_id for row in rows], by=by, at=at)


@react(deliverables.archive, taking_down.take_down)
def look_no_more(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """
    Supersede the outcome of a replaced page.

    If a person takes a page down, an unproven outcome remains for a person to waive.
    """
    outcomes.take_down([row.item_id for row in rows], at=at)
