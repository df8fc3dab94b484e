"""Absence: the time during which a person cannot take work."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.staff import User


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def at(self, instant: datetime) -> Self:
        """Filter for absences at ``instant`` (aware). The end is the first moment back."""
        return self.filter(starts_at__lte=instant, ends_at__gt=instant)


class Absence(models.Model):
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="absences", verbose_name=_("person")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    objects = AbsenceQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ("-starts_at",)
        indexes = (models.Index(fields=["user", "starts_at"], name="absence_user_idx"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("ends_at")),
                name="absence_starts_before_it_ends",
                violation_error_message=_("The end of an absence must be after its start."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d} – {self.ends_at:%Y-%m-%d}"
