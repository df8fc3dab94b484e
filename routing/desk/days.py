"""Due times relative to the reader's days: overdue, today, this week or later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Due(models.TextChoices):
    """Groups in the order of their urgency. Every open item is in exactly one."""

    LATE = "late", _("Overdue")
    TODAY = "today", _("Today")
    WEEK = "week", _("This week")
    LATER = "later", _("Later")


@dataclass(frozen=True, slots=True)
class Days:
    """
    Aware times: now, and the ends of the day and the week (Sunday) in the reader's time zone.
    """

    now: datetime
    tomorrow: datetime
    monday: datetime

    @classmethod
    def around(cls, now: datetime) -> Days:
        today = timezone.localdate(now)
        return cls(
            now,
            _midnight(today + timedelta(days=1)),
            _midnight(today + timedelta(days=7 - today.weekday())),
        )

    def when(self, due: str) -> Q:
        """Return a condition on WorkItem. Items without a due time are due later."""
        return {
            Due.LATE.value: Q(next_due_at__lt=self.now),
            Due.TODAY.value: Q(next_due_at__gte=self.now, next_due_at__lt=self.tomorrow),
            Due.WEEK.value: Q(next_due_at__gte=self.tomorrow, next_due_at__lt=self.monday),
            Due.LATER.value: Q(next_due_at__gte=self.monday) | Q(next_due_at=None),
        }[due]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
