"""Impact of a change: stated by the agency, then accepted or declined by the client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.requests import change_gates as gates
from delivery.requests.details import (
    AnswerImpactDetails,
    ContactAnswerDetails,
    StateImpactDetails,
)
from delivery.requests.models import Request
from routing.kernel.roles import AM, OPS
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.operations.files import keep
from routing.work.registry import react


def answer(
    step: Operation[AnswerImpactDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: AnswerImpactDetails,
) -> list[OperationResult]:
    """
    Accept or decline an impact. The comment and the files become a shared note.

    :raises NotKept: if a file is refused; then nothing is answered
    """
    inner = step.with_details(ContactAnswerDetails)
    given = ContactAnswerDetails(by.contact_id, details.seal, details.comment)
    # A transaction of its own: a refused file undoes this answer and nothing around it.
    with transaction.atomic():
        results = move(inner, ids, by=by, at=at, reason=reason, details=given)
        for result in results:
            if result.done:
                _write_note(result.row, details, by, at)
    return results


def _write_note(row: Request, details: AnswerImpactDetails, by: Actor, at: datetime) -> None:
    files = [
        keep(upload, name=upload.name or "", client=row.item.client, by=by, at=at)
        for upload in details.uploads
    ]
    if details.comment.strip() or files:
        notes.write(
            row.item,
            body=details.comment,
            audience=Note.Audience.CLIENT,
            files=files,
            by=by,
            at=at,
            quiet=True,
        )


_CLIENTS = (Membership.Role.APPROVER,)
state_impact = operation(
    Request,
    "state_impact",
    _("State impact"),
    done=_("%(who)s stated the impact of the change"),
    may=(AM, OPS),
    gates=(gates.is_a_change, gates.impact_is_readable),
    details=StateImpactDetails,
)
accept_impact = operation(
    Request,
    "accept_impact",
    _("Agree"),
    done=_("%(who)s agreed to the impact of the change"),
    contacts=_CLIENTS,
    gates=(gates.impact_is_asked, gates.saw_this_impact),
    details=AnswerImpactDetails,
    verb_details=ContactAnswerDetails,
    for_gates=("seal", "comment"),
    run=answer,
)
decline_impact = operation(
    Request,
    "decline_impact",
    _("Disagree"),
    done=_("%(who)s declined the impact of the change"),
    contacts=_CLIENTS,
    gates=(gates.impact_is_asked, gates.saw_this_impact, gates.says_why_not),
    details=AnswerImpactDetails,
    verb_details=ContactAnswerDetails,
    for_gates=("seal", "comment"),
    run=answer,
    danger=True,
)


@react(accept_impact, decline_impact)
def mark_question_read(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Mark the question as read for the client: the other approvers have nothing to decide."""
    Notification.objects.filter(
        item__in=[row.item_id for row in rows], read_at=None, recipient__is_staff=False
    ).update(read_at=at)
