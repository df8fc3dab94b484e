"""The turn of clients' approvals: the agency's while too few of the client can still answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.approvals.asked import AskedState
from delivery.approvals.models import Approval
from delivery.approvals.operations import deliverables
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.people.actors import Actor
from routing.work.door import carry, operation
from routing.work.items import WorkItem

stall = operation(
    Approval,
    "stall",
    _("Escalate to the owner"),
    done=_("%(who)s gave the turn to the owner: too few people of the client are left to answer"),
    system=True,
    through_hold=True,
)
wait_again = operation(
    Approval,
    "wait_again",
    _("Wait for the client again"),
    done=_("%(who)s gave the turn back to the client: enough people can answer again"),
    system=True,
    through_hold=True,
)


def give_turns(rows: Sequence[Approval], states: Mapping[int, AskedState], at: datetime) -> None:
    """
    Make open approvals and their deliverables wait for whoever can do something about them.

    While too few people of the client are left, that is the agency, whose clocks run. Once enough
    can answer, it is the client again. Approvals that the agency asks itself stay as they are.
    """
    client, agency = WorkItem.WaitingOn.CLIENT, WorkItem.WaitingOn.AGENCY
    stuck, able = [], []
    for row in rows:
        if row.audience != Audience.CLIENT:
            continue
        if states[row.pk].can_be_enough(row):
            able += [row] if row.item.waiting_on == agency else []
        else:
            stuck += [row] if row.item.waiting_on == client else []
    system = Actor.system()
    if stuck:
        why = str(_("Too few people of the client are left to answer."))
        carry(deliverables.stall, _about(stuck), by=system, at=at, reason=why)
        carry(stall, [row.pk for row in stuck], by=system, at=at, reason=why)
    if able:
        why = str(_("Enough people of the client can answer again."))
        carry(deliverables.wait_again, _about(able), by=system, at=at, reason=why)
        carry(wait_again, [row.pk for row in able], by=system, at=at, reason=why)


def _about(rows: Sequence[Approval]) -> list[int]:
    """Return the ids of the deliverables whose newest version these approvals are about."""
    found = Deliverable.objects.filter(
        version__in=[row.version_id for row in rows], state=Deliverable.State.IN_CLIENT_REVIEW
    )
    return list(found.order_by("pk").values_list("pk", flat=True))
