"""
The page of a question, its version in a frame where nothing runs, and the answer.

A GET never decides.
"""

from __future__ import annotations

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

# Nothing runs, nothing is sent, nothing is read from elsewhere; its own images are, which need the
# reader's cookie and so the origin.
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
    if _is_read_by_a_person(request):
        opened(row, by=by, at=timezone.now())
    return question_page(request, by, row)


def _is_read_by_a_person(request: HttpRequest) -> bool:
    """Browsers say so when they fetch a page before anybody wants it (https://fetch.spec.whatwg.org/#sec-purpose-header)."""
    asked = " ".join(
        request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")
    ).lower()
    return request.method == "GET" and not any(
        word in asked for word in ("prefetch", "prerender", "preview")
    )


def question_page(
    request: HttpRequest,
    by: Actor,
    row: Approval,
    form: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    can_decide, before = may_decide(row, by, timezone.now()), seen_before(row)
    context = {
        "row": row,
        "version": row.version,
        "about": row.version.deliverable,
        "parts": parts_of(row.version),
        "news": news(before, row.version) if before else None,
        "can_decide": can_decide,
        "standing": decision_status(row, by, can_decide=can_decide),
        "newer": newer(row, by),
        "answers": answers_to(row, by),
        "notes": shared_notes(row.version.deliverable, by),
        "form": form or DecisionForm(initial={"digest": row.digest}),
    }
    return page(request, by, "question", context, status)


@require_POST
@for_contacts
def decide(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """
    One answer a person: the same one sent twice is thanked for once, another one is told what
    happened.
    """
    row = question_of(by, ref)
    form = DecisionForm(request.POST, request.FILES)
    if not form.is_valid():
        return question_page(request, by, row, form)
    said = form.as_details()
    verb = form.cleaned_data["word"]
    try:
        [result] = STEPS[verb]([row.pk], by=by, at=timezone.now(), details=said)
    except NotKept as refusal:
        form.add_error("uploads", str(refusal))
        return question_page(request, by, row, form)
    mine = answered_before(row, by)
    if result.done or (
        mine is not None and mine.word == WORDS[verb] and mine.digest == said.digest
    ):
        messages.success(request, DONE[verb])
        return redirect("portal:question", ref)
    row = question_of(by, ref)
    form.add_error(None, _why(row, result, by))
    return question_page(request, by, row, form, status=409)


def _why(row: Approval, result: OperationResult, by: Actor) -> str:
    """
    Return what happened in the meantime, in the words of the page, or the gates' messages without
    their evidence.
    """
    unsent = _("Your answer was not saved.")
    if row.state != Approval.State.PENDING:
        answers = [f"{said.who} {said.what}." for said in answers_to(row, by)]
        return " ".join([unsent, *answers, str(decision_status(row, by, can_decide=False))])
    return " ".join([unsent, *(str(each.message) for each in result.refusals)])


@require_safe
@for_contacts
@xframe_options_sameorigin
def preview(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """The text of the version as a page of its own, whatever is in it."""
    row = question_of(by, ref)
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
    An image of the version that is asked about, made anew.

    :raises Http404: if the version has none such
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
def part(request: HttpRequest, by: Actor, ref: str, part_id: int) -> HttpResponseBase:
    """
    A file of the version that is asked about, to keep.

    :raises Http404: if the version has none such
    """
    found = question_of(by, ref).version.files.filter(pk=part_id).select_related("file").first()
    if found is None:
        raise Http404
    return respond(found.file, request=request)
