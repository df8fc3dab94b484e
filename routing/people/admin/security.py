"""Security events at the desk: read only, searched by account and address, and exported."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from routing.desk.admin.exports import export_list
from routing.desk.export_columns import ColumnType, ExportColumn
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


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnly[SecurityEvent]):
    list_name = "security_events"
    export_columns = (
        ExportColumn("number", gettext_lazy("number"), "pk", ColumnType.NUMBER),
        ExportColumn("at", gettext_lazy("at"), "at", ColumnType.INSTANT),
        ExportColumn("event", gettext_lazy("event"), "kind"),
        ExportColumn("account", gettext_lazy("account"), "user.full_name"),
        ExportColumn("account_email", gettext_lazy("e-mail of the account"), "user.email"),
        ExportColumn("by", gettext_lazy("by"), "by.full_name"),
        ExportColumn("ip_address", gettext_lazy("IP address"), "address"),
        ExportColumn("detail", gettext_lazy("detail"), "detail"),
    )
    list_display = ("what", "account", "actor", "address", "detail", "happened")
    list_select_related = ("user", "by")
    list_filter = ("kind",)
    search_fields = ("user__email", "user__full_name", "=address")
    search_help_text = gettext_lazy("Name or e-mail address of the account, or IP address")
    fields = ("kind", "at", "user", "by", "address", "detail")
    ordering = ("-id",)
    empty_title = gettext_lazy("No security events")
    empty_text = gettext_lazy(
        "Sign-ins, failed attempts and changes of roles, passwords and second factors are listed "
        "here."
    )

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_safe(self.export_view))
        named = path("export/", export, name="routing_securityevent_export")
        return [named, *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send the list as it is filtered as CSV, at the address that scripts know."""
        return export_list(request, self.list_name)

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
