"""The audit list at the desk: who did what to what, when, why, and in which row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from routing.audit.entries import AuditEntry
from routing.desk.audit_filters import OfAct, OfActors
from routing.desk.base import actor
from routing.desk.change_list import DeskList
from routing.desk.day_filters import HappenedOn
from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.found_filters import ByPerson, OfClient
from routing.kernel.events import Event
from routing.runs.acts import reasons_of_events, tracked_model
from routing.runs.admin.events import EventColumns, ReadOnly, said_of
from routing.work.display import NOTHING, exact
from routing.work.visibility import visible_work, work_seen_by


class AuditList(DeskList):
    """A list whose shown rows know their reasons, all read at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.model_admin.for_export(self.result_list)


def row_of(entry: Event) -> str:
    """Return the row that an entry is about, such as ``delivery.request 12``, or nothing."""
    if entry.object_id is None:
        return ""
    return f"{entry.kind.rpartition('.')[0]} {entry.object_id}"


@admin.register(AuditEntry)
class AuditEntryAdmin(EventColumns, ReadOnly[AuditEntry]):
    heading = _("Audit")
    list_name = "audit"
    list_display = ("happened", "actor", "what", "of_work", "way", "why", "row")
    list_display_links = ("happened",)
    list_select_related = ("item__client", "actor")
    list_filter = (OfActors, ByPerson, OfAct, HappenedOn, OfClient)
    search_fields = ("item__ref", "item__title", "kind")
    ordering = ("-id",)
    fields = ("what", "of_work", "way", "actor", "named", "source", "row", "exactly", "digest")
    search_help_text = _("Reference or title of the work, or kind of event")
    empty_title = _("No entries")
    empty_text = _("Each act of a person is listed here. Reset the filters to see all.")
    export_columns = (
        ExportColumn("number", _("number"), "pk", ColumnType.NUMBER),
        ExportColumn("at", _("at"), "at", ColumnType.INSTANT),
        ExportColumn("by", _("by"), "actor.full_name"),
        ExportColumn("by_email", _("e-mail"), "actor.email", permission="routing.view_user"),
        ExportColumn("kind", _("kind"), "kind"),
        ExportColumn("what", _("what happened"), said_of),
        ExportColumn("ref", _("work"), "item.ref"),
        ExportColumn("title", _("title"), "item.title"),
        ExportColumn("client", _("client"), "item.client.name"),
        ExportColumn("from_state", _("from"), "from_state"),
        ExportColumn("to_state", _("to"), "to_state"),
        ExportColumn("why", _("why"), "why"),
        ExportColumn("row", _("row"), row_of),
        ExportColumn("source", _("source"), "source"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        by, rows = actor(request), AuditEntry.objects.order_by(*self.ordering)
        # As for events: people who may see all work also see those without work.
        if visible_work(by) is None:
            return rows
        return rows.filter(item__in=work_seen_by(by).order_by())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskList]:
        return AuditList

    def for_export(self, rows: Sequence[AuditEntry]) -> None:
        reasons = reasons_of_events(rows)
        for row in rows:
            row.why = reasons.get(row.pk, "")

    @admin.display(description=_("at"))
    def exactly(self, entry: AuditEntry) -> str:
        return exact(entry.at)

    @admin.display(description=_("why"))
    def why(self, entry: AuditEntry) -> str:
        return entry.why or NOTHING

    @admin.display(description=_("row"))
    def row(self, entry: AuditEntry) -> SafeString | str:
        said = row_of(entry)
        if not said:
            return NOTHING
        label, _space, number = said.partition(" ")
        if tracked_model(label) is None:
            return said
        history = reverse("admin:history_of", args=[label, number])
        noun = capfirst(tracked_model(label)._meta.verbose_name)
        return format_html('<a class="tl-link" href="{}">{} {}</a>', history, noun, number)
