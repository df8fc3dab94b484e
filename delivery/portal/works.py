"""Views for deliverables: their status, their address, and the files that were handed over."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from delivery.approvals.models import Approval
from delivery.deliverables.details import ConfirmReceiptDetails
from delivery.deliverables.models import Deliverable
from delivery.portal.access import for_contacts
from delivery.portal.questions import parts_of, questions_of
from delivery.portal.views import page
from delivery.portal.words import shared_notes
from delivery.portal.work_words import work_status_of
from delivery.progress.operations import receipts
from delivery.progress.operations.changes import can_change
from delivery.requests.models import Request
from delivery.requests.reach import ASKING
from routing.people.actors import Actor
from routing.runs.outcomes import Outcome
from routing.work.files import File
from routing.work.files_view import respond
from routing.work.notes import Note
from routing.work.visibility import work_seen_by


def works_of(by: Actor) -> Any:
    """Return the deliverables that this contact may see."""
    seen = work_seen_by(by).order_by()
    return Deliverable.objects.filter(item__in=seen).select_related(
        "item__client", "item__owner", "request__item", "version"
    )


def work_of(by: Actor, ref: str) -> Deliverable:
    """:raises Http404: if there is no such deliverable, or this contact may not see it"""
    found: Deliverable | None = works_of(by).filter(item__ref=ref).first()
    if found is None:
        raise Http404
    return found


def changes_of(row: Deliverable, by: Actor) -> Any:
    """Return the requests to change a deliverable, newest first."""
    return (
        Request.objects.filter(target=row.pk, item__in=work_seen_by(by).order_by())
        .select_related("item")
        .order_by("-pk")
    )


def handed_over(row: Deliverable) -> list[Any]:
    """Return the files that were handed over, in their order."""
    # Before the handover the client sees the files on the page of a question only.
    if row.state != Deliverable.State.HANDED_OVER or row.version is None:
        return []
    return parts_of(row.version)


@require_safe
@for_contacts
def work(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    row = work_of(by, ref)
    asked = list(questions_of(by).filter(version__deliverable=row.pk).order_by("-pk"))
    context = {
        "row": row,
        "status": work_status_of(row),
        "asked": asked,
        "open": next((each for each in asked if each.state == Approval.State.PENDING), None),
        "parts": handed_over(row),
        "receipt_awaited": row.state == Deliverable.State.HANDED_OVER
        and row.item.outcomes.filter(kind=Outcome.Kind.HANDED_OVER).unmet().exists(),
        "notes": shared_notes(row, by),
        "can_change": can_change(row).passed and row.item.client_id in by.clients_as(*ASKING),
        "changes": changes_of(row, by),
    }
    return page(request, by, "work", context)


@require_safe
@for_contacts
def part(request: HttpRequest, by: Actor, ref: str, key: UUID | int) -> HttpResponseBase:
    """
    Serve a file that was handed over.

    :raises Http404: if there is no such file, or it was not handed over
    """
    parts = handed_over(work_of(by, ref))
    found = next((each for each in parts if key in {each.pk, each.file.key}), None)
    if found is None:
        raise Http404
    answer = respond(found.file, request=request)
    # Not a browser that only asks whether its copy is still good, and not a look at the beginning.
    loaded = request.method == "GET" and answer.status_code == HTTPStatus.OK
    if loaded and "table" not in request.GET:
        _confirm(work_of(by, ref), receipts.DOWNLOADED, by)
    return answer


@require_POST
@for_contacts
def received(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """Confirm that the client has the files. Sending it again changes nothing."""
    _confirm(work_of(by, ref), receipts.CONFIRMED, by)
    messages.success(request, _("Thank you. We have recorded that you have the files."))
    return redirect("portal:work", ref)


def _confirm(row: Deliverable, how: str, by: Actor) -> None:
    """Confirm the receipt, unless it is confirmed already."""
    details = ConfirmReceiptDetails(how)
    receipts.confirm_receipt([row.pk], by=by, at=timezone.now(), details=details)


@require_safe
@for_contacts
def file(request: HttpRequest, by: Actor, ref: str, key: UUID | int) -> HttpResponseBase:
    """
    Serve a file that is shared on a deliverable.

    :raises Http404: if there is no such file
    """
    # Files of internal notes belong to the same work, and stay internal.
    shared = Note.objects.for_client().filter(item=work_of(by, ref).item_id)
    found = File.objects.kept().addressed(key).filter(notes__in=shared).first()
    if found is None:
        raise Http404
    return respond(found, request=request)
