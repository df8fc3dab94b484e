"""Answers to approvals: given by the audience, or recorded for a client who decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from django.core.files.base import File as Upload
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.asked import asked_states, contact_key, user_key
from delivery.approvals.details import DecideDetails, RecordDetails
from delivery.approvals.models import Answer, Approval
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from routing.people.actors import Actor
from routing.work.door import Operation, OperationResult, carry
from routing.work.gates import GONE
from routing.work.locking import lock
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.operations.files import keep
from routing.work.visibility import work_seen_by

D = TypeVar("D")
Word = Answer.Word

# The answer that each verb stores.
WORDS = {
    "approve": Word.APPROVE.value,
    "request_changes": Word.CHANGES.value,
    "reject": Word.REJECT.value,
}


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """
    An answer to store.

    ``contact_id`` answers for the client. ``evidence_id`` proves a decision made elsewhere.
    """

    word: str
    comment: str = ""
    contact_id: int | None = None
    evidence_id: int | None = None
    uploads: Sequence[Upload[Any]] = ()


def answer(
    step: Operation[DecideDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: DecideDetails,
) -> list[OperationResult]:
    """
    Answer as one of the people who were asked: staff, or a contact of the client.

    :raises NotKept: if an upload is refused; then nothing is answered
    """
    given = GivenAnswer(WORDS[step.verb], details.comment, by.contact_id, uploads=details.uploads)
    return [_answer(step, pk, details, given, by=by, at=at) for pk in dict.fromkeys(ids)]


def record(
    step: Operation[RecordDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: RecordDetails,
) -> list[OperationResult]:
    """
    Record a decision that an approver of the client made by phone or in a meeting, with its
    evidence.
    """
    given = GivenAnswer(details.word, details.comment, details.contact, details.evidence)
    return [_answer(step, pk, details, given, by=by, at=at) for pk in dict.fromkeys(ids)]


def _answer(
    step: Operation[D], pk: int, details: D, given: GivenAnswer, *, by: Actor, at: datetime
) -> OperationResult:
    """
    Store an answer, and close the approval if this answer decides it.

    An approval that needs more answers stays open.
    """
    elsewhere = isinstance(details, RecordDetails)
    # A transaction of its own: a refused file undoes this answer and nothing around it.
    with transaction.atomic():
        # A decision moves the deliverable, which may withdraw its other approvals. Parents are
        # locked before children everywhere, so lock the deliverable first and all below it.
        about = Deliverable.objects.filter(versions__approvals=pk).values_list("pk", flat=True)
        lock(Deliverable, list(about), below=True)
        # Read only now: the last of two answers at the same time must count the other one.
        row = Approval.objects.filter(pk=pk).select_related("item").first()
        if row is None or not work_seen_by(by).filter(pk=row.item_id).exists():
            return OperationResult(pk, False, (GONE,))
        deciding = _deciding(step, _verb(row, given, by))
        reason = str(_("Recorded: the decision was made elsewhere.")) if elsewhere else ""
        [result] = carry(deciding, [pk], by=by, at=at, reason=reason, details=details)
        if result.done:
            _store(row, given, elsewhere=elsewhere, by=by, at=at)
    return result


def _deciding(step: Operation[D], verb: str) -> Operation[D]:
    """
    Return the step with the verb that it becomes, behind the same gates.

    :raises ValueError: if the step does not declare that it may become that verb
    """
    if verb not in {step.verb, *step.becomes}:
        raise ValueError(f"{step.kind} cannot become {verb}.")
    return replace(step, verb=verb)


def _verb(row: Approval, given: GivenAnswer, by: Actor) -> str:
    """Return the verb that an answer triggers."""
    if given.word == Word.CHANGES:
        return "request_changes"
    if given.word != Word.APPROVE:
        return "reject"
    person = contact_key(given.contact_id) if given.contact_id else user_key(by.user_id)
    state = asked_states([row])[row.pk]
    return "approve" if state.is_enough(row, also=person) else "answer"


def _store(row: Approval, given: GivenAnswer, *, elsewhere: bool, by: Actor, at: datetime) -> None:
    """Store the answer as evidence, and its comment and files as a note on the deliverable."""
    note, about = None, row.item.parent or row.item
    files = [
        keep(upload, name=upload.name or "", client=row.item.client, by=by, at=at)
        for upload in given.uploads
    ]
    if given.comment.strip() or files:
        note = notes.write(
            about,
            body=given.comment,
            audience=_audience(row),
            files=files,
            by=by,
            at=at,
            quiet=True,
        )
    Answer.objects.create(
        approval=row,
        word=given.word,
        digest=row.digest,
        user_id=None if given.contact_id else by.user_id,
        contact_id=given.contact_id,
        recorded_by_id=by.user_id if elsewhere else None,
        evidence_id=given.evidence_id,
        note=note,
        at=at,
    )


def _audience(row: Approval) -> str:
    return Note.Audience.CLIENT if row.audience == Audience.CLIENT else Note.Audience.INTERNAL
