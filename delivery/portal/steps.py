"""Views for the steps of a contact on a request: answer its question, and withdraw it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from delivery.portal.access import for_contacts
from delivery.portal.drafts import drop
from delivery.portal.forms import PortalAnswerForm
from delivery.portal.views import can, page, request_of, request_page
from delivery.requests.operations.answering import answer_with_files
from delivery.requests.operations.requests import withdraw
from routing.people.actors import Actor
from routing.work.door import OperationResult
from routing.work.file_types.refusal import NotKept


@require_POST
@for_contacts
def answer_question(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    row = request_of(by, ref)
    form = PortalAnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return request_page(request, by, row, form)
    try:
        result = answer_with_files(row.pk, by=by, at=timezone.now(), **form.cleaned_data)
    except NotKept as refusal:
        form.add_error("uploads", str(refusal))
        return request_page(request, by, row, form)
    if not result.done:
        form.add_error(None, _why(result))
        return request_page(request, by, request_of(by, ref), form, status=409)
    drop(by, f"answer:{ref}")
    messages.success(request, _("Thank you. We will continue with your request."))
    return redirect("portal:request", ref)


@require_http_methods(["GET", "HEAD", "POST"])
@for_contacts
def withdraw_request(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """Ask for confirmation, then withdraw the request."""
    row = request_of(by, ref)
    context = {"row": row, "open": can(withdraw, row, by)}
    if request.method != "POST":
        return page(request, by, "withdraw", context)
    [result] = withdraw([row.pk], by=by, at=timezone.now())
    if not result.done:
        return page(request, by, "withdraw", {**context, "open": False}, status=409)
    messages.success(request, _("You withdrew %(ref)s.") % {"ref": ref})
    return redirect("portal:request", ref)


def _why(result: OperationResult) -> str:
    """Return the gates' messages without their evidence, which is for the agency."""
    # A refused state means that a colleague has answered in the meantime.
    if any(each.code == "state" for each in result.refusals):
        return _("This question has already been answered.")
    return " ".join(str(each.message) for each in result.refusals)
