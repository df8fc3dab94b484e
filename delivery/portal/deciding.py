"""Views for a question to the client: its page, the version in a frame, and the answer."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from delivery.approvals.models import Approval
from delivery.approvals.operations.answering import WORDS
from delivery.approvals.operations.asking import opened
from delivery.portal.access import for_contacts
from delivery.portal.decision_forms import DecisionForm
from delivery.portal.differences import news
from delivery.portal.drafts import drop, restore
from delivery.portal.questions import (
    STEPS,
    answered_before,
    answers_to,
    body_of,
    decision_status,
    may_decide,
    newer,
    parts_of,
    question_of,
    seen_before,
)
from delivery.portal.views import page
from delivery.portal.words import shared_notes
from routing.people.actors import Actor
from routing.work.door import OperationResult
from routing.work.file_types.refusal import NotKept
from routing.work.files_view import respond

# The frame runs no scripts, sends no forms and loads nothing from elsewhere. Its images are only
# served with the reader's cookie, which the browser sends from the same origin.
FRAME = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self';"
    " sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
DONE = {
    "approve": gettext_lazy("Thank you. We have recorded your approval."),
    "request_changes": gettext_lazy("Thank you. We will make your changes and ask you again."),
    "reject": gettext_lazy("Thank you. Your contact person will get back to you."),
}


@require_safe
@for_contacts
def question(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    row = question_of(by, ref)
    # A GET never decides: mail scanners and prefetching browsers follow every link.
    if _is_read_by_a_person(request):
        opened(row, by=by, at=timezone.now())
    return question_page(request, by, row)


def _is_read_by_a_person(request: HttpRequest) -> bool:
    """Return whether a person opened the page, rather than a browser that prefetches it."""
    # https://fetch.spec.whatwg.org/#sec-purpose-header, and its older names.
    headers = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")
    purpose = " ".join(request.headers.get(name, "") for name in headers).lower()
    if any(word in purpose for word in ("prefetch", "prerender", "preview")):
        return False
    return request.method == "GET"


def question_page(
    request: HttpRequest,
    by: Actor,
    row: Approval,
    form: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    form = form or DecisionForm(initial={"digest": row.digest})
    restore(form, by, f"decide:{row.item.ref}")
    can_decide, before = may_decide(row, by, timezone.now()), seen_before(row)
    context = {
        "row": row,
        "version": row.version,
        "about": row.version.deliverable,
        "parts": parts_of(row.version),
        "news": news(before, row.version) if before else None,
        "can_decide": can_decide,
        "status": decision_status(row, by, can_decide=can_decide),
        "newer": newer(row, by),
        "answers": answers_to(row, by),
        "notes": shared_notes(row.version.deliverable, by),
        "form": form,
    }
    return page(request, by, "question", context, status)


@require_POST
@for_contacts
def decide(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """Store a contact's answer, once: sending the same answer again only shows the thanks."""
    row = question_of(by, ref)
    form = DecisionForm(request.POST, request.FILES)
    if not form.is_valid():
        return question_page(request, by, row, form)
    details = form.as_details()
    verb = form.cleaned_data["word"]
    try:
        [result] = STEPS[verb]([row.pk], by=by, at=timezone.now(), details=details)
    except NotKept as refusal:
        form.add_error("uploads", str(refusal))
        return question_page(request, by, row, form)
    mine = answered_before(row, by)
    same = mine is not None and (mine.word, mine.digest) == (WORDS[verb], details.digest)
    if result.done or same:
        drop(by, f"decide:{ref}")
        messages.success(request, DONE[verb])
        return redirect("portal:question", ref)
    # Read again: somebody else has changed it in the meantime.
    row = question_of(by, ref)
    form.add_error(None, _why(row, result, by))
    return question_page(request, by, row, form, status=409)


def _why(row: Approval, result: OperationResult, by: Actor) -> str:
    """Return the reason why an answer was not saved, in words for the client."""
    unsent = _("Your answer was not saved.")
    if row.state != Approval.State.PENDING:
        answers = [f"{line.who} {line.what}." for line in answers_to(row, by)]
        return " ".join([unsent, *answers, str(decision_status(row, by, can_decide=False))])
    # The gates' messages only. Their evidence is for the agency.
    return " ".join([unsent, *(str(each.message) for each in result.refusals)])


@require_safe
@for_contacts
@xframe_options_sameorigin
def preview(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """Show the text of the version as a document of its own."""
    row = question_of(by, ref)
    # Reverse one URL with a placeholder, instead of one for each image.
    address = reverse("portal:asset", args=[ref, "0" * 64]).replace("0" * 64, "{}")
    answer = render(
        request, "portal/preview.html", {"version": row.version, "body": body_of(row, address)}
    )
    answer["Content-Security-Policy"] = FRAME
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@require_safe
@for_contacts
def asset(request: HttpRequest, by: Actor, ref: str, digest: str) -> HttpResponseBase:
    """
    Serve an image of the version, re-encoded.

    :raises Http404: if the version has no such image
    """
    found = (
        question_of(by, ref)
        .version.files.filter(file__sha256=digest)
        .select_related("file")
        .first()
    )
    if found is None:
        raise Http404
    return respond(found.file, inline_preview=True, request=request)


@require_safe
@for_contacts
def part(request: HttpRequest, by: Actor, ref: str, key: UUID | int) -> HttpResponseBase:
    """
    Serve a file of the version as a download.

    :raises Http404: if the version has no such file
    """
    parts = parts_of(question_of(by, ref).version)
    found = next((each for each in parts if key in {each.pk, each.file.key}), None)
    if found is None:
        raise Http404
    return respond(found.file, request=request)
