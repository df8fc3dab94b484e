"""
Admin of inbound webhooks.

Bodies can hold personal data, so only integrations owners see them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.inbox.models import Inbound
from integrations.inbox.unreadable import flaw_in_words, read_webhooks_again
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.runs.admin.events import ReadOnly
from routing.work.display import NOTHING, badge, when

TONES = {
    Inbound.State.PROCESSED: "good",
    Inbound.State.POISON: "bad",
    Inbound.State.IGNORED: "plain",
    Inbound.State.STORED: "info",
}
MOST_SHOWN = 20_000  # bytes


@admin.register(Inbound)
class InboundAdmin(ReadOnly[Inbound]):
    heading = gettext_lazy("Inbound webhooks")
    list_display = ("received", "connection", "state_name", "counts", "why", "times", "size")
    list_select_related = ("connection",)
    list_filter = ("connection", "state", "reason")
    search_fields = ("sha256", "reason")
    search_help_text = gettext_lazy("SHA-256 of the body, or a reason")
    empty_title = gettext_lazy("No inbound webhooks")
    empty_text = gettext_lazy("Webhooks from connections are stored here unchanged.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("raw").annotate(bytes=Length("raw"))

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.read_again_view)
        return [
            path("<path:object_id>/read-again/", page, name="integrations_inbound_read_again"),
            *super().get_urls(),
        ]

    def read_again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Read a webhook again after a fix, and say how much of it could be read."""
        actor(request).require("integrations.change_connection", to="read webhooks again")
        row = self.seen(request, object_id)
        if request.method == "POST":
            count = read_webhooks_again([row.pk], at=timezone.now())
            row.refresh_from_db(fields=["poison"])
            said = _("Read again: %(new)s new events, %(bad)s still unreadable.")
            messages.info(request, said % {"new": count, "bad": row.poison})
        return HttpResponseRedirect(page_of(row))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        row = self.seen(request, object_id)
        may_read = actor(request).may("integrations.read_inbound")
        body = bytes(row.raw[:MOST_SHOWN]).decode("utf-8", "replace") if may_read else ""
        connection_url = ""
        if actor(request).may("integrations.view_connection"):
            connection_url = page_of(row.connection)
        context = {
            "title": _("Webhook from %(connection)s") % {"connection": row.connection},
            "row": row,
            "facts": self.facts(row),
            "body": body,
            "may_read": may_read,
            "cut": may_read and len(row.raw) > MOST_SHOWN,
            "connection_url": connection_url,
            "problems": [
                {"place": each["place"], "reason": flaw_in_words(each["reason"])}
                for each in row.problems
            ],
            "read_again": address(Inbound, "read_again", row.pk)
            if row.poison and actor(request).may("integrations.change_connection")
            else "",
            "back": address(Inbound, "changelist"),
        }
        return self.render(request, "desk/inbound.html", context)

    def facts(self, row: Any) -> list[tuple[Any, Any]]:
        return [
            (_("State"), self.state_name(row)),
            (_("First received"), when(row.received_at)),
            (_("Last received"), when(row.last_received_at)),
            (_("Times received"), self.times(row)),
            (_("Events"), self.counts(row)),
            (_("Reason"), self.why(row)),
            (_("Size"), self.size(row)),
            (_("Looked at"), when(row.settled_at)),
            (_("SHA-256"), row.sha256),
            *((name, value) for name, value in row.headers.items()),
        ]

    @admin.display(description=gettext_lazy("received"), ordering="received_at")
    def received(self, row: Inbound) -> SafeString | str:
        return when(row.received_at)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_name(self, row: Inbound) -> SafeString:
        return badge(row.get_state_display(), TONES[Inbound.State(row.state)])

    @admin.display(description=gettext_lazy("events"))
    def counts(self, row: Inbound) -> str:
        found = (
            (row.captured, _("new")),
            (row.repeated, _("repeated")),
            (row.conflicting, _("conflicting")),
            (row.ignored, _("ignored")),
            (row.poison, _("unreadable")),
        )
        return ", ".join(f"{count} {label}" for count, label in found if count) or NOTHING

    @admin.display(description=gettext_lazy("reason"), ordering="reason")
    def why(self, row: Inbound) -> str:
        return flaw_in_words(row.reason) if row.reason else NOTHING

    @admin.display(description=gettext_lazy("sent"), ordering="deliveries")
    def times(self, row: Inbound) -> str:
        return _("%(count)s×") % {"count": row.deliveries}

    @admin.display(description=gettext_lazy("size"), ordering="bytes")
    def size(self, row: Any) -> str:
        return str(filesizeformat(row.bytes))
