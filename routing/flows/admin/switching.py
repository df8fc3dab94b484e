"""Switching flows off and on at the desk, and what waits meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.links import LinkListFilter
from routing.flows.admin.reason_form import ReasonForm, SwitchOnForm
from routing.flows.models import Flow
from routing.flows.switch_off import SwitchOff
from routing.runs.held_events import HeldEvent, flow_is_off
from routing.runs.operations.switching import SWITCH, NotSwitched, switch_off, switch_on
from routing.work import display

OFF, ON = "off", "on"
SHOWN = 5  # earlier switch-offs on the page of a flow
LABELS = {OFF: gettext_lazy("Switch off"), ON: gettext_lazy("Switch on")}


class FlowState(LinkListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return ((ON, _("On")), (OFF, _("Switched off")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == OFF:
            return queryset.filter(flow_is_off("pk"))
        return queryset.filter(~flow_is_off("pk")) if self.value() == ON else queryset


def state_badge(switch_offs: Sequence[SwitchOff]) -> SafeString:
    """
    Return whether a flow is on or who switched it off.

    :param switch_offs: the current one, if there is one
    """
    if not switch_offs:
        return display.badge(_("On"), "good")
    words = _("since %(when)s by %(who)s")
    current = switch_offs[0]
    return format_html(
        '{} <span class="tl-meta">{}</span>',
        display.badge(_("Switched off"), "warn"),
        words % {"when": display.exact(current.off_at), "who": current.off_by},
    )


class Switching(DeskAdmin[Flow]):
    """The steps of a flow's page that switch it, and the part of the page about them."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.switch_view)
        return [
            path("<path:object_id>/switch/<slug:verb>/", page, name="routing_flow_switch"),
            *super().get_urls(),
        ]

    def switching(self, request: HttpRequest, flow_id: int) -> dict[str, Any]:
        """Return the context for the card about the state of a flow."""
        every = SwitchOff.objects.filter(flow__pk=flow_id).select_related("off_by", "on_by")
        rows = list(every[: SHOWN + 1])
        current = next((row for row in rows if row.on_at is None), None)
        held = HeldEvent.objects.waiting().filter(flow__pk=flow_id)
        verb = ON if current else OFF
        may_switch = actor(request).may(SWITCH)
        return {
            "switched_off": current,
            "switch_offs": [row for row in rows if row.on_at is not None][:SHOWN],
            "waiting": held.aggregate(count=Count("pk"), since=Min("received_at")),
            "waiting_url": f"{address(HeldEvent, 'changelist')}?flow__id__exact={flow_id}",
            "switch_url": address(Flow, "switch", flow_id, verb) if may_switch else "",
            "switch_label": LABELS[verb],
        }

    def switch_view(self, request: HttpRequest, object_id: str, verb: str) -> HttpResponse:
        """Ask for a reason, then switch the flow by POST."""
        flow = self.seen(request, object_id)
        if verb not in LABELS:
            raise Http404
        by = actor(request)
        by.require(SWITCH, to="switch flows off and on")
        form = (SwitchOnForm if verb == ON else ReasonForm)(request.POST or None)
        wrong: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                messages.success(request, _switched(request, flow, form, verb))
            except NotSwitched as refusal:
                wrong = [str(refusal)]
            else:
                return HttpResponseRedirect(page_of(flow))
        context = {
            "title": _("%(step)s: %(flow)s") % {"step": LABELS[verb], "flow": flow},
            "form": form,
            "submit": LABELS[verb],
            "back": page_of(flow),
            "faults": wrong,
        }
        return self.render(request, "desk/version_step.html", context, status=409 if wrong else 200)


def _switched(request: HttpRequest, flow: Flow, form: Any, verb: str) -> str:
    """
    Switch the flow, and return what happened in words.

    :raises NotSwitched: if somebody has switched it meanwhile
    """
    by, at, reason = actor(request), timezone.now(), form.cleaned_data["reason"]
    if verb == OFF:
        switch_off(flow.pk, by=by, at=at, reason=reason)
        return _("%(flow)s is switched off. New events wait.") % {"flow": flow}
    reject = form.cleaned_data["waiting"] == SwitchOnForm.REJECT
    found = switch_on(flow.pk, by=by, at=at, reason=reason, reject=reject)
    if reject:
        words = ngettext(
            "%(flow)s is switched on. %(count)s event was rejected.",
            "%(flow)s is switched on. %(count)s events were rejected.",
            found.rejected,
        )
        return words % {"flow": flow, "count": found.rejected}
    words = ngettext(
        "%(flow)s is switched on. %(count)s event is released now.",
        "%(flow)s is switched on. %(count)s events are released now, in order of receipt.",
        found.released,
    )
    return words % {"flow": flow, "count": found.released}
