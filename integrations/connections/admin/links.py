"""Admin of external links: the external objects that stand for our rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from integrations.base.links import ExternalLink
from routing.desk.addresses import page_of
from routing.runs.admin.events import ReadOnly
from routing.work.display import NOTHING


@admin.register(ExternalLink)
class ExternalLinkAdmin(ReadOnly[ExternalLink]):
    heading = _("External links")
    list_display = ("external", "connection", "linked_type", "ours")
    list_select_related = ("connection", "client", "contact", "engagement__client", "item")
    list_filter = ("connection", "object_type")
    search_fields = ("=remote_id", "client__name", "engagement__name")
    search_help_text = _("External id, or name of a client or engagement")
    fields = ("connection", "object_type", "remote_id", "ours", "url")
    readonly_fields = fields
    empty_title = _("No external links")
    empty_text = _("A link is created when an object is first read from an external system.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related(*self.list_select_related)

    @admin.display(description=_("external object"), ordering="remote_id")
    def external(self, row: ExternalLink) -> SafeString:
        return format_html('{} <span class="tl-ref">{}</span>', row.object_type, row.remote_id)

    @admin.display(description=_("linked to"))
    def linked_type(self, row: ExternalLink) -> str:
        ours = row.client or row.contact or row.engagement or row.item
        return str(ours._meta.verbose_name).capitalize() if ours else NOTHING

    @admin.display(description=_("name"))
    def ours(self, row: ExternalLink) -> SafeString | str:
        ours = row.client or row.contact or row.engagement or row.item
        if ours is None:
            return NOTHING
        return format_html('<a class="tl-link" href="{}">{}</a>', page_of(ours), ours)
