"""Notifications to a client's approvers about questions, and to the agency about answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog

from delivery.approvals.models import Answer, Approval
from delivery.approvals.operations import approvals
from delivery.deliverables.stages import Audience
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.messages.models import Notification
from routing.messages.operations import mark_read, tell_owners, write
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.registry import react

log = structlog.get_logger(__name__)
Words = Notification.Words
# Mail scanners open the links of an e-mail as soon as it arrives. Nobody reads an e-mail, follows
# its link and signs in within this time.
SCANNERS = timedelta(seconds=10)


def approvers(clients: Collection[int | None]) -> dict[int, list[int]]:
    """Return the users of the approvers with portal access, by client."""
    found: dict[int, list[int]] = {}
    rows = Membership.objects.filter(
        client__in=clients,
        role=Membership.Role.APPROVER,
        contact__erased_at=None,
        contact__user__is_active=True,
    )
    for client, user in rows.values_list("client_id", "contact__user_id").order_by("pk"):
        found.setdefault(client, []).append(user)
    return found


def notify_approvers(
    items: Sequence[WorkItem],
    words: str,
    *,
    at: datetime,
    cause: str = "",
    but: Collection[int] = (),
) -> None:
    """
    Notify the approvers of each item's client, once for each cause.

    :param but: users who have answered already
    """
    people = approvers({item.client_id for item in items})
    rows = []
    for item in items:
        for user in people.get(item.client_id or 0, ()):
            if user not in but:
                # The key makes the reaction safe to repeat: the same cause notifies nobody twice.
                key = f"{words}:{item.pk}:{user}:{cause}".rstrip(":")
                rows.append(
                    Notification(recipient_id=user, item=item, words=words, dedupe_key=key, at=at)
                )
    write(rows, at=at)


@react(created(Approval))
def ask(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    notify_approvers(
        [row.item for row in rows if row.audience == Audience.CLIENT], Words.DECIDE, at=at
    )


@react(approvals.nudge)
def ask_again(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    for row in rows:
        answered = Answer.objects.filter(approval=row).values_list("contact__user_id", flat=True)
        notify_approvers(
            [row.item],
            Words.REMINDER,
            at=at,
            cause=at.isoformat(timespec="seconds"),
            but=set(answered),
        )


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


@react(approvals.approve, approvals.one_of_several)
def notify_of_approval(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """Notify the owners of an approval. Changes and rejections have their own notifications."""
    about = [
        row.item for row in rows if row.audience == Audience.CLIENT and by.contact_id is not None
    ]
    tell_owners(about, Words.DECIDED, by=by, at=at, cause=f"c{by.contact_id}")


@react(requests.answer)
def notify_of_answer(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    if by.contact_id is not None:
        tell_owners(
            [row.item for row in rows],
            Words.ANSWERED,
            by=by,
            at=at,
            cause=at.isoformat(timespec="seconds"),
        )


@react(requests.withdraw)
def notify_of_withdrawal(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    tell_owners([row.item for row in rows], Words.WITHDRAWN, by=by, at=at)


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


__all__ = ["approvers", "notify_approvers", "opened"]
