"""Making a new flow from another at the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import line, long_text, picked
from routing.flows.copying import FlowCopyDetails, NotCopied, copy_flow, version_to_copy
from routing.flows.flow_people import pair_fault
from routing.flows.models import Flow
from routing.people.rights import OWN_WORK
from routing.people.staff import User

NAME_LENGTH = 120
ADD = "routing.add_flow"


class FlowCopyForm(forms.Form):
    """Name and people of the new flow. The people of the other flow are offered first."""

    name = line(gettext_lazy("Name of the new flow"), max_length=NAME_LENGTH)
    owner = picked(gettext_lazy("Policy owner"), User.objects.none())
    backup = picked(gettext_lazy("Policy backup"), User.objects.none())
    reason = long_text(
        gettext_lazy("Reason"), error=gettext_lazy("Enter a reason."), rows=3, max_length=200
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = User.objects.staff().who_may(OWN_WORK)
        for name in ("owner", "backup"):
            self.fields[name].queryset = staff  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if fault := pair_fault(cleaned.get("owner"), cleaned.get("backup")):
            self.add_error("backup", fault)
        return cleaned


class Copying(DeskAdmin[Flow]):
    """The step of a flow's page that makes another flow from it."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.copy_view)
        return [path("<path:object_id>/copy/", page, name="routing_flow_copy"), *super().get_urls()]

    def copying(self, request: HttpRequest, versions: Any, object_id: str) -> str:
        """Return the address of the step, empty if it is not for this person or this flow."""
        may = actor(request).may(ADD) and versions.exists()
        return address(Flow, "copy", object_id) if may else ""

    def copy_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the name and the people of the new flow, then make its draft by POST."""
        flow = self.seen(request, object_id)
        actor(request).require(ADD, to="add flows")
        source = version_to_copy(flow)
        if source is None:
            raise Http404
        people = {"owner": flow.owner_id, "backup": flow.backup_id}
        form = FlowCopyForm(request.POST or None, initial=people)
        wrong: tuple[str, ...] = ()
        if request.method == "POST" and form.is_valid():
            try:
                return self._copied(request, source, dict(form.cleaned_data))
            except NotCopied as refusal:
                wrong = refusal.faults
        context = {
            "title": _("New flow from %(version)s") % {"version": source},
            "question": _(
                "The draft of the new flow has everything of %(version)s: triggers, fields, rules, "
                "actions, stages and its catalogue entry. Nothing starts it until you publish it."
            )
            % {"version": source},
            "form": form,
            "submit": _("Make the flow"),
            "back": page_of(flow),
            "faults": wrong,
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)

    def _copied(self, request: HttpRequest, source: Any, values: dict[str, Any]) -> HttpResponse:
        """:raises NotCopied: with the reasons, if the flow cannot be made"""
        reason = values.pop("reason")
        draft = copy_flow(
            source,
            FlowCopyDetails(**values),
            by=actor(request),
            at=timezone.now(),
            reason=reason,
        )
        words = _("Made %(flow)s with its first draft. It is not used until you publish it.")
        messages.success(request, words % {"flow": draft.flow})
        return HttpResponseRedirect(page_of(draft))
