"""Requests to publish a draft, at the desk: what would change, and the answer to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk import filters
from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.columns import WorkColumns
from routing.desk.offers import PageFacts
from routing.desk.steps import StepsAdmin
from routing.flows.approval import PublishApproval
from routing.flows.fact_labels import labels_of_change
from routing.flows.files.difference import differences
from routing.flows.files.stored import content_of
from routing.flows.files.words import changes_in_words
from routing.people.staff import User
from routing.work import display
from routing.work.kinds import state_badge, tone
from routing.work.visibility import work_seen_by

tone(
    PublishApproval,
    pending="info",
    approved="good",
    refused="bad",
    rolled_back="warn",
)


@admin.register(PublishApproval)
class PublishApprovalAdmin(WorkColumns, StepsAdmin[PublishApproval]):
    list_display = ("what", "state_name", "change_class", "asked_by", "waits", "age")
    list_filter = (
        filters.Openness,
        filters.AnybodysFirst,
        "change_class",
        ("state", admin.ChoicesFieldListFilter),
        "version__flow",
    )
    search_fields = ("item__ref", "item__title", "version__flow__name")
    search_help_text = gettext_lazy("Reference or flow")
    ordering = ("-pk",)
    noun_template = "desk/publish_approval.html"
    onward = ("approve",)
    page_related = (*StepsAdmin.page_related, "version__flow", "base__flow", "asked_by")
    empty_title = gettext_lazy("No publishing approvals")
    empty_text = gettext_lazy(
        "If a change of a flow needs a second person, publishing it asks for approval here."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = work_seen_by(actor(request)).order_by()
        related = ("item__client", "item__owner", "asked_by")
        return super().get_queryset(request).filter(item__in=seen).select_related(*related)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # publishing asks

    def beside(
        self, request: HttpRequest, row: PublishApproval, known: PageFacts
    ) -> dict[str, Any]:
        was = content_of(row.base) if row.base else None
        changes = differences(was, content_of(row.version))
        return {
            "live": row.base,
            "changes": changes_in_words(changes, labels_of_change(row.version, row.base)),
        }

    def facts(self, request: HttpRequest, row: PublishApproval) -> Sequence[tuple[Any, Any]]:
        item, now = row.item, timezone.now()
        authors = User.objects.filter(pk__in=row.authors).order_by("full_name")
        return [
            (
                _("State"),
                format_html("{} {}", state_badge(item.kind, row.state), display.hold(item)),
            ),
            (_("Version"), _linked(row.version)),
            (_("Compared with"), _linked(row.base) if row.base else display.NOTHING),
            (_("Highest class of change"), row.get_change_class_display()),
            (_("Asked by"), row.asked_by),
            (_("Authors"), ", ".join(user.full_name for user in authors)),
            (_("Owner"), item.owner or display.NOTHING),
            (_("Backup"), item.backup or display.NOTHING),
            (_("Asked"), display.when(item.created_at, now)),
        ]


def _linked(row: Any) -> SafeString:
    return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), row)
