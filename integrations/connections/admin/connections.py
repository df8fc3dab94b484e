"""Admin of connections: their health and settings. Secrets are never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters.registry import adapter_of
from integrations.base.connections import Connection
from integrations.connections.operations import check_address
from integrations.inbox.models import Inbound
from routing.desk.addresses import address
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin, SavedForm
from routing.people.saving import tell
from routing.work.display import NOTHING, badge, exact, when

# Settings of each kind of connection, as they are written.
EXAMPLES = {
    "hubspot": '{"portal_ids": [1234567], "properties": {"deal.hours": "sold_hours"}}',
    "wordpress": '{"seo_meta": {"title": "_yoast_wpseo_title"}, "settle_s": 60}',
    "static": '{"folder": "brewery"}',
}


class ConnectionForm(SavedForm):
    """Form for a connection. It refuses whatever the connection's kind refuses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "settings" in self.fields:
            example = EXAMPLES.get(self.instance.kind, "{}")
            text = _("Names in quotation marks with their values, such as %(example)s.")
            self.fields["settings"].help_text = text % {"example": example}

    def clean_settings(self) -> dict[str, Any]:
        found = self.cleaned_data["settings"]
        if not isinstance(found, dict):
            text = _("Enter names with their values in braces, such as %(example)s.")
            example = EXAMPLES.get(self.instance.kind, "{}")
            raise ValidationError(text % {"example": example})
        return found

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        adapter = adapter_of(self.instance.kind)
        if adapter is not None and "settings" in found:
            try:
                adapter.check_settings(found["settings"])
            except ValueError as wrong:
                raise ValidationError({"settings": str(wrong)}) from None
        if adapter is not None and "base_url" in found:
            try:
                check_address(self.instance, found["base_url"])
            except ValueError as wrong:
                raise ValidationError({"base_url": str(wrong)}) from None
        return found


@admin.register(Connection)
class ConnectionAdmin(SavedAdmin[Connection]):
    form = ConnectionForm
    list_display = ("name", "kind", "health", "answered", "said", "delivered", "is_on")
    list_filter = ("kind", "is_active")
    search_fields = ("name", "slug")
    search_help_text = gettext_lazy("Name or slug")
    fields = (
        "name",
        "slug",
        "kind",
        "health",
        "said",
        "hook",
        "secrets",
        "base_url",
        "public_url",
        "settings",
        "private",
        "default_team",
        "default_owner",
        "default_backup",
        "health_owner",
        "health_backup",
        "incident_percent",
        "incident_calls",
        "incident_minutes",
        "backlog_minutes",
        "is_active",
        "reason",
    )
    readonly_fields = ("slug", "kind", "health", "said", "hook", "secrets", "private")
    owner_fields = ("default_owner", "default_backup", "health_owner", "health_backup")
    empty_title = gettext_lazy("No connections")
    empty_text = gettext_lazy(
        "An administrator adds connections with manage.py connect, which also stores the secrets."
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # secrets are given to a command, never to a page

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if self.has_change_permission(request, obj) else self.fields[:-1]

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            tell("integrations.connection.edit", obj.pk, by=actor(request), at=timezone.now())

    @admin.display(description=gettext_lazy("health"))
    def health(self, row: Connection) -> SafeString:
        now = timezone.now()
        if not row.is_active:
            return badge(_("Inactive"))
        if row.paused_until is not None and row.is_paused(now):
            return format_html(
                "{} {}",
                badge(_("Paused until %(at)s") % {"at": exact(row.paused_until)}, "bad"),
                when(row.paused_until, now),
            )
        if row.failures:
            return badge(_("%(count)s failures in a row") % {"count": row.failures}, "warn")
        return badge(_("Healthy"), "good") if row.last_ok_at else badge(_("Not used yet"))

    @admin.display(description=gettext_lazy("last response"), ordering="last_ok_at")
    def answered(self, row: Connection) -> SafeString | str:
        return when(row.last_ok_at)

    @admin.display(description=gettext_lazy("last error"))
    def said(self, row: Connection) -> str:
        return row.last_error or NOTHING

    @admin.display(description=gettext_lazy("active"), ordering="is_active")
    def is_on(self, row: Connection) -> str:
        return _("Yes") if row.is_active else _("No")

    @admin.display(description=gettext_lazy("times received"))
    def delivered(self, row: Connection) -> SafeString:
        url = f"{address(Inbound, 'changelist')}?connection__id__exact={row.pk}"
        return format_html(
            '<a class="tl-link" href="{}">{}<span class="tl-sr"> {}</span></a>',
            url,
            _("Inbound webhooks"),
            row.name,
        )

    @admin.display(description=gettext_lazy("webhook address"))
    def hook(self, row: Connection) -> str:
        return row.hook_url

    @admin.display(description=gettext_lazy("secrets"))
    def secrets(self, row: Connection) -> str:
        signing = _("signing secret set") if row.signing_secrets else _("no signing secret")
        token = _("token set") if row.token else _("no token")
        return _(
            "%(signing)s, %(token)s. Secrets are never shown. Change them with manage.py connect."
        ) % {
            "signing": signing,
            "token": token,
        }

    @admin.display(description=gettext_lazy("allowed private addresses"))
    def private(self, row: Connection) -> str:
        origins = sorted(row.private_origins, key=str)
        return ", ".join(f"{each.scheme}://{each.host}:{each.port}" for each in origins) or NOTHING
