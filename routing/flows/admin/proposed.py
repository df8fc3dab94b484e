"""Saving the page of a flow: what counts at once, and what waits for a second person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin
from routing.flows.admin.proposals import proposal_words
from routing.flows.flow_people import names_of
from routing.flows.models import Flow
from routing.flows.proposal import FlowProposal
from routing.flows.proposing import (
    PEOPLE,
    FlowChangeResult,
    change_flow,
    open_proposal,
    seconds_of_proposal,
)


class Proposing(SavedAdmin[Flow]):
    """The saving of a flow's page, and the part of the page about what waits."""

    def proposing(self, flow_id: int) -> dict[str, Any]:
        """Return the context for the card about the proposal that waits."""
        flow = Flow.objects.filter(pk=flow_id).first()
        row = open_proposal(flow) if flow else None
        if row is None:
            return {"proposal": None}
        return {
            "proposal": row,
            "proposal_url": page_of(row),
            "proposal_changes": proposal_words(row),
            "proposal_seconds": names_of(seconds_of_proposal(row)),
        }

    def save_model(self, request: HttpRequest, obj: Flow, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        names = [name for name in form.changed_data if name != "reason"]
        columns = [f"{name}_id" if f"{name}_id" in PEOPLE else name for name in names]
        result = change_flow(
            obj.pk,
            {name: getattr(obj, name) for name in columns},
            by=actor(request),
            at=timezone.now(),
            reason=form.cleaned_data.get("reason", ""),
        )
        obj.refresh_from_db()
        request.flow_changed = result  # type: ignore[attr-defined]  # for response_change

    def response_change(self, request: HttpRequest, obj: Flow) -> HttpResponse:
        result: FlowChangeResult | None = getattr(request, "flow_changed", None)
        if result is None or result.proposal is None:
            answer: HttpResponse = super().response_change(request, obj)
            return answer
        messages.warning(request, _result_words(result, result.proposal))
        return HttpResponseRedirect(page_of(obj))


def _result_words(result: FlowChangeResult, row: FlowProposal) -> str:
    words = (
        _("{what}: waits for one of these people to agree: {names} ({ref}). The rest is saved.")
        if result.saved
        else _("{what}: waits for one of these people to agree: {names} ({ref}).")
    )
    link = format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), row.item.ref)
    return format_html(
        words,
        ref=link,
        what=capfirst(", ".join(each.what for each in proposal_words(row))),
        names=names_of(seconds_of_proposal(row)),
    )
