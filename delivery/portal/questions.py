"""Approvals as questions to a contact."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.approvals.details import DecideDetails
from delivery.approvals.models import Answer, Approval
from delivery.approvals.operations import approvals
from delivery.deliverables.versions import Version, VersionFile
from routing.people.actors import Actor
from routing.work.door import Operation
from routing.work.gates import Words
from routing.work.judging import preview
from routing.work.visibility import work_seen_by

State = Approval.State
STEPS: Mapping[str, Operation[DecideDetails]] = {
    step.verb: step for step in (approvals.approve, approvals.request_changes, approvals.reject)
}
# A pattern is enough: sanitised HTML always has double quotes.
_ASSET = re.compile(r'( src=")asset:([0-9a-f]{64})(")')
SAID: Mapping[str, Words] = {
    Answer.Word.APPROVE: gettext_lazy("approved it"),
    Answer.Word.CHANGES: gettext_lazy("asked for changes"),
    Answer.Word.REJECT: gettext_lazy("rejected it"),
}
ENDED: Mapping[str, Words] = {
    State.APPROVED: gettext_lazy("You approved this. We are moving ahead."),
    State.CHANGES_REQUESTED: gettext_lazy("You asked for changes. We will send you a new version."),
    State.REJECTED: gettext_lazy("This was rejected. Your contact person will get back to you."),
    State.EXPIRED: gettext_lazy(
        "The deadline passed without a decision. Your contact person can ask you again."
    ),
    State.WITHDRAWN: gettext_lazy(
        "We withdrew this question. If we need your decision about it, we will ask you again."
    ),
    State.SUPERSEDED: gettext_lazy("This was approved. A newer version has replaced it since."),
}


def questions_of(by: Actor) -> Any:
    """Return the questions to clients that this contact may see."""
    seen = work_seen_by(by).order_by()
    return Approval.objects.filter(item__in=seen).select_related(
        "item__client", "item__parent", "item__owner", "version__deliverable__item"
    )


def question_of(by: Actor, ref: str) -> Approval:
    """:raises Http404: if there is no such question, or this contact may not see it"""
    found: Approval | None = questions_of(by).filter(item__ref=ref).first()
    if found is None:
        raise Http404
    return found


def may_decide(row: Approval, by: Actor, at: datetime) -> bool:
    """Return whether the door would accept an answer, for drawing the buttons."""
    [(_step, answers)] = preview([approvals.approve], row, by=by, at=at)
    return all(each.passed for each in answers)


def newer(row: Approval, by: Actor) -> Approval | None:
    """Return the open question about the same deliverable, if it is another one."""
    about: Approval | None = (
        questions_of(by)
        .filter(version__deliverable=row.version.deliverable_id, state=State.PENDING)
        .exclude(pk=row.pk)
        .first()
    )
    return about


def seen_before(row: Approval) -> Version | None:
    """Return the newest earlier version that someone at the client opened or answered."""
    answered = Exists(Answer.objects.filter(approval=OuterRef("pk"), contact__isnull=False))
    asked = Approval.objects.filter(Q(seen_at__isnull=False) | answered, audience=row.audience)
    known = Version.objects.filter(
        deliverable=row.version.deliverable_id, number__lt=row.version.number, approvals__in=asked
    )
    return known.order_by("-number").first()


def body_of(row: Approval, address: str) -> str:
    """
    Return the version's HTML with images at URLs that check the permission.

    :param address: URL of an image, with ``{}`` for its digest
    """
    return _ASSET.sub(
        lambda found: found[1] + address.format(found[2]) + found[3], row.version.body_html
    )


def parts_of(version: Version) -> list[VersionFile]:
    return list(version.files.select_related("file"))


@dataclass(frozen=True, slots=True)
class AnswerLine:
    at: datetime
    who: str
    what: Words


def answers_to(row: Approval, by: Actor) -> list[AnswerLine]:
    """Return the client's answers with their authors. Erased people have no name."""
    rows = (
        Answer.objects.filter(approval=row, contact__isnull=False)
        .select_related("contact")
        .order_by("pk")
    )
    lines = []
    for each in rows:
        who = _("You") if each.contact_id == by.contact_id else str(each.contact)
        lines.append(AnswerLine(each.at, who, SAID[each.word]))
    return lines


def answered_before(row: Approval, by: Actor) -> Answer | None:
    """Return this contact's own answer, if there is one."""
    # Without a contact, the filter would find the answers of staff.
    if not by.contact_id:
        return None
    return Answer.objects.filter(approval=row, contact=by.contact_id).first()


def decision_status(row: Approval, by: Actor, *, can_decide: bool) -> Words:
    """Return the status of a question for people who cannot answer it."""
    if row.state != State.PENDING:
        return ENDED[row.state]
    if row.item.held_at:
        return _(
            "This work is paused, so you cannot decide now. Ask your contact person when it will "
            "continue."
        )
    if can_decide:
        return ""
    return _waits_for_others(row, by)


def _waits_for_others(row: Approval, by: Actor) -> Words:
    if answered_before(row, by):
        return _("You have answered. We are waiting for someone else at your company.")
    if row.item.client_id not in by.clients_as("approver"):
        return _("This is waiting for an approver at your company. You can view it but not decide.")
    if not row.asked.filter(contact=by.contact_id, left_at=None).exists():
        return _("This was asked before you could approve. We are waiting for your colleagues.")
    # The deadline has passed, but the job that closes the approval has not run yet.
    return ENDED[State.EXPIRED]
