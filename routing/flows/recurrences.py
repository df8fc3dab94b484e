"""
Calendar triggers: a recurrence belongs to a flow version, its schedule to the flow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar
from zoneinfo import available_timezones

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, field_validator

from routing.flows.models import Flow, FlowVersion, VersionPart
from routing.flows.registry import VersionRows, with_version
from routing.flows.rhythm import WEEKDAYS, Every, OnDayOff, Rhythm
from routing.kernel.days import IsWorkingDay, can_be_meant
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.staff import validate_timezone
from routing.sla.calendars import Calendar, agency_calendar
from routing.sla.working_days import is_weekday, working_day_test

KEY = "recurrences"  # in the file of a flow
MOST_MONTHS = 120
NAME_LENGTH = 60

grant("routing.view_recurrence", AM, QA, OPS, INTEGRATIONS, AUDITOR)
for _verb in ("add", "change", "delete"):
    grant(f"routing.{_verb}_recurrence", OPS)


class Recurrence(VersionPart):
    """
    A calendar trigger: when the flow starts by itself, such as every second Tuesday at 9:00.

    ``name`` tells it from the others of the flow, also across versions.
    """

    class Kind(models.TextChoices):
        DAY = Every.DAY, _("Days")
        WEEK = Every.WEEK, _("Weeks, on weekdays")
        MONTH_DAY = Every.MONTH_DAY, _("Months, on a day")
        MONTH_WEEKDAY = Every.MONTH_WEEKDAY, _("Months, on a weekday")
        FIRST_WORKING_DAY = Every.FIRST_WORKING_DAY, _("Months, on the first working day")
        LAST_WORKING_DAY = Every.LAST_WORKING_DAY, _("Months, on the last working day")

    class DayOff(models.TextChoices):
        RUN = OnDayOff.RUN, _("Run anyway")
        NEXT = OnDayOff.NEXT, _("Run on the next working day")
        PREVIOUS = OnDayOff.PREVIOUS, _("Run on the working day before")
        SKIP = OnDayOff.SKIP, _("Leave it out")

    class Nth(models.IntegerChoices):
        FIRST = 1, _("First")
        SECOND = 2, _("Second")
        THIRD = 3, _("Third")
        FOURTH = 4, _("Fourth")
        LAST = -1, _("Last")

    redactable = ("name",)
    impersonal = ("every", "weekdays", "zone", "on_day_off", "calendar", "client")

    version = models.ForeignKey(
        FlowVersion, on_delete=models.CASCADE, related_name="recurrences", verbose_name=_("version")
    )
    name = models.CharField(
        _("name"), max_length=NAME_LENGTH, help_text=_("Such as Monthly report.")
    )
    interval = models.PositiveSmallIntegerField(
        _("every"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MONTHS)],
        help_text=_("1 is each, 2 every second."),
    )
    every = models.CharField(_("unit"), max_length=20, choices=Kind, default=Kind.WEEK)
    weekdays = models.JSONField(_("weekdays"), blank=True, default=list)
    nth = models.SmallIntegerField(_("which of the month"), choices=Nth, default=Nth.FIRST)
    month_day = models.PositiveSmallIntegerField(
        _("day of the month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("In a shorter month, its last day."),
    )
    at = models.TimeField(_("time"), default=time(9))
    zone = models.CharField(_("time zone"), max_length=64, validators=[validate_timezone])
    start = models.DateField(_("from"), help_text=_("Intervals are counted from this day."))
    on_day_off = models.CharField(
        _("on a day off"), max_length=10, choices=DayOff, default=DayOff.RUN
    )
    calendar = models.CharField(_("days off of"), max_length=50, blank=True, default="")
    client = models.CharField(_("for client"), max_length=20, blank=True, default="")

    class Meta:
        verbose_name = _("calendar trigger")
        verbose_name_plural = _("calendar triggers")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("version", "name"),
                name="recurrence_name_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(
            every=Every(self.every),
            start=self.start,
            at=self.at,
            zone=self.zone,
            interval=self.interval,
            weekdays=tuple(sorted(WEEKDAYS.index(day) for day in self.weekdays)),
            nth=self.nth,
            month_day=self.month_day,
            on_day_off=OnDayOff(self.on_day_off),
        )


class Schedule(models.Model):
    """
    A calendar trigger of a flow across its versions, and when it is due next.

    ``day`` is the next day by the rule and ``at`` the instant, which a day off may have moved.
    ``calendar`` says which version of which calendar that was planned with.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("name",)
    impersonal = ("calendar",)

    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="schedules")
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    recurrence = models.ForeignKey(
        Recurrence, on_delete=models.PROTECT, null=True, related_name="+"
    )
    day = models.DateField(null=True)
    at = models.DateTimeField(null=True)
    last_day = models.DateField(null=True)
    calendar = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("flow", "name"), name="schedule_name_once"),)
        indexes = (
            models.Index(
                fields=["at", "id"], condition=models.Q(at__isnull=False), name="schedule_due_idx"
            ),
        )

    def __str__(self) -> str:
        return f"{self.flow}: {self.name}"


