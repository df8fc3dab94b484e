"""Proposals to change what belongs to a flow, at the desk: what would change, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk import filters
from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.offers import PageFacts
from routing.desk.steps import StepsAdmin
from routing.flows.files.difference import FlowChange, class_of_column
from routing.flows.files.words import ChangeWords, change_words
from routing.flows.models import Flow
from routing.flows.proposal import FlowProposal
from routing.flows.proposing import PEOPLE
from routing.people.staff import User
from routing.work import display
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

tone(FlowProposal, pending="info", approved="good", refused="bad")


def proposal_words(row: FlowProposal) -> list[ChangeWords]:
    """Return what a proposal changes, for a reader."""
    ids: set[int] = set()
    for name in PEOPLE:
        ids |= {side[name] for side in (row.was, row.proposed) if side.get(name)}
    people = {user.pk: user.full_name for user in User.objects.filter(pk__in=ids)}
    return [
        change_words(
            FlowChange(
                name.removesuffix("_id"),
                class_of_column(name),
                _shown(name, row.was.get(name), people),
                _shown(name, value, people),
            )
        )
        for name, value in row.proposed.items()
    ]


def _shown(name: str, value: Any, people: Mapping[int, str]) -> Any:
    """Return a value of a column with the labels of its choices and the names of people."""
    if name in PEOPLE:
        return people.get(value, "") if value else ""
    if name == "touches":
        return [str(Flow.Touches(each).label) for each in value or ()]
    if name == "criticality":
        return str(Flow.Criticality(value).label) if value else ""
    if name == "leads_may_edit":
        return _("Yes") if value else _("No")
    return value


@admin.register(FlowProposal)
class FlowProposalAdmin(WorkColumns, StepsAdmin[FlowProposal]):
    list_display = ("what", "state_name", "change_class", "asked_by", "waits", "age")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        "change_class",
        ("state", admin.ChoicesFieldListFilter),
        "flow",
    )
    search_fields = ("item__ref", "item__title", "flow__name")
    search_help_text = gettext_lazy("Reference or flow")
    ordering = ("-pk",)
    noun_template = "desk/flow_proposal.html"
    onward = ("approve",)
    page_related = (*StepsAdmin.page_related, "flow", "asked_by")
    empty_title = gettext_lazy("No flow proposals")
    empty_text = gettext_lazy(
        "If a change of a flow’s people or reach needs a second person, it waits here until "
        "somebody agrees."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        related = ("item__client", "item__owner", "asked_by")
        return super().get_queryset(request).filter(item__in=seen).select_related(*related)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # changing the flow proposes

    def beside(self, request: HttpRequest, row: FlowProposal, known: PageFacts) -> dict[str, Any]:
        return {"changes": proposal_words(row)}

    def facts(self, request: HttpRequest, row: FlowProposal) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        flow = format_html('<a class="tl-link" href="{}">{}</a>', page_of(row.flow), row.flow)
        return [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Flow"), flow),
            (_("Highest class of change"), row.get_change_class_display()),
            (_("Proposed by"), row.asked_by),
            (_("Owner"), item.owner or display.NOTHING),
            (_("Backup"), item.backup or display.NOTHING),
            (_("Proposed"), display.when(item.created_at, now)),
        ]
