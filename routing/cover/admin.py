"""Absences, and the agency's default owner and backup, at the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.cover.operations.agency import save_agency
from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin, SavedForm
from routing.work.display import badge, when


def moment(label: Any, *, help_text: Any = "") -> forms.DateTimeField:
    """Return the browser's own field for a date and a time."""
    widget = forms.DateTimeInput(
        {"type": "datetime-local", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%dT%H:%M"
    )
    return forms.DateTimeField(label=label, help_text=help_text, widget=widget)


class AbsenceForm(SavedForm):
    starts_at = moment(gettext_lazy("From"), help_text=gettext_lazy("In your time zone."))
    ends_at = moment(
        gettext_lazy("Due"), help_text=gettext_lazy("The first moment the person is back.")
    )


@admin.register(Absence)
class AbsenceAdmin(SavedAdmin[Absence]):
    form = AbsenceForm
    list_display = ("user", "starts", "ends", "status")
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

    @admin.display(description=gettext_lazy("from"), ordering="starts_at")
    def starts(self, row: Absence) -> SafeString | str:
        return when(row.starts_at)

    @admin.display(description=gettext_lazy("until"), ordering="ends_at")
    def ends(self, row: Absence) -> SafeString | str:
        return when(row.ends_at)

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
    fields = ("name", "team", "owner", "backup", "reason")
    people_fields = ("owner", "backup")
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
