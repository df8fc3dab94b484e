"""Report: a report of one month as it was sent. ReportSchedule: to whom it goes, and when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.reports.months import ClientMonth
from routing.kernel.history import Tracked
from routing.kernel.roles import Role
from routing.people.clients import Client, Contact
from routing.people.staff import User

LATE_AFTER = timedelta(hours=6)


class ReportScheduleQuerySet(models.QuerySet["ReportSchedule"]):
    def due(self, at: datetime) -> Self:
        """Filter for active schedules whose next report is due at ``at`` (aware)."""
        return self.filter(is_active=True, next_at__lte=at)


class ReportSchedule(models.Model):
    """
    The monthly report of a client: made on a day of the following month, at an hour of the client's
    time zone, and sent to its recipients.

    ``next_month`` is the first day of the month that is reported next, and ``next_at`` when.
    """

    client = models.OneToOneField(
        Client, on_delete=models.PROTECT, related_name="report_schedule", verbose_name=_("client")
    )
    day = models.PositiveSmallIntegerField(
        _("day of the month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text=_("Of the month after the one that is reported."),
    )
    hour = models.TimeField(
        _("time"), default=time(8), help_text=_("In the time zone of the client.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    next_month = models.DateField(_("next month"), null=True, editable=False)
    next_at = models.DateTimeField(_("next report"), null=True, editable=False, db_index=True)

    # These follow from the reports that were made, which are rows of their own.
    history = Tracked(excluded_fields=("next_month", "next_at"))
    objects = ReportScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        ordering = ("client__name", "id")
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return f"{self.client}, {self.day}, {self.hour:%H:%M}"

    def plan(self, month: date) -> None:
        """Set the month that is reported next, and when. It needs ``client``."""
        zone = ZoneInfo(self.client.timezone)
        following = ClientMonth(month, zone).following
        self.next_month = month
        self.next_at = datetime.combine(following.first.replace(day=self.day), self.hour, zone)


class ReportRecipient(models.Model):
    """
    Somebody who gets the reports of a schedule: a person, a contact of the client, or everybody
    with a role who may see the client.
    """

    impersonal = ("role",)

    schedule = models.ForeignKey(
        ReportSchedule,
        on_delete=models.CASCADE,
        related_name="recipients",
        verbose_name=_("report schedule"),
    )
    user = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("contact of the client"),
    )
    role = models.CharField(
        _("role"), max_length=30, choices=Role.choices, blank=True, default="", db_default=""
    )

    history = Tracked()

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ("schedule", "id")
        default_permissions = ("add", "change", "delete", "view")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, contact=None, role="")
                | models.Q(user=None, contact__isnull=False, role="")
                | (models.Q(user=None, contact=None) & ~models.Q(role="")),
                name="report_goes_to_one_of_them",
                violation_error_message=_("Choose a person, a contact or a role in each row."),
            ),
        )

    def __str__(self) -> str:
        return str(self.user or self.contact or self.get_role_display())


class Report(models.Model):
    """
    A report of one month of a client as it was made. Later changes of the work do not change it.

    ``words`` is what people read and ``data`` is the same for machines; every file is made of them.
    So erasing a person reaches all files. ``due_at`` is when its schedule wanted it, None for one
    that a person made.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("words", "data", "withdrawn_reason")

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="reports", verbose_name=_("client")
    )
    month = models.DateField(_("month"))
    schedule = models.ForeignKey(
        ReportSchedule,
        on_delete=models.PROTECT,
        null=True,
        related_name="reports",
        verbose_name=_("report schedule"),
    )
    words = models.JSONField(_("report"))
    data = models.JSONField(_("data"))
    made_at = models.DateTimeField(_("made"))
    made_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("made by")
    )
    due_at = models.DateTimeField(_("due"), null=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("withdrawn by"),
    )
    withdrawn_reason = models.CharField(
        _("reason of the withdrawal"), max_length=500, blank=True, default="", db_default=""
    )

    # What it says is in the row itself, where erasure reaches it.
    history = Tracked(excluded_fields=("words", "data"))

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ("-made_at", "-id")
        default_permissions = ("add", "view")
        constraints = (
            # Two workers that claim one schedule would both make its report.
            models.UniqueConstraint(
                fields=("schedule", "month"),
                condition=models.Q(schedule__isnull=False),
                name="report_once_a_month",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None)
                | (models.Q(withdrawn_by__isnull=False) & ~models.Q(withdrawn_reason="")),
                name="report_withdrawn_with_reason",
            ),
        )
        indexes = (models.Index(fields=["client", "month"], name="report_client_month_idx"),)

    def __str__(self) -> str:
        return f"{self.client}, {self.name}"

    @property
    def name(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def is_late(self) -> bool:
        """Return whether it was made long after its schedule wanted it, such as after an outage."""
        return self.due_at is not None and self.made_at - self.due_at > LATE_AFTER
