"""Events at the desk: read only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from routing.desk.addresses import address, work_page
from routing.desk.base import DeskAdmin, ModelT, actor
from routing.desk.columns import column
from routing.desk.day_filters import HappenedOn
from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.found_filters import ByPerson, OfClient
from routing.desk.several import several_texts
from routing.flows.models import Flow
from routing.kernel.events import Event
from routing.runs.event_names import kind_name, kinds_named
from routing.runs.event_words import CLOCKS, sentence_of, states_of
from routing.runs.evidence_words import event_name
from routing.runs.registry import notes_on
from routing.work.display import NOTHING, exact, when
from routing.work.kinds import models_by_kind
from routing.work.search_terms import asked
from routing.work.visibility import visible_work, work_seen_by


def _noun(event: Event) -> Any:
    """Return the model of the work that an event is about, or None without work."""
    return models_by_kind().get(event.item.kind) if event.item else None


def said_of(event: Event) -> str:
    """Return what happened, as a sentence about the work or as the name of the kind."""
    return sentence_of(event, _noun(event)) if event.item_id else event_name(event)


class ReadOnly(DeskAdmin[ModelT]):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EventColumns:
    """Columns that lists of events share."""

    @admin.display(description=_("work"))
    def of_work(self, event: Event) -> SafeString | str:
        if event.item is None:
            return NOTHING
        return format_html(
            '<a class="tl-link" href="{}">{}</a>', work_page(event.item.pk), event.item.ref
        )

    @admin.display(description=_("what happened"))
    def what(self, event: Event) -> str:
        return said_of(event)

    @admin.display(description=_("kind"), ordering="kind")
    def named(self, event: Event) -> SafeString | str:
        name = kind_name(event.kind)
        if name == event.kind:
            return name
        return format_html('{} <span class="tl-meta">{}</span>', name, event.kind)

    @admin.display(description=_("from, to"))
    def way(self, event: Event) -> str:
        if event.kind.startswith(CLOCKS):
            return NOTHING  # the state of these is the level, which the sentence says
        noun = _noun(event)
        words = dict(noun.State.choices) if hasattr(noun, "State") else {}
        return states_of(event, noun) or str(words.get(event.to_state, event.to_state))

    @admin.display(description=_("when"), ordering="id")
    def happened(self, event: Event) -> SafeString | str:
        return when(event.at)


@admin.register(Event)
class EventAdmin(EventColumns, ReadOnly[Event]):
    list_before_template = "desk/events_link.html"
    list_name = "events"
    export_columns = (
        ExportColumn("number", _("number"), "pk", ColumnType.NUMBER),
        ExportColumn("at", _("at"), "at", ColumnType.INSTANT),
        ExportColumn("kind", _("kind"), "kind"),
        ExportColumn("what", _("what happened"), said_of),
        ExportColumn("ref", _("work"), "item.ref"),
        ExportColumn("client", _("client"), "item.client.name"),
        ExportColumn("by", _("by"), "actor.full_name"),
        ExportColumn("from_state", _("from"), "from_state"),
        ExportColumn("to_state", _("to"), "to_state"),
        ExportColumn("source", _("source"), "source"),
        ExportColumn("object", _("object"), "object_id", ColumnType.NUMBER),
    )
    export_related = ("item__client",)
    list_display = ("named", "of_work", "way", "actor", "happened", "source")
    list_select_related = ("item", "actor")
    list_filter = (
        several_texts("source"),
        several_texts("kind", kind_name),
        ByPerson,
        OfClient,
        HappenedOn,
    )
    search_fields = ("item__ref", "item__title", "item__client__code", "item__client__name")
    search_help_text = _("Reference, title, client, or kind of event by its name or code")
    ordering = ("-at", "-id")
    more_columns = ("client", "what", "subject_type", "subject_id")
    fields = (
        "what",
        "notes",
        "named",
        "of_work",
        "way",
        "actor",
        "exactly",
        "source",
        "subject_type",
        "subject_id",
        "dedupe_key",
        "digest",
    )
    empty_title = _("No events")
    empty_text = _("Each change to work is recorded here as an event.")

    def get_queryset(self, request: HttpRequest) -> Any:
        # Without an order of its own, which would follow that of a chosen column.
        events, by = super().get_queryset(request).order_by(), actor(request)
        # People who may see all work also see events without a work item.
        if visible_work(by) is None:
            return events
        return events.filter(item__in=work_seen_by(by).order_by())

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        found, twice = super().get_search_results(request, queryset, search_term)
        kinds = kinds_named(search_term)
        if kinds:
            by_kind = Q(kind__in=kinds)
            found = queryset.filter(by_kind | asked(search_term, self.search_fields))
        return found, twice

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {"events_url": address(Flow, "events")}
        return super().changelist_view(request, more | (extra_context or {}))

    @admin.display(description=_("to note"))
    def notes(self, event: Event) -> str:
        return " ".join(notes_on(event)) or NOTHING

    @admin.display(description=_("at"))
    def exactly(self, event: Event) -> str:
        return exact(event.at)

    @column(_("client"), "item__client", "item__client__name")
    def client(self, event: Event) -> Any:
        return (event.item.client if event.item else None) or NOTHING

    @admin.display(description=_("when"), ordering="at")
    def happened(self, event: Event) -> SafeString | str:
        return when(event.at)