# -- Days off --------------------------------------------------------------------------------------


class DaysOff:
    """The calendars by slug, as they are now. Empty means that of the agency."""

    def __init__(self) -> None:
        self._calendars = {each.slug: each for each in Calendar.objects.all()}
        self._agency = agency_calendar()
        self._tests: dict[str, IsWorkingDay] = {}

    def stamps(self) -> list[str]:
        """Return the stamps of schedules that were planned with the calendars of now."""
        return ["", *(self._stamp(slug) for slug in ("", *self._calendars))]

    def stamp_of(self, row: Recurrence) -> str:
        return self._stamp(row.calendar) if row.rhythm.asks_calendar else ""

    def _stamp(self, slug: str) -> str:
        found = self._calendars.get(slug) if slug else self._agency
        return f"{slug}:{found.pk}.{found.version}" if found else f"{slug}:none"

    def working_days(self, row: Recurrence) -> IsWorkingDay:
        """Return the test whether a day is a working day to a recurrence."""
        slug = row.calendar
        if slug not in self._tests:
            calendar = self._calendars.get(slug) if slug else self._agency
            self._tests[slug] = working_day_test(calendar) if calendar else is_weekday
        return self._tests[slug]


# -- In the file of a flow -------------------------------------------------------------------------


def _day(value: Any) -> date:
    """:raises ValueError: if it is no day, or of a year in which nothing here can happen"""
    day = value if isinstance(value, date) else date.fromisoformat(str(value))
    if not can_be_meant(day):
        raise ValueError("is not a day on which anything here can happen")
    return day


class RecurrenceShape(BaseModel):
    """A calendar trigger in the file of a flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(min_length=1, max_length=NAME_LENGTH)]
    every: Every
    interval: int = Field(default=1, ge=1, le=MOST_MONTHS)
    weekdays: Annotated[tuple[StrictStr, ...], Field(max_length=len(WEEKDAYS))] = ()
    nth: int = 1
    month_day: int = Field(default=1, ge=1, le=31)
    at: Annotated[StrictStr, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: StrictStr
    start: Annotated[date, BeforeValidator(_day)]
    on_day_off: OnDayOff = OnDayOff.RUN
    calendar: Annotated[StrictStr, Field(max_length=50)] = ""
    client: Annotated[StrictStr, Field(max_length=20)] = ""

    @field_validator("weekdays")
    @classmethod
    def _known_days(cls, days: Sequence[str]) -> Sequence[str]:
        if not set(days) <= set(WEEKDAYS) or len(set(days)) < len(days):
            raise ValueError(f"has a day that is none, or twice. Days are {', '.join(WEEKDAYS)}")
        return days

    @field_validator("nth")
    @classmethod
    def _known_place(cls, nth: int) -> int:
        if nth not in Recurrence.Nth.values:
            raise ValueError("is none of 1, 2, 3, 4 and -1 for the last")
        return nth

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("is no time zone such as Europe/Berlin")
        return zone


_COLUMNS = tuple(RecurrenceShape.model_fields)


def _read(version: FlowVersion) -> Sequence[RecurrenceShape]:
    found = []
    for row in version.recurrences.all():
        values: Mapping[str, Any] = {name: getattr(row, name) for name in _COLUMNS} | {
            "every": Every(row.every),
            "on_day_off": OnDayOff(row.on_day_off),
            "at": f"{row.at:%H:%M}",
            "weekdays": tuple(row.weekdays),
        }
        found.append(RecurrenceShape.model_construct(**values))
    return found


def _write(version: FlowVersion, rows: Sequence[RecurrenceShape]) -> None:
    Recurrence.objects.bulk_create(
        Recurrence(
            version=version,
            **row.model_dump(exclude={"at", "weekdays"}),
            weekdays=list(row.weekdays),
            at=datetime.strptime(row.at, "%H:%M").time(),  # noqa: DTZ007 - a time of any zone
        )
        for row in rows
    )


with_version(VersionRows(KEY, Recurrence, RecurrenceShape, _read, _write, checkpoint=False))
