"""Security events at the desk: read only, searched by account and address, and exported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from routing.desk.addresses import address
from routing.desk.exports import as_csv
from routing.people.security import SecurityEvent
from routing.runs.admin.events import ReadOnly
from routing.work.display import NOTHING, badge, when

Kind = SecurityEvent.Kind
TONES = {
    Kind.ALARM.value: "bad",
    Kind.LOCKED_OUT.value: "bad",
    Kind.SIGN_IN_FAILED.value: "warn",
    Kind.CODE_REFUSED.value: "warn",
    Kind.FACTOR_REFUSED.value: "warn",
    Kind.TOKEN_REFUSED.value: "warn",
}
CHUNK = 2_000


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnly[SecurityEvent]):
    list_display = ("what", "account", "actor", "address", "detail", "happened")
    list_select_related = ("user", "by")
    list_filter = ("kind",)
    search_fields = ("user__email", "user__full_name", "=address")
    search_help_text = gettext_lazy("Name or e-mail address of the account, or IP address")
    fields = ("kind", "at", "user", "by", "address", "detail")
    ordering = ("-id",)
    list_before_template = "desk/security_events.html"
    empty_title = gettext_lazy("No security events")
    empty_text = gettext_lazy(
        "Sign-ins, failed attempts and changes of roles, passwords and second factors are listed "
        "here."
    )

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_safe(self.export_view))
        named = path("export/", export, name="routing_securityevent_export")
        return [named, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        query = request.GET.urlencode()
        export = address(SecurityEvent, "export") + (f"?{query}" if query else "")
        page: HttpResponse = super().changelist_view(
            request, {"export": export, **(extra_context or {})}
        )
        return page

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send the list as it is filtered, as CSV with times in UTC."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.filtered(request)
        heading = (
            "number",
            "at",
            "event",
            "account",
            "account_email",
            "by",
            "ip_address",
            "detail",
        )
        name = f"security-events-{timezone.now():%Y%m%dT%H%M%SZ}.csv"
        return as_csv(name, heading, _exported(rows.select_related("user", "by")))

    @admin.display(description=gettext_lazy("event"), ordering="kind")
    def what(self, row: SecurityEvent) -> SafeString | str:
        words = row.get_kind_display()
        return badge(words, TONES[row.kind]) if row.kind in TONES else words

    @admin.display(description=gettext_lazy("account"))
    def account(self, row: SecurityEvent) -> Any:
        if row.user is not None:
            return row.user
        return _("Unknown address") if row.typed else NOTHING

    @admin.display(description=gettext_lazy("by"))
    def actor(self, row: SecurityEvent) -> Any:
        return row.by or NOTHING

    @admin.display(description=gettext_lazy("when"), ordering="id")
    def happened(self, row: SecurityEvent) -> SafeString | str:
        return when(row.at)


def _exported(rows: Any) -> Iterator[tuple[Any, ...]]:
    for row in rows.iterator(chunk_size=CHUNK):
        user = row.user
        yield (
            row.pk,
            row.at.isoformat(),
            row.kind,
            user or "",
            user.email if user else "",
            row.by or "",
            row.address,
            row.detail,
        )
