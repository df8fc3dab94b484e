"""
Questions about versions: asked stage by stage, answered once by each, and what follows from an
answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import Permission
from django.core.files.base import File as Upload
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals import gates
from delivery.approvals.details import DecideDetails, RecordDetails
from delivery.approvals.models import Answer, Approval
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience, needed
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.people.staff import User
from routing.work.door import Operation, OperationResult, carry, operation
from routing.work.files import File
from routing.work.gates import GONE
from routing.work.locking import lock
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.operations.files import keep
from routing.work.visibility import work_seen_by

D = TypeVar("D")
Word = Answer.Word


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """
    Answer to record. ``contact_id`` answers for the client. ``evidence_id`` is the evidence of a
    decision made elsewhere.
    """

    word: str
    comment: str = ""
    contact_id: int | None = None
    evidence_id: int | None = None
    uploads: Sequence[Upload[Any]] = ()


def approval_facts(
    rows: Sequence[Approval], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.ApprovalGateFacts]:
    """Load the facts for the gates of approvals, with a few queries for any number of them."""
    ids = [row.pk for row in rows]
    answers = list(
        Approval.objects.filter(pk__in=ids).values_list(
            "pk", "version__author_id", "answers__user_id", "answers__contact_id"
        )
    )
    authors = {approval: author for approval, author, _user, _contact in answers}
    approvers = _approvers({row.item.client_id for row in rows})
    evidence = details.evidence if isinstance(details, RecordDetails) else None
    clients = (
        set(File.objects.kept().filter(pk=evidence).values_list("client_id", flat=True))
        if evidence
        else set()
    )
    return {
        row.pk: gates.ApprovalGateFacts(
            author_id=authors[row.pk],
            approvers=frozenset(approvers.get(row.item.client_id, ())),
            answered_users=frozenset(
                user for approval, _author, user, _contact in answers if approval == row.pk and user
            ),
            answered_contacts=frozenset(
                who for approval, _author, _user, who in answers if approval == row.pk and who
            ),
            contact_id=by.contact_id,
            evidence=row.item.client_id in clients,
        )
        for row in rows
    }


def _approvers(clients: Collection[int | None]) -> dict[int | None, list[int]]:
    found: dict[int | None, list[int]] = {}
    rows = Membership.objects.filter(
        client__in=clients, role=Membership.Role.APPROVER, contact__erased_at=None
    )
    for client, contact in rows.values_list("client_id", "contact_id"):
        found.setdefault(client, []).append(contact)
    return found


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
    An answer of the agency's own people to its own question, or of a contact to the client's.

    :raises NotKept: if an upload is refused; then nothing is answered
    """
    said = GivenAnswer(WORDS[step.verb], details.comment, by.contact_id, uploads=details.uploads)
    return [_answer(step, pk, details, said, by=by, at=at) for pk in dict.fromkeys(ids)]


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
    Record a decision that a client's approver made elsewhere, by telephone or in a meeting, with
    its evidence.
    """
    said = GivenAnswer(details.word, details.comment, details.contact, details.evidence)
    return [_answer(step, pk, details, said, by=by, at=at) for pk in dict.fromkeys(ids)]


def _answer(
    step: Operation[D], pk: int, details: D, said: GivenAnswer, *, by: Actor, at: datetime
) -> OperationResult:
    """
    Close the question if this answer decides it, and keep the answer; all that may follow is locked
    first.

    A yes that is not the last one needed leaves the question open.
    """
    elsewhere = isinstance(details, RecordDetails)
    with transaction.atomic():  # a refused file undoes this, and nothing around it
        lock(
            Deliverable,
            list(Deliverable.objects.filter(versions__approvals=pk).values_list("pk", flat=True)),
            below=True,
        )
        row = Approval.objects.filter(pk=pk).select_related("item").first()
        if row is None or not work_seen_by(by).filter(pk=row.item_id).exists():
            return OperationResult(pk, False, (GONE,))
        deciding = _deciding(step, _verb(row, said.word))
        reason = str(_("Recorded: the decision was made elsewhere.")) if elsewhere else ""
        [result] = carry(deciding, [pk], by=by, at=at, reason=reason, details=details)
        if result.done:
            _keep(row, said, elsewhere=elsewhere, by=by, at=at)
    return result


def _deciding(step: Operation[D], verb: str) -> Operation[D]:
    """
    Return the step as the verb it becomes, behind the same gates.

    :raises ValueError: if the step does not declare that it may become that verb
    """
    if verb not in {step.verb, *step.becomes}:
        raise ValueError(f"{step.kind} cannot become {verb}.")
    return replace(step, verb=verb)


def _verb(row: Approval, word: str) -> str:
    """Return the verb that an answer triggers."""
    if word != Word.APPROVE:
        return {Word.CHANGES.value: "request_changes"}.get(word, "reject")
    given = Answer.objects.filter(approval=row, word=Word.APPROVE).count()
    asked = (
        len(_approvers([row.item.client_id]).get(row.item.client_id, ()))
        if row.audience == Audience.CLIENT
        else _colleagues(row)
    )
    return "approve" if given + 1 >= needed(row.quorum, row.need, asked) else "answer"


def _colleagues(row: Approval) -> int:
    """
    Return the number of staff who may answer: all with the permission, except the version's author.
    """
    holding = User.objects.staff().filter(
        groups__permissions__in=Permission.objects.filter(codename="approve_approval")
    )
    return holding.exclude(pk=row.version.author_id).distinct().count()


def _keep(row: Approval, said: GivenAnswer, *, elsewhere: bool, by: Actor, at: datetime) -> None:
    """
    The answer as evidence; its words and files as a note that the client sees, on the deliverable.
    """
    note, about = None, row.item.parent or row.item
    files = [
        keep(upload, name=upload.name or "", client=row.item.client, by=by, at=at)
        for upload in said.uploads
    ]
    if said.comment.strip() or files:
        note = notes.write(
            about, body=said.comment, audience=_audience(row), files=files, by=by, at=at
        )
    Answer.objects.create(
        approval=row,
        word=said.word,
        digest=row.digest,
        user_id=None if said.contact_id else by.user_id,
        contact_id=said.contact_id,
        recorded_by_id=by.user_id if elsewhere else None,
        evidence_id=said.evidence_id,
        note=note,
        at=at,
    )


def _audience(row: Approval) -> str:
    return Note.Audience.CLIENT if row.audience == Audience.CLIENT else Note.Audience.INTERNAL


WORDS = {
    "approve": Word.APPROVE.value,
    "request_changes": Word.CHANGES.value,
    "reject": Word.REJECT.value,
}
_MAY = (AM, OPS)
_CLIENTS = (Membership.Role.APPROVER,)
_ASKED = (gates.saw_this_version, gates.still_asked, gates.asks_me)

approve = operation(
    Approval,
    "approve",
    _("Approve"),
    done=_("%(who)s approved the version"),
    may=_MAY,
    contacts=_CLIENTS,
    becomes=("answer",),  # when more approvals are needed
    gates=_ASKED,
    facts=approval_facts,
    details=DecideDetails,
    for_gates=("digest", "comment", "uploads"),
    run=answer,
)
request_changes = operation(
    Approval,
    "request_changes",
    _("Request changes"),
    done=_("%(who)s requested changes"),
    may=_MAY,
    contacts=_CLIENTS,
    gates=(*_ASKED, gates.says_what_to_change),
    facts=approval_facts,
    details=DecideDetails,
    for_gates=("digest", "comment", "uploads"),
    run=answer,
)
reject = operation(
    Approval,
    "reject",
    _("Reject"),
    done=_("%(who)s rejected the version"),
    may=_MAY,
    contacts=_CLIENTS,
    gates=(*_ASKED, gates.says_what_to_change),
    facts=approval_facts,
    details=DecideDetails,
    for_gates=("digest", "comment", "uploads"),
    run=answer,
    danger=True,
)
record_answer = operation(
    Approval,
    "record",
    _("Record the client's decision"),
    done=_("%(who)s recorded the client's decision"),
    may=_MAY,
    becomes=("answer", "approve", "request_changes", "reject"),
    gates=(gates.record_is_evidenced,),
    facts=approval_facts,
    details=RecordDetails,
    for_gates=("word", "contact", "comment", "evidence"),
    run=record,
)
one_of_several = operation(
    Approval,
    "answer",
    _("Answer as one of several"),
    done=_("%(who)s approved; more approvals are needed"),
    system=True,
)
withdraw = operation(
    Approval,
    "withdraw",
    _("Withdraw"),
    done=_("%(who)s withdrew the approval request"),
    system=True,
    through_hold=True,
)
expire = operation(
    Approval,
    "expire",
    _("Expire"),
    done=_("%(who)s closed the approval request after its deadline"),
    system=True,
    through_hold=True,
)
supersede = operation(
    Approval,
    "supersede",
    _("Supersede"),
    done=_("%(who)s replaced the approval request for a newer version"),
    system=True,
    through_hold=True,
)
nudge = operation(
    Approval,
    "nudge",
    _("Remind client"),
    done=_("%(who)s reminded the client"),
    may=_MAY,
    gates=(gates.is_the_clients, gates.was_not_reminded_today),
)
see = operation(
    Approval,
    "see",
    _("Mark as seen"),
    done=_("%(who)s opened the version"),
    contacts=_CLIENTS,
    system=True,
    through_hold=True,
)
