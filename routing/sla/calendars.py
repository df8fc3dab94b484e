"""Working hours of the agency, a team or a client: weekly hours, holidays and their assignment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.people.staff import Team, validate_timezone
from routing.sla.days_off import read_days_off
from routing.sla.hours import Hours, Window
from routing.sla.public_holidays import (
    countries,
    misses_days,
    public_holidays,
    subdivision_names,
)
from routing.sla.week import WORKING_WEEK, BadHours, read_week


def validate_week(written: Any) -> None:
    try:
        read_week(written)
    except BadHours as bad:
        raise ValidationError(str(bad)) from bad


def validate_dates(written: Any) -> None:
    try:
        read_days_off(written, strict=True)
    except BadHours as bad:
        raise ValidationError(str(bad)) from bad


def wrong(field: str, message: str, **params: str) -> ValidationError:
    """Return a validation error for one field."""
    return ValidationError({field: message % params})


def working_week() -> dict[str, list[str]]:
    return {day: list(windows) for day, windows in WORKING_WEEK.items()}


class Calendar(models.Model):
    """
    Weekly hours in one time zone, and the days off.

    ``version`` rises with every change (see ``operations.calendars.save_calendar``). A change
    affects only clocks that start later: an open clock keeps its hours and holidays.
    """

    redactable = ("name", "extra_dates")
    impersonal = ("slug", "timezone", "hours", "holiday_country", "holiday_subdivision")

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=80, unique=True)
    timezone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_timezone]
    )
    hours = models.JSONField(
        _("weekly hours"),
        default=working_week,
        validators=[validate_week],
        help_text=_(
            "Opening hours by day: {“mon”: [“09:00-12:30”, “13:30-17:30”]}. Missing days are "
            "closed. 24:00 ends a day."
        ),
    )
    holiday_country = models.CharField(
        _("public holidays of"),
        max_length=2,
        blank=True,
        default="",
        help_text=_("Country code, such as DE. Leave empty for none."),
    )
    holiday_subdivision = models.CharField(
        _("region"),
        max_length=10,
        blank=True,
        default="",
        help_text=_("Such as ENG or BY, where holidays differ by region."),
    )
    holiday_national_only = models.BooleanField(
        _("national days only"),
        default=False,
        db_default=False,  # during a deployment, older code inserts rows without this column
        help_text=_("Leave out the days that only some regions have."),
    )
    extra_dates = models.JSONField(
        _("other days off"),
        default=dict,
        blank=True,
        validators=[validate_dates],
        help_text=_(
            "Dates with the hours that stay open, if any, and names: {“2026-12-24”: "
            "“09:00-13:00 Christmas Eve”}."
        ),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ("name",)
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        known = countries()
        code, part = self.holiday_country, self.holiday_subdivision
        if code and code not in known:
            raise wrong(
                "holiday_country",
                gettext(
                    "No public holidays are known for “%(code)s”. Enter a code such as GB or DE."
                ),
                code=code,
            )
        parts = known.get(code, [])
        if part and part not in parts:
            message = gettext("“%(part)s” is not a region of this country. Regions: %(parts)s.")
            raise wrong("holiday_subdivision", message, part=part, parts=", ".join(parts) or "-")
        if part and self.holiday_national_only:
            raise wrong(
                "holiday_subdivision", gettext("Choose a region or national days only, not both.")
            )
        if self.misses_regional_days:
            raise wrong(
                "holiday_subdivision",
                gettext(
                    "Every region of this country has public holidays that the national list does "
                    "not have. Choose a region, or “National days only”. Regions: %(parts)s."
                ),
                parts=", ".join(f"{name} ({key})" for key, name in subdivision_names(code).items()),
            )

    @property
    def misses_regional_days(self) -> bool:
        """
        Return whether days off are missing because no region was chosen, and not on purpose.
        """
        chosen = self.holiday_subdivision or self.holiday_national_only
        return not chosen and misses_days(self.holiday_country)

    def hours_from(self, year: int, years: int) -> Hours:
        """
        Return the hours with the holidays of some years, ``year`` being the first.

        :raises BadHours: if hours or dates bypassed validation
        :raises NotImplementedError: if the country did
        """
        week = read_week(self.hours)
        names = dict(public_holidays(self.holiday_country, self.holiday_subdivision, year, years))
        changed = {}
        for day, other in read_days_off(self.extra_dates).items():
            if year <= day.year < year + years:
                names[day] = other.name or names.get(day, "")
                changed[day] = other.windows(week[day.weekday()])
        opened = {day: windows for day, windows in changed.items() if windows}
        closed = frozenset(names) - {*opened}
        return Hours(self.name, self.timezone, week, closed, names, opened)


class CalendarUse(models.Model):
    """
    Assignment of a calendar to a team or a client or, without either, to the agency.

    Teams and clients without an assignment use the agency's calendar.
    """

    calendar = models.ForeignKey(
        Calendar, on_delete=models.PROTECT, related_name="uses", verbose_name=_("calendar")
    )
    team = models.OneToOneField(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="calendar_use",
        verbose_name=_("team"),
    )
    client = models.OneToOneField(
        Client,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="calendar_use",
        verbose_name=_("client"),
    )

    history = Tracked()

    class Meta:
        verbose_name = _("calendar assignment")
        verbose_name_plural = _("calendar assignments")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(team=None) | models.Q(client=None),
                name="calendar_use_names_one",
                violation_error_message=_("Choose a team or a client, not both."),
            ),
            # A unique index over a constant allows one row that meets the condition.
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(team=None, client=None),
                name="one_agency_calendar",
                violation_error_message=_("The agency already has a calendar."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.calendar} · {self.team or self.client or _('agency')}"


def agency_calendar() -> Calendar | None:
    use = CalendarUse.objects.filter(team=None, client=None).select_related("calendar").first()
    return use.calendar if use else None


def agency_zone() -> ZoneInfo:
    """Return the time zone of the agency's calendar, in which days without one are meant."""
    calendar = agency_calendar()
    return ZoneInfo(calendar.timezone if calendar else "UTC")


def open_minutes(windows: Sequence[Window]) -> int:
    return sum(closes - opens for opens, closes in windows)


def working_day() -> timedelta | None:
    """Return how long a working day of the agency is, or None if they differ or are unknown."""
    calendar = agency_calendar()
    week = read_week(calendar.hours) if calendar else ()
    lengths = {open_minutes(windows) for windows in week if windows}
    return timedelta(minutes=lengths.pop()) if len(lengths) == 1 else None
