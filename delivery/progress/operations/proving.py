"""Reactions that expect, prove and supersede the outcomes of deliverables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from delivery.approvals.models import Approval
from delivery.approvals.operations import deliverables
from delivery.deliverables.models import Deliverable
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


@react(deliverables.hand_out)
def prove_handed_over(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Prove the handover by the approval that was given to exactly this version."""
    outcomes.expect([row.item for row in rows], Kind.HANDED_OVER, by=by, at=at)
    approved = Approval.objects.filter(
        version__in=[row.version_id for row in rows if row.version_id],
        state=Approval.State.APPROVED,
    )
    # By stage, so that the approval of the last stage remains.
    in_order = approved.select_related("item").order_by("stage")
    given = {approval.version_id: approval for approval in in_order}
    for row in rows:
        evidence = _evidence(given.get(row.version_id or 0))
        expected = Outcome.objects.filter(item=row.item_id, kind=Kind.HANDED_OVER)
        for pk in expected.values_list("pk", flat=True):
            outcomes.prove(pk, evidence, by=by, at=at)


def _evidence(approval: Approval | None) -> dict[str, str]:
    if approval is None:
        return {}
    return {
        "approval": approval.item.ref,
        "audience": approval.audience,
        "digest": approval.digest,
    }


@react(deliverables.cancel)
def expect_nothing(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Supersede the outcomes of cancelled work, which need no proof."""
    outcomes.supersede([row.item_id for row in rows], by=by, at=at)


@react(deliverables.archive)
def look_no_more(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """
    Supersede the outcome of a replaced page.

    If a person takes a page down, an unproven outcome remains for a person to waive.
    """
    outcomes.take_down([row.item_id for row in rows], at=at)
