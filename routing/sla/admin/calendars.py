"""
Calendars at the desk. Every change raises the version, and open clocks keep their hours.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from routing.desk.base import ModelT, actor
from routing.desk.forms import long_text
from routing.desk.lists import CommaList
from routing.desk.saved import Rows, SavedAdmin, SavedForm
from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.operations.calendars import save_calendar
from routing.sla.week import BadHours, read_dates, read_week

DAYS = {
    "mon": gettext_lazy("Monday"),
    "tue": gettext_lazy("Tuesday"),
    "wed": gettext_lazy("Wednesday"),
    "thu": gettext_lazy("Thursday"),
    "fri": gettext_lazy("Friday"),
    "sat": gettext_lazy("Saturday"),
    "sun": gettext_lazy("Sunday"),
}
WINDOWS = gettext_lazy("Such as 09:00-12:30, 13:30-17:30. Leave empty if closed.")


class CalendarForm(SavedForm):
    """Form with a field for each day of the week, and one for the days off."""

    mon, tue, wed, thu, fri, sat, sun = (
        CommaList(label=label, help_text=WINDOWS) for label in DAYS.values()
    )
    days_off = long_text(
        gettext_lazy("Other days off"),
        error="",
        required=False,
        rows=4,
        max_length=5_000,
        help_text=gettext_lazy("One per line: date and name, such as 2026-12-24 Christmas Eve."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in DAYS:
            self.initial[day] = self.instance.hours.get(day, [])
        self.initial["days_off"] = "\n".join(
            f"{date} {name}" for date, name in sorted(self.instance.extra_dates.items())
        )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        hours = {day: found[day] for day in DAYS if found.get(day)}
        for day, windows in hours.items():
            self.try_to_read(day, read_week, {day: windows})
        dates = {}
        for line in found.get("days_off", "").splitlines():
            if line.strip():
                day, *name = line.split(maxsplit=1)
                dates[day] = "".join(name).strip()
        self.try_to_read("days_off", read_dates, dates)
        if not self.errors:
            self.instance.hours, self.instance.extra_dates = hours, dates
        return found

    def try_to_read(self, field: str, read: Any, written: Any) -> None:
        try:
            read(written)
        except BadHours as bad:
            self.add_error(field, str(bad))


class UsesOfCalendar(Rows):
    model = CalendarUse
    fields = ("team", "client")
    verbose_name = gettext_lazy("use")
    verbose_name_plural = gettext_lazy("Applies to a team or a client. With neither, to the agency")


class Careful(SavedAdmin[ModelT]):
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("slug", "version") if obj else ("version",)


@admin.register(Calendar)
class CalendarAdmin(Careful[Calendar]):
    form = CalendarForm
    list_display = ("name", "timezone", "holiday_country", "version")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    fields = (
        "name",
        "slug",
        "timezone",
        *DAYS,
        "holiday_country",
        "holiday_subdivision",
        "days_off",
        "version",
        "reason",
    )
    inlines = (UsesOfCalendar,)
    empty_title = gettext_lazy("No calendars")
    empty_text = gettext_lazy("Add the agency's working hours. SLA targets are counted in them.")

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        save_calendar(obj, by=actor(request), at=timezone.now(), reason=form.cleaned_data["reason"])
