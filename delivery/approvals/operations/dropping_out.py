"""
Those who are asked for an approval: remembered when it is asked, and dropped when they can no
longer answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from delivery.approvals.asked import able_staff, everybody_asked, gone
from delivery.approvals.models import Approval, AskedPerson
from delivery.approvals.operations.approvals import drop_out
from delivery.approvals.operations.settling import ask_also, report_missing, settle
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.audit.operations.erasure import ERASED
from routing.cover.operations.leaving import DEACTIVATED, ROLES_SET, replace_person
from routing.cover.operations.portal_access import MEMBERSHIP_CHANGED, WITHDRAWN
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.work.creation import created
from routing.work.door import carry
from routing.work.items import WorkItem
from routing.work.locking import lock
from routing.work.operations.items import hand_over
from routing.work.registry import react


@react(created(Approval))
def remember(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """Freeze who is asked. Whoever becomes an approver later is not asked by that alone."""
    AskedPerson.objects.bulk_create(everybody_asked(rows))
    report_missing(rows, at)


def remember_unfrozen() -> None:
    """Freeze who is asked by approvals that a process of an earlier release has opened."""
    asked = AskedPerson.objects.filter(approval=OuterRef("pk"))
    rows = Approval.objects.filter(~Exists(asked), state=Approval.State.PENDING)
    found = list(rows.select_related("item", "version"))
    if found:
        AskedPerson.objects.bulk_create(everybody_asked(found), ignore_conflicts=True)


@react(ROLES_SET, DEACTIVATED, WITHDRAWN, MEMBERSHIP_CHANGED, ERASED)
def drop_out_at_once(rows: Sequence[Any], by: Actor, at: datetime) -> None:
    """Drop people from open approvals in the transaction in which they lose role or access."""
    drop_out_gone(by=by, at=at)


def drop_out_gone(*, by: Actor, at: datetime) -> int:
    """
    Drop everybody from open approvals who can no longer answer them, and return their number.

    An approval closes if those who are left have all approved. If they are too few, its owner gets
    an exception.
    """
    asked = sorted(set(gone().values_list("approval_id", flat=True)))
    if not asked:
        return 0
    with transaction.atomic(savepoint=False):
        # Parents before children, as everywhere: closing an approval moves its deliverable.
        about = Deliverable.objects.filter(versions__approvals__in=asked)
        lock(Deliverable, list(about.values_list("pk", flat=True)), below=True)
        leaving = list(gone().filter(approval__in=asked).select_related("contact"))
        AskedPerson.objects.filter(pk__in=[each.pk for each in leaving]).update(left_at=at)
        _forget_questions(leaving, at)
        approvals = sorted({each.approval_id for each in leaving})
        carry(drop_out, approvals, by=by, at=at, reason=str(_("Role or access was lost.")))
        settle(approvals, at=at)
    return len(leaving)


def _forget_questions(people: Sequence[AskedPerson], at: datetime) -> None:
    """Mark their questions as read, so that no e-mail goes out any more."""
    for each in people:
        user = each.user_id or (each.contact.user_id if each.contact else None)
        Notification.objects.filter(
            item__as_approval=each.approval_id, recipient=user, read_at=None
        ).update(read_at=at)


@react(hand_over, replace_person)
def ask_new_owners(rows: Sequence[WorkItem], by: Actor, at: datetime) -> None:
    """Ask the new owner of an approval of the agency, who is named to answer it."""
    items = [row.pk for row in rows if row.kind == Approval._meta.model_name and row.is_open]
    if not items:
        return
    about = Approval.objects.filter(item__in=items, audience=Audience.INTERNAL)
    able = set(able_staff().values_list("pk", flat=True))
    for row in about.select_related("item", "version"):
        owner = row.item.owner_id
        if owner in able and owner != row.version.author_id:
            ask_also(row, at, user=owner)
    settle([row.pk for row in about], at=at)
