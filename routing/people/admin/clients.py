"""Clients at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.desk.addresses import address
from routing.desk.base import actor
from routing.desk.export_columns import ExportColumn
from routing.desk.found_filters import BackupOfClient, OwnerOfClient, TeamOfClient
from routing.desk.saved import Rows, SavedAdmin
from routing.people.admin.client_merges import MergesClients
from routing.people.admin.memberships import KeepsMemberships
from routing.people.clients import Client, ClientDomain, Membership
from routing.people.saving import save_with_reason
from routing.work.display import badge
from routing.work.items import WorkItem
from routing.work.visibility import clients_seen_by, contacts_seen_by


class ContactsOfClient(Rows):
    model = Membership
    fields = ("contact", "role")
    verbose_name = _("contact")
    verbose_name_plural = _("contacts")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "contact":
            kwargs["queryset"] = contacts_seen_by(actor(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Client)
class ClientAdmin(MergesClients, KeepsMemberships[Client], SavedAdmin[Client]):
    list_name = "clients"
    export_columns = (
        ExportColumn("code", _("code"), "code"),
        ExportColumn("name", _("name"), "name"),
        ExportColumn("team", _("team"), "team.name"),
        ExportColumn("owner", _("owner"), "owner.full_name"),
        ExportColumn("backup", _("backup"), "backup.full_name"),
        ExportColumn("timezone", _("time zone"), "timezone"),
        ExportColumn("restricted", _("restricted"), lambda row: "yes" if row.restricted else "no"),
    )
    list_display = ("name", "code", "team", "owner", "backup", "timezone", "is_restricted", "work")
    list_filter = ("restricted", TeamOfClient, OwnerOfClient, BackupOfClient)
    list_select_related = ("team", "owner", "backup")
    search_fields = ("name", "code")
    search_help_text = _("Name or code")
    fields = ("name", "code", "timezone", "team", "owner", "backup", "restricted", "reason")
    owner_fields = ("owner", "backup")
    inlines = (ContactsOfClient,)
    change_form_outer_before_template = "desk/client.html"
    empty_title = _("No clients")
    empty_text = _("Add a client with its team, owner and backup. Then create its first request.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return clients_seen_by(actor(request)).order_by("name")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        more = self.merging(request, object_id)
        page: HttpResponse = super().change_view(
            request, object_id, form_url, {**more, **(extra_context or {})}
        )
        return page

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()  # references carry it

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        domain = ClientDomain(client=form.instance, domain=request.GET.get("domain", ""))
        if change or not domain.domain:
            return
        try:
            domain.full_clean()
        except ValidationError:
            return  # such as one that another client has; the page of the client can add it
        save_with_reason(domain, by=actor(request), at=timezone.now())

    def response_add(
        self, request: HttpRequest, obj: Client, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Lead back to the exception for which the client was created, with the client chosen."""
        case = request.GET.get("from_case", "")
        if not case.isdecimal():
            answer: HttpResponse = super().response_add(request, obj, post_url_continue)
            return answer
        self.message_user(request, gettext("Created %(client)s.") % {"client": obj})
        page = reverse("admin:routing_exceptioncase_change", args=[case])
        return HttpResponseRedirect(f"{page}?client={obj.pk}#fill-in")

    @admin.display(description=_("restricted"), ordering="restricted")
    def is_restricted(self, client: Client) -> SafeString | str:
        return badge(_("Restricted"), "warn") if client.restricted else ""

    @admin.display(description=_("work"))
    def work(self, client: Client) -> SafeString:
        url = f"{address(WorkItem, 'changelist')}?whose=all&client={client.pk}"
        return format_html(
            '<a class="tl-link" href="{}">{} <span class="tl-sr">{}</span></a>',
            url,
            _("Open work"),
            client.name,
        )
