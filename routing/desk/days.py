"""Due times relative to the reader's days: overdue, today, the next seven days or later."""

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
    WEEK = "week", _("Next 7 days")
    LATER = "later", _("Later")


@dataclass(frozen=True, slots=True)
class Days:
    """
    Aware times: now, and the ends of today and of the seven days after it, in the reader's zone.
    """

    now: datetime
    tomorrow: datetime
    later: datetime

    @classmethod
    def around(cls, now: datetime) -> Days:
        today = timezone.localdate(now)
        return cls(
            now,
            midnight(today + timedelta(days=1)),
            # Not until Sunday: on a Friday, what is due on Monday is near.
            midnight(today + timedelta(days=8)),
        )

    def when(self, due: str) -> Q:
        """Return a condition on WorkItem. Items without a due time are due later."""
        return {
            Due.LATE.value: Q(next_due_at__lt=self.now),
            Due.TODAY.value: Q(next_due_at__gte=self.now, next_due_at__lt=self.tomorrow),
            Due.WEEK.value: Q(next_due_at__gte=self.tomorrow, next_due_at__lt=self.later),
            Due.LATER.value: Q(next_due_at__gte=self.later) | Q(next_due_at=None),
        }[due]


def midnight(day: date) -> datetime:
    """Return the first moment of a day in the zone of the reader."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
