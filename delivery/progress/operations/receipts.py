"""
The client's receipt of files that were handed over.

A download, the button in the portal or a recorded call proves it. Until then it is expected, and
after a few days the owner of the work decides: remind the client, record a call, or have the proof
waived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.deliverables.details import ConfirmReceiptDetails, RecordReceiptDetails
from delivery.deliverables.models import Deliverable
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused
from routing.work.notes import Note
from routing.work.operations.notes import write

Kind = Outcome.Kind
DOWNLOADED, CONFIRMED, RECORDED = "downloaded", "confirmed", "recorded"


def awaited(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: object
) -> Mapping[int, tuple[bool, frozenset[int]]]:
    """Return by row whether its receipt is expected, and the contacts of its client."""
    expected = Outcome.objects.filter(
        item__in=[row.item_id for row in rows], kind=Kind.HANDED_OVER
    ).unmet()
    items = set(expected.values_list("item_id", flat=True))
    clients = {row.item.client_id for row in rows}
    known = Membership.objects.filter(client__in=clients, contact__erased_at=None)
    people = set(known.values_list("client_id", "contact_id"))
    found = {}
    for row in rows:
        theirs = frozenset(who for client, who in people if client == row.item.client_id)
        found[row.pk] = row.item_id in items, theirs
    return found


def is_awaited(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses files whose receipt is confirmed or waived already."""
    if context.facts[row.pk][0]:
        return passed("receipt", _("The receipt is not confirmed yet."))
    return refused("receipt", _("The receipt is confirmed already."), clears_by=_("Nobody"))


def is_told_by_the_client(
    row: Deliverable, context: ContextWith[RecordReceiptDetails]
) -> GateResult:
    """Refuses a contact of another client, and a receipt without words."""
    details = context.details
    if details is None:
        return passed("contact")
    if details.contact not in context.facts[row.pk][1]:
        return refused("contact", _("Choose a contact of this client."), clears_by=_("You"))
    if not details.note.strip():
        return refused("note", _("Enter what the client said."), clears_by=_("You"))
    return passed("contact", _("A contact of this client has the files."))


def confirmed(
    step: Operation[ConfirmReceiptDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: ConfirmReceiptDetails,
) -> list[OperationResult]:
    """Prove the handover by what the contact did in the portal."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        rows = [result.row for result in results if result.done]
        _prove(rows, {"receipt": details.how, "contact": by.contact_id}, by, at)
    return results


def recorded(
    step: Operation[RecordReceiptDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: RecordReceiptDetails,
) -> list[OperationResult]:
    """Prove the handover by what a contact said elsewhere, with the words as an internal note."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        rows = [result.row for result in results if result.done]
        for row in rows:
            # In a note and not in the evidence, because erasure reaches notes.
            audience = Note.Audience.INTERNAL
            write(row.item, body=details.note, audience=audience, by=by, at=at, quiet=True)
        _prove(rows, {"receipt": RECORDED, "contact": details.contact}, by, at)
    return results


def _prove(
    rows: Sequence[Deliverable], evidence: Mapping[str, Any], by: Actor, at: datetime
) -> None:
    approved = Approval.objects.filter(
        version__in=[row.version_id for row in rows if row.version_id],
        state=Approval.State.APPROVED,
    )
    # By stage, so that the approval of the last stage remains.
    in_order = approved.select_related("item").order_by("stage")
    given = {approval.version_id: approval for approval in in_order}
    for row in rows:
        approval = given.get(row.version_id or 0)
        more = {"approval": approval.item.ref, "digest": approval.digest} if approval else {}
        expected = Outcome.objects.filter(item=row.item_id, kind=Kind.HANDED_OVER)
        for pk in expected.values_list("pk", flat=True):
            outcomes.prove(pk, {**evidence, **more}, by=by, at=at)


confirm_receipt = operation(
    Deliverable,
    "confirm_receipt",
    _("Confirm receipt"),
    done=_("%(who)s confirmed the receipt"),
    contacts=tuple(Membership.Role),
    gates=(is_awaited,),
    facts=awaited,
    details=ConfirmReceiptDetails,
    for_gates=("how",),
    run=confirmed,
    through_hold=True,
)
record_receipt = operation(
    Deliverable,
    "record_receipt",
    _("Record receipt"),
    done=_("%(who)s recorded that the client has the files"),
    may=(AM, OPS),
    gates=(is_awaited, is_told_by_the_client),
    facts=awaited,
    details=RecordReceiptDetails,
    for_gates=("contact", "note"),
    run=recorded,
    through_hold=True,
)
remind_receipt = operation(
    Deliverable,
    "remind_receipt",
    _("Remind the client"),
    done=_("%(who)s reminded the client to confirm the receipt"),
    may=(AM, OPS),
    gates=(is_awaited,),
    facts=awaited,
    through_hold=True,
)
