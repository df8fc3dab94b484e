"""
Calendars at the desk. Every change raises the version, and says what becomes of open clocks.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from routing.desk.base import ModelT, actor
from routing.desk.forms import choice, long_text
from routing.desk.lists import CommaList
from routing.desk.saved import Rows, SavedAdmin
from routing.sla.admin.promises import PromiseForm, changes_of, context_of
from routing.sla.calendars import Calendar, CalendarUse
from routing.sla.days_off import read_days_off, read_lines, write_changed_day, write_lines
from routing.sla.operations.calendars import save_calendar
from routing.sla.public_holidays import country_names, open_ended, subdivision_names
from routing.sla.recount import clocks_of_calendar, terms_of_calendar
from routing.sla.week import BadHours, read_week
from routing.work.display import badge

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


NATIONAL = "national"


def holiday_countries() -> list[tuple[str, Any]]:
    named = [(code, f"{name} ({code})") for code, name in country_names().items()]
    return [("", gettext_lazy("None")), *named]


def holiday_regions() -> list[tuple[str, Any]]:
    """Return the regions by country, as ISO 3166-2 codes, which are unique."""
    found: list[tuple[str, Any]] = [
        ("", gettext_lazy("Not needed")),
        (NATIONAL, gettext_lazy("National days only")),
    ]
    for code, name in country_names().items():
        parts = [(f"{code}-{part}", label) for part, label in subdivision_names(code).items()]
        if parts:
            found.append((name, parts))
    return found


class RegionField(forms.ChoiceField):
    """A region such as GB-ENG. The code alone, such as ENG, is taken as well."""

    def valid_value(self, value: Any) -> bool:
        return super().valid_value(value) or "-" not in value


class CalendarForm(PromiseForm):
    """Form with a field for each day of the week, and one for the days off."""

    holiday_country = choice(gettext_lazy("Public holidays of"), holiday_countries, required=False)
    holiday_subdivision = RegionField(
        label=gettext_lazy("Region"),
        choices=holiday_regions,
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy(
            "Where every region has days of its own, such as in the United Kingdom or Germany, "
            "choose one, or national days only."
        ),
    )

    mon, tue, wed, thu, fri, sat, sun = (
        CommaList(label=label, help_text=WINDOWS) for label in DAYS.values()
    )
    days_off = long_text(
        gettext_lazy("Days off and half days"),
        error="",
        required=False,
        rows=6,
        max_length=50_000,
        help_text=gettext_lazy(
            "One per line: the date or a range, the hours that stay open if any, and a name. Such "
            "as 2026-12-24 09:00-13:00 Christmas Eve, 2026-12-31 until 13:00, or 2026-12-28 - "
            "2026-12-30 Closed. Without hours the whole day is off."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["holiday_subdivision"] = region_of(self.instance)
        for day in DAYS:
            self.initial[day] = self.instance.hours.get(day, [])
        self.initial["days_off"] = write_lines(read_days_off(self.instance.extra_dates))

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        hours = {day: found[day] for day in DAYS if found.get(day)}
        for day, windows in hours.items():
            self.try_to_read(day, read_week, {day: windows})
        week = None if any(day in self.errors for day in DAYS) or not hours else read_week(hours)
        self.read_region(found)
        lines, holidays = found.get("days_off", ""), self.known_holidays(found)
        days = self.try_to_read("days_off", read_lines, lines, week, holidays) or {}
        if not self.errors:
            self.instance.hours = hours
            self.instance.extra_dates = {
                day.isoformat(): write_changed_day(changed) for day, changed in sorted(days.items())
            }
        return found

    def read_region(self, found: dict[str, Any]) -> None:
        """Divide a region such as GB-ENG into country and part."""
        chosen = found.get("holiday_subdivision", "")
        self.instance.holiday_national_only = chosen == NATIONAL
        country, dash, part = chosen.rpartition("-")
        found["holiday_subdivision"] = "" if chosen == NATIONAL else part
        # A region that is sent without a country names it.
        if dash and not found.get("holiday_country") and "holiday_country" not in self.errors:
            found["holiday_country"] = country
        if dash and found.get("holiday_country") not in {country, None}:
            self.add_error(
                "holiday_subdivision",
                _("%(region)s is a region of %(country)s.")
                % {"region": chosen, "country": country_names()[country]},
            )

    def known_holidays(self, found: dict[str, Any]) -> Container[date]:
        try:
            return open_ended(
                found.get("holiday_country") or "", found.get("holiday_subdivision") or ""
            )
        except NotImplementedError:
            return ()  # the region is refused later

    def try_to_read(self, field: str, read: Any, *written: Any) -> Any:
        try:
            return read(*written)
        except BadHours as bad:
            self.add_error(field, str(bad))
            return None


def region_of(calendar: Calendar) -> str:
    """Return the choice of the form for the region of a calendar."""
    if calendar.holiday_national_only:
        return NATIONAL
    part = calendar.holiday_subdivision
    return f"{calendar.holiday_country}-{part}" if part else ""


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
    list_display = ("name", "timezone", "holidays", "version")
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
        "scope",
        "reason",
    )
    change_form_after_template = "desk/promises.html"
    inlines = (UsesOfCalendar,)
    empty_title = gettext_lazy("No calendars")
    empty_text = gettext_lazy("Add the agency's working hours. SLA targets are counted in them.")

    @admin.display(description=gettext_lazy("public holidays"), ordering="holiday_country")
    def holidays(self, row: Calendar) -> SafeString | str:
        if row.misses_regional_days:
            return badge(
                _("%(country)s, region missing") % {"country": row.holiday_country}, "warn"
            )
        if row.holiday_national_only:
            return _("%(country)s, national days only") % {"country": row.holiday_country}
        return region_of(row) or row.holiday_country

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show what a change would make of open work."""
        form = context["adminform"].form
        calendar = form.instance
        if calendar.pk:
            context["promise_changes"] = changes_of(calendar=calendar.pk)
            if form.asks_only:
                terms = terms_of_calendar(calendar)
                context |= context_of(request, clocks_of_calendar(calendar), terms)
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        save_calendar(
            obj,
            by=actor(request),
            at=timezone.now(),
            reason=form.cleaned_data["reason"],
            scope=form.cleaned_data["scope"],
        )
