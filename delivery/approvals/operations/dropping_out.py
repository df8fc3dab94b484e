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

from delivery.approvals.asked import able_staff, asked_states, back, everybody_asked, gone
from delivery.approvals.models import Approval, AskedPerson
from delivery.approvals.operations.approvals import drop_out
from delivery.approvals.operations.settling import ask_also, report_missing, settle
from delivery.approvals.operations.turning import give_turns, wait_again
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.audit.operations.erasure import ERASED
from routing.cover.operations.leaving import DEACTIVATED, ROLES_SET, replace_person
from routing.cover.operations.portal_access import INVITED, MEMBERSHIP_CHANGED, WITHDRAWN
from routing.messages.models import Notification
from routing.messages.telling import notify
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
    give_turns(rows, asked_states(rows), at)
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


@react(INVITED, MEMBERSHIP_CHANGED)
def ask_again_at_once(rows: Sequence[Any], by: Actor, at: datetime) -> None:
    """Ask people of a client again in the transaction in which they get role or access back."""
    ask_those_back(by=by, at=at)


def ask_those_back(*, by: Actor, at: datetime) -> int:
    """
    Ask people of a client again who dropped out and can answer again, and return their number.

    Only approvals that too few people were left to give ask them: the others have gone on without
    them. Whoever became an approver meanwhile is named by a person.
    """
    asked = sorted(set(back().values_list("approval_id", flat=True)))
    if not asked:
        return 0
    with transaction.atomic(savepoint=False):
        about = Deliverable.objects.filter(versions__approvals__in=asked)
        lock(Deliverable, list(about.values_list("pk", flat=True)), below=True)
        coming = list(back().filter(approval__in=asked).select_related("approval__item"))
        for each in coming:
            ask_also(each.approval, at, contact=each.contact_id)
        settle(sorted({each.approval_id for each in coming}), at=at)
        rows = Approval.objects.filter(asked__in=coming).distinct().select_related("item")
        # Only now, because everybody who is asked at this instant is notified.
        notify(wait_again, list(rows), by=by, at=at)
    return len(coming)


def settle_turns(*, at: datetime) -> None:
    """Settle approvals of clients that wait for the wrong side, as older versions left them."""
    pending = Approval.objects.filter(state=Approval.State.PENDING, audience=Audience.CLIENT)
    left = AskedPerson.objects.filter(approval=OuterRef("pk")).exclude(left_at=None)
    for_agency = Exists(WorkItem.objects.filter(pk=OuterRef("item"), waiting_on="agency"))
    some = list(pending.filter(Exists(left) | for_agency).select_related("item"))
    states = asked_states(some)
    wrong = [
        row
        for row in some
        if states[row.pk].can_be_enough(row) == (row.item.waiting_on == WorkItem.WaitingOn.AGENCY)
    ]
    if wrong:
        with transaction.atomic(savepoint=False):
            about = Deliverable.objects.filter(versions__approvals__in=wrong)
            lock(Deliverable, list(about.values_list("pk", flat=True)), below=True)
            settle([row.pk for row in wrong], at=at)


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
