"""Held events at the desk: what waits for its flow, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.filters import WithDefault
from routing.runs.admin.events import ReadOnly
from routing.runs.by_hand import SOURCE
from routing.runs.evidence_words import event_name, event_title
from routing.runs.held_events import HeldEvent
from routing.runs.held_words import held_words
from routing.work import display
from routing.work.visibility import clients_seen_by, visible_work

TONES = {
    HeldEvent.State.HELD: "warn",
    HeldEvent.State.RELEASED: "info",
    HeldEvent.State.PROCESSED: "good",
    HeldEvent.State.REJECTED: "bad",
}


class HeldState(WithDefault):
    title = gettext_lazy("state")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        waiting, *others = HeldEvent.State.choices
        return (waiting, *others, ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        chosen = self.value() or HeldEvent.State.HELD
        return queryset.filter(state=chosen) if chosen in HeldEvent.State else queryset


@admin.register(HeldEvent)
class HeldEventAdmin(ReadOnly[HeldEvent]):
    list_display = ("what", "flow", "client", "received", "status", "waits_for", "led_to")
    list_select_related = (
        "event__payload",
        "event__actor",
        "flow",
        "client",
        "switch_off__off_by",
        "claim__claimed_by",
        "run__item",
    )
    list_filter = (HeldState, "flow")
    search_fields = ("event__kind", "=event__subject_id")
    search_help_text = gettext_lazy("Kind of event, or the id in the other system")
    fields = ("what", "flow", "client", "received", "status", "waits_for", "led_to")
    ordering = ("received_at", "event_id")
    empty_title = gettext_lazy("No events wait")
    empty_text = gettext_lazy(
        "Events wait here while the flow that they would start is switched off, and after somebody "
        "claimed them for a flow until they are processed."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows, by = super().get_queryset(request), actor(request)
        # An event whose client is not known yet may be one of a restricted client.
        if visible_work(by) is None:
            return rows
        return rows.filter(client__in=clients_seen_by(by))

    @admin.display(description=gettext_lazy("event"))
    def what(self, row: HeldEvent) -> SafeString:
        event, named = row.event, event_name(row.event)
        if title := event_title(event):
            named = _("%(event)s: “%(title)s”") % {"event": named, "title": title}
        by_hand = event.source == SOURCE
        source = _("recorded by %(who)s") % {"who": event.actor} if by_hand else event.source
        return format_html('{} <span class="tl-meta">{}</span>', named, source)

    @admin.display(description=gettext_lazy("received"), ordering="received_at")
    def received(self, row: HeldEvent) -> SafeString | str:
        return display.when(row.received_at)

    @admin.display(description=gettext_lazy("state"))
    def status(self, row: HeldEvent) -> SafeString:
        tone = TONES[HeldEvent.State(row.state)]
        return display.badge(row.get_state_display(), tone)

    @admin.display(description=gettext_lazy("waits for"))
    def waits_for(self, row: HeldEvent) -> str:
        span = row.switch_off
        if row.state == HeldEvent.State.HELD and span is not None and span.on_at is None:
            words = _("Somebody to switch the flow on. %(who)s switched it off on %(when)s.")
            return words % {"who": span.off_by, "when": display.exact(span.off_at)}
        if row.state in {HeldEvent.State.HELD, HeldEvent.State.RELEASED}:
            return _("Throughline, which processes the events in order of receipt")
        return held_words(row)

    @admin.display(description=gettext_lazy("run"))
    def led_to(self, row: HeldEvent) -> SafeString | str:
        if row.run is None:
            return display.NOTHING
        return format_html(
            '<a class="tl-link" href="{}">{}</a>', page_of(row.run), row.run.item.ref
        )
