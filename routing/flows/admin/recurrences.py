"""Calendar triggers as rows on the page of a flow version, with their next occurrences."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from routing.flows.admin.version_parts import PartOfVersion
from routing.flows.admin.versions import part_of_version
from routing.flows.recurrence_faults import ON_WEEKDAYS
from routing.flows.recurrence_words import DAYS, next_occurrences, recurrence_words
from routing.flows.recurrences import Recurrence
from routing.people.clients import Client
from routing.sla.calendars import Calendar, agency_zone


class RecurrenceForm(forms.ModelForm[Recurrence]):
    """Choices by name, in place of the codes that are stored."""

    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        choices=list(DAYS.items()),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), widget=UnfoldAdminSelectWidget)
    calendar = forms.ChoiceField(
        label=gettext_lazy("Days off of"), required=False, widget=UnfoldAdminSelectWidget
    )
    client = forms.ChoiceField(
        label=gettext_lazy("For client"), required=False, widget=UnfoldAdminSelectWidget
    )
    at = forms.TimeField(
        label=gettext_lazy("Time"),
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "09:00", "size": 6}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        calendars = list(Calendar.objects.values_list("slug", "name"))
        clients = [
            (code, f"{name} ({code})") for code, name in Client.objects.values_list("code", "name")
        ]
        zones = [(name, name.replace("_", " ")) for name in sorted(available_timezones())]
        for name, first, known in (
            ("zone", [], zones),
            ("calendar", [("", _("The agency"))], calendars),
            ("client", [("", _("No client"))], clients),
        ):
            # What is stored stays a choice, also after its row has gone.
            stored = getattr(row, name)
            other = [(stored, stored)] if stored and stored not in dict(known) else []
            self.fields[name].choices = [*first, *known, *other]  # type: ignore[attr-defined]
        self.fields["zone"].initial = row.zone or str(agency_zone())
        if row.pk:
            self.initial["at"] = f"{row.at:%H:%M}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("every") in ON_WEEKDAYS and not cleaned.get("weekdays"):
            self.add_error("weekdays", _("Choose a weekday."))
        return cleaned


@part_of_version
class RecurrencesOfVersion(PartOfVersion):
    model = Recurrence
    form = RecurrenceForm
    template = "admin/edit_inline/stacked.html"  # more than fits into the row of a table
    fields = (
        "name",
        "interval",
        "every",
        "weekdays",
        "nth",
        "month_day",
        "at",
        "zone",
        "start",
        "on_day_off",
        "calendar",
        "client",
        "upcoming",
    )
    readonly_fields = ("upcoming", "said")
    verbose_name = gettext_lazy("calendar trigger")
    verbose_name_plural = gettext_lazy("Calendar triggers")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if self.has_change_permission(request, obj) else ("said", "upcoming")

    @staticmethod
    def said(row: Recurrence) -> str:
        return recurrence_words(row)

    said.short_description = gettext_lazy("starts the flow")  # type: ignore[attr-defined]

    @staticmethod
    def upcoming(row: Recurrence) -> SafeString | str:
        if row._state.adding:
            return _("Save to see the next five times.")
        times = [(each,) for each in next_occurrences(row, timezone.now())]
        return format_html_join("", "<div>{}</div>", times) or _("Never")

    upcoming.short_description = gettext_lazy("next times")  # type: ignore[attr-defined]
