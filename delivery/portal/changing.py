"""Views for changes: to request one, and to accept or decline its impact."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from delivery.deliverables.models import Deliverable
from delivery.portal.access import for_contacts
from delivery.portal.decision_forms import ChangeForm, ImpactDecisionForm
from delivery.portal.drafts import drop, restore
from delivery.portal.views import page, request_of, request_page
from delivery.portal.works import work_of
from delivery.progress.operations.changes import FLOW, CannotChange, ask_change, can_change, current
from delivery.progress.operations.impacts import accept_impact, decline_impact
from delivery.progress.operations.submissions import submitted_before
from delivery.requests.details import AnswerImpactDetails
from delivery.requests.reach import ASKING
from routing.flows.models import FlowVersion
from routing.people.actors import Actor
from routing.work.door import Operation
from routing.work.file_types.refusal import NotKept

STEPS: Mapping[str, Operation[AnswerImpactDetails]] = {
    step.verb: step for step in (accept_impact, decline_impact)
}
LINE = 200  # characters of a title


@require_http_methods(["GET", "HEAD", "POST"])
@for_contacts
def change(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """
    Request a change of a deliverable.

    :raises PermissionDenied: for contacts with read access only
    """
    row = work_of(by, ref)
    if row.item.client_id not in by.clients_as(*ASKING):
        raise PermissionDenied(
            _("You can view this but not ask for changes. Ask your contact person for access.")
        )
    form = ChangeForm(request.POST, request.FILES) if request.method == "POST" else ChangeForm()
    restore(form, by, f"change:{ref}")
    token = request.POST.get("token", "")
    # The form was sent before: show what became of it instead of an error.
    if token and submitted_before(by.contact_id or 0, token[:64]):
        return redirect("portal:sent", token[:64])
    against = _against(row)
    if request.method == "POST" and not against and form.is_valid():
        try:
            _send(row, form, by)
        except NotKept as refusal:
            form.add_error("uploads", str(refusal))
        except CannotChange as refusal:
            against = str(refusal)
        else:
            drop(by, f"change:{ref}")
            return redirect("portal:sent", form.cleaned_data["token"])
    context = {"row": row, "form": form, "against": against, "about": current(row)}
    status = 409 if against and request.method == "POST" else 200
    return page(request, by, "change", context, status)


def _against(row: Deliverable) -> str:
    """Return the reason if no change can be requested, or an empty string."""
    answer = can_change(row)
    if not answer.passed:
        return str(answer.message)
    # Without a live flow the change would be captured and then match nothing.
    if not FlowVersion.objects.live().filter(flow__slug=FLOW).exists():
        return _(
            "You cannot request changes here yet. Write to your contact person and we will take "
            "care of it."
        )
    return ""


def _send(row: Deliverable, form: ChangeForm, by: Actor) -> None:
    """:raises CannotChange, NotKept: see ``ask_change``"""
    title = _("Change: %(title)s") % {"title": row.item.title}
    ask_change(
        row.pk,
        {"request.title": title[:LINE], **form.answers},
        token=form.cleaned_data["token"],
        uploads=form.cleaned_data["uploads"],
        by=by,
        at=timezone.now(),
    )


@require_POST
@for_contacts
def answer_impact(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """Accept or decline the impact of a change. Each statement is answered once."""
    row = request_of(by, ref)
    form = ImpactDecisionForm(request.POST, request.FILES)
    if not form.is_valid():
        return request_page(request, by, row, impact_form=form)
    step = STEPS[form.cleaned_data["word"]]
    try:
        [result] = step([row.pk], by=by, at=timezone.now(), details=form.as_details())
    except NotKept as refusal:
        form.add_error("uploads", str(refusal))
        return request_page(request, by, row, impact_form=form)
    if result.done:
        drop(by, f"impact:{ref}")
        messages.success(request, _("Thank you. We have recorded your answer."))
        return redirect("portal:request", ref)
    # The gates' messages only. Their evidence is for the agency.
    reasons = [str(each.message) for each in result.refusals]
    form.add_error(None, " ".join([_("Your answer was not saved."), *reasons]))
    return request_page(request, by, request_of(by, ref), impact_form=form, status=409)
