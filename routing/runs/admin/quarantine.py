"""
Queued events at the desk. Those that kept failing are quarantined until somebody retries them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk.base import actor
from routing.desk.filters import WithDefault
from routing.kernel.events import Dispatch
from routing.runs.admin.events import ReadOnly
from routing.runs.operations.quarantine import retry_quarantined
from routing.work import display


class QuarantineFilter(WithDefault):
    title = gettext_lazy("status")
    parameter_name = "aside"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("parked", _("Quarantined")), ("all", _("All queued")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.exclude(parked_reason="")


@admin.register(Dispatch)
class DispatchAdmin(ReadOnly[Dispatch]):
    heading = gettext_lazy("Failed events")
    list_display = ("what", "source", "subject", "status", "attempts", "since")
    list_select_related = ("event",)
    list_filter = (QuarantineFilter, "event__source")
    search_fields = ("event__kind", "=event__subject_id")
    search_help_text = gettext_lazy("Kind of event, or the id in the other system")
    fields = ("event", "due_at", "attempts", "parked_reason")
    ordering = ("due_at", "pk")
    actions = ("try_again",)
    empty_title = gettext_lazy("No failed events")
    empty_text = gettext_lazy(
        "Events that keep failing are quarantined here with the reason until someone retries them."
    )

    def has_unpark_permission(self, request: HttpRequest) -> bool:
        return actor(request).may("routing.unpark_dispatch")

    @admin.action(permissions=["unpark"], description=gettext_lazy("Retry"))
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        count = retry_quarantined(
            list(queryset.values_list("pk", flat=True)), by=actor(request), at=timezone.now()
        )
        said = ngettext("Retrying %(count)s event.", "Retrying %(count)s events.", count)
        messages.success(request, said % {"count": count})

    @admin.display(description=gettext_lazy("event"), ordering="event")
    def what(self, row: Dispatch) -> str:
        return row.event.kind

    @admin.display(description=gettext_lazy("source"), ordering="event__source")
    def source(self, row: Dispatch) -> str:
        return row.event.source

    @admin.display(description=gettext_lazy("about"))
    def subject(self, row: Dispatch) -> SafeString:
        return format_html(
            '{} <span class="tl-ref">{}</span>', row.event.subject_type, row.event.subject_id
        )

    @admin.display(description=gettext_lazy("status"))
    def status(self, row: Dispatch) -> SafeString | str:
        if not row.parked_reason:
            return _("Queued")
        return format_html("{} {}", display.badge(_("Quarantined"), "bad"), row.parked_reason)

    @admin.display(description=gettext_lazy("received"), ordering="event__at")
    def since(self, row: Dispatch) -> SafeString | str:
        return display.when(row.event.at)
