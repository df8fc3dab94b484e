"""
The invoice of a run, recorded by a person with its number, its date and the document.

It proves that the invoice was sent, also where a field of the CRM was to prove it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.progress.details import InvoiceDetails
from routing.kernel.clean_text import one_line
from routing.kernel.days import can_be_meant
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.operations import outcomes
from routing.runs.outcomes import AWAITS, DOCUMENT, Outcome
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.files import File
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused
from routing.work.notes import Note
from routing.work.operations.notes import write
from routing.work.visibility import files_seen_by

LONGEST_NUMBER = 60
EASTERNMOST = 14 * 60  # minutes before UTC


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """State of the expected invoice, the latest day that it can bear, and the file."""

    is_awaited: bool
    latest: date
    document: File | None


def invoice_facts(
    rows: Sequence[Run], by: Actor, at: datetime, details: InvoiceDetails | None
) -> Mapping[int, InvoiceFacts]:
    expected = Outcome.objects.unmet().filter(
        item__in=[row.item_id for row in rows], kind=Outcome.Kind.INVOICE_SENT
    )
    items = set(expected.values_list("item_id", flat=True))
    document = None
    if details is not None:
        document = files_seen_by(by).kept().filter(pk=details.document).first()
    latest = latest_day(at)
    return {row.pk: InvoiceFacts(row.item_id in items, latest, document) for row in rows}


def latest_day(at: datetime) -> date:
    """Return the last day that has begun anywhere, which a client in the east may write."""
    return timezone.localdate(at, timezone=timezone.get_fixed_timezone(EASTERNMOST))


def invoice_is_awaited(row: Run, context: GateContext) -> GateResult:
    """Refuses runs of which no invoice is expected, or whose invoice is proven."""
    if context.facts[row.pk].is_awaited:
        return passed("invoice", _("The invoice is not proven yet."))
    return refused("invoice", _("No invoice is expected of this run."), clears_by="")


def says_which_invoice(row: Run, context: ContextWith[InvoiceDetails]) -> GateResult:
    """Refuses an invoice without a number or with a date that cannot be its own."""
    details, facts = context.details, context.facts[row.pk]
    if details is None:
        return passed("number")
    if not 0 < len(one_line(details.number)) <= LONGEST_NUMBER:
        return refused("number", _("Enter the number of the invoice."), clears_by=_("You"))
    if not can_be_meant(details.day) or details.day > facts.latest:
        return refused(
            "day", _("Enter the date of the invoice, today or earlier."), clears_by=_("You")
        )
    return passed("number")


def has_the_document(row: Run, context: ContextWith[InvoiceDetails]) -> GateResult:
    """Refuses a file that is not there, or of another client."""
    if context.details is None:
        return passed("document")
    found = context.facts[row.pk].document
    if found is None or found.client_id != row.item.client_id:
        return refused("document", _("Add the invoice as a file."), clears_by=_("You"))
    return passed("document")


def recorded(
    step: Operation[InvoiceDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: InvoiceDetails,
) -> list[OperationResult]:
    """Prove that the invoice was sent, with the document in an internal note on the run."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        for row in [result.row for result in results if result.done]:
            _keep(row, details, by, at)
    return results


def _keep(row: Run, details: InvoiceDetails, by: Actor, at: datetime) -> None:
    document = File.objects.get(pk=details.document)
    number = one_line(details.number)
    note = write(
        row.item,
        body=str(_("Invoice %(number)s")) % {"number": number},
        audience=Note.Audience.INTERNAL,
        files=[document],
        by=by,
        at=at,
        quiet=True,
    )
    evidence = {
        AWAITS: DOCUMENT,
        "number": number,
        "date": details.day.isoformat(),
        "document": document.pk,
        "sha256": document.sha256,
        "note": note.pk,
    }
    expected = Outcome.objects.filter(item=row.item_id, kind=Outcome.Kind.INVOICE_SENT)
    for pk in list(expected.values_list("pk", flat=True)):
        # A document does not change, so there is nothing to look at again.
        expected.filter(pk=pk).update(next_probe_at=None)
        outcomes.prove(pk, evidence, by=by, at=at)


record_invoice = operation(
    Run,
    "record_invoice",
    _("Record invoice"),
    done=_("%(who)s recorded the invoice"),
    may=(AM, OPS),
    gates=(invoice_is_awaited, says_which_invoice, has_the_document),
    facts=invoice_facts,
    details=InvoiceDetails,
    for_gates=("number", "day", "document"),
    run=recorded,
    through_hold=True,
)
