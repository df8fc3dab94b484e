"""Questions to a client as their approvers see them: opened, and over once they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.approvals.operations import approvals
from delivery.approvals.operations.settling import withdraw_missing
from delivery.deliverables.stages import Audience
from routing.messages.models import Notification
from routing.messages.operations import mark_read
from routing.people.actors import Actor
from routing.work.registry import react

log = structlog.get_logger(__name__)
# Mail scanners open the links of an e-mail as soon as it arrives. Nobody reads an e-mail, follows
# its link and signs in within this time.
SCANNERS = timedelta(seconds=10)


@react(
    approvals.approve,
    approvals.request_changes,
    approvals.reject,
    approvals.expire,
    approvals.withdraw,
)
def mark_questions_read(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """Mark the questions as read, so that e-mails that have not left yet are not sent."""
    items = [row.item_id for row in rows if row.audience == Audience.CLIENT]
    Notification.objects.filter(item__in=items, read_at=None, recipient__is_staff=False).update(
        read_at=at
    )
    withdraw_missing(
        [row.item_id for row in rows], at=at, why=str(_("The approval request is closed."))
    )


@react(approvals.one_of_several)
def mark_own_question_read(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """Mark the question as read for the person who has answered it, while others are asked."""
    Notification.objects.filter(
        item__in=[row.item_id for row in rows], read_at=None, recipient=by.user_id
    ).update(read_at=at)


def opened(row: Approval, *, by: Actor, at: datetime) -> None:
    """
    Record that an approver opened a question on a screen.

    Visits by other contacts, and by probable mail scanners, do not count.
    """
    if row.state != Approval.State.PENDING:
        return
    if row.item.client_id not in by.clients_as(*approvals.see.contacts):
        return
    mine = Notification.objects.filter(item=row.item_id, recipient=by.user_id)
    if mine.filter(sent_at__gt=at - SCANNERS).exists():
        log.info("probable_scanner", approval=row.pk)
        return
    if unread := list(mine.filter(read_at=None).values_list("pk", flat=True)):
        mark_read(unread, by=by, at=at)
    if row.seen_at is None:
        approvals.see([row.pk], by=by, at=at)


__all__ = ["opened"]
