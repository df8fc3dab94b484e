"""Absences, and the agency's default owner and backup, at the desk."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.cover.absences import Absence
from routing.cover.admin_forms import AbsenceForm
from routing.cover.agency import Agency
from routing.cover.operations.agency import save_agency
from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin
from routing.work.display import badge


def reader() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


@admin.register(Absence)
class AbsenceAdmin(SavedAdmin[Absence]):
    form = AbsenceForm
    list_display = ("user", "period", "status")
    list_select_related = ("user",)
    search_fields = ("user__full_name",)
    search_help_text = gettext_lazy("Name")
    fields = ("user", "starts_at", "ends_at", "reason")
    people_fields = ("user",)
    empty_title = gettext_lazy("No absences")
    empty_text = gettext_lazy(
        "Add times when a person cannot take work. Absent people get no new work, and their backup "
        "covers for them."
    )

    @admin.display(description=gettext_lazy("away"), ordering="starts_at")
    def period(self, row: Absence) -> str:
        return row.in_both_zones(reader())

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        period = obj.in_both_zones(reader())
        messages.info(request, _("%(who)s: %(period)s.") % {"who": obj.user, "period": period})

    @admin.display(description=gettext_lazy("status"))
    def status(self, row: Absence) -> SafeString:
        now = timezone.now()
        if row.starts_at <= now < row.ends_at:
            return badge(_("Away now"), "warn")
        if row.starts_at > now:
            return badge(_("Planned"), "info")
        return badge(_("Ended"))


@admin.register(Agency)
class AgencyAdmin(SavedAdmin[Agency]):
    fields = ("name", "team", "owner", "backup", "security_owner", "reason")
    owner_fields = ("owner", "backup", "security_owner")
    heading = gettext_lazy("Default owner and backup")
    empty_title = gettext_lazy("No agency")
    empty_text = gettext_lazy(
        "Add the agency: a name, a team, and a default owner and backup for work that has no other "
        "owner. Work can then come in."
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Agency.objects.exists()

    def save_model(self, request: HttpRequest, obj: Agency, form: Any, change: bool) -> None:
        save_agency(
            obj, by=actor(request), at=timezone.now(), reason=form.cleaned_data.get("reason", "")
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go straight to the only row."""
        only = Agency.objects.first()
        if only is not None and self.has_view_permission(request):
            return HttpResponseRedirect(page_of(only))
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page
