"""
Changes of a policy or calendar, each with the choice of what becomes of open work, and the record
of every clock that was counted anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.sla.calendars import Calendar
from routing.sla.clocks import Clock, ClockTerms
from routing.sla.policies import SLAPolicy


class Scope(models.TextChoices):
    """The work that a change applies to."""

    NEW = "new", _("New work only")
    LATER = "later", _("Open work too, except where it would be due earlier")
    ALL = "all", _("All open work")


class PromiseChangeQuerySet(models.QuerySet["PromiseChange"]):
    def due(self, at: datetime) -> Self:
        """Filter for those that still have clocks to count anew at ``at`` (aware), oldest first."""
        return self.filter(due_at__lte=at).order_by("due_at", "pk")


class PromiseChange(models.Model):
    """
    A new version of a policy or of a calendar, and the work that it applies to.

    The row is the queue of its clocks: while ``due_at`` is set, a worker counts open clocks anew,
    in the order of their ids, and ``cursor`` is the last one that it came to. ``moved`` is the
    number of those that got the new terms, ``kept`` of those that stay as they were.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("reason",)
    impersonal = ("scope",)

    policy = models.ForeignKey(
        SLAPolicy,
        on_delete=models.PROTECT,
        null=True,
        related_name="changes",
        verbose_name=_("policy"),
    )
    calendar = models.ForeignKey(
        Calendar,
        on_delete=models.PROTECT,
        null=True,
        related_name="changes",
        verbose_name=_("calendar"),
    )
    version = models.PositiveIntegerField(_("version"))
    scope = models.CharField(_("applies to"), max_length=5, choices=Scope)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    due_at = models.DateTimeField(null=True, editable=False)
    cursor = models.BigIntegerField(default=0, editable=False)
    moved = models.PositiveIntegerField(_("counted anew"), default=0)
    kept = models.PositiveIntegerField(_("left as they were"), default=0)

    objects = PromiseChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a promise")
        verbose_name_plural = _("changes of promises")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="promisechange_due_idx",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(policy=None) ^ models.Q(calendar=None),
                name="promisechange_of_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy or self.calendar} v{self.version}"


class ClockRevision(models.Model):
    """A clock that a change counted anew, with its terms, target and due time before."""

    append_only: ClassVar[bool] = True

    clock = models.ForeignKey(
        Clock, on_delete=models.PROTECT, related_name="revisions", verbose_name=_("clock")
    )
    change = models.ForeignKey(
        PromiseChange, on_delete=models.PROTECT, related_name="revisions", verbose_name=_("change")
    )
    at = models.DateTimeField(_("at"))
    terms = models.ForeignKey(
        ClockTerms,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("terms before"),
    )
    target = models.DurationField(_("target before (working time)"))
    was_due_at = models.DateTimeField(_("was due"), null=True)
    due_at = models.DateTimeField(_("due"), null=True)

    class Meta:
        verbose_name = _("revised clock")
        verbose_name_plural = _("revised clocks")
        ordering = ("id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("clock", "change"), name="clockrevision_once"),
        )

    def __str__(self) -> str:
        return f"{self.clock} · {self.change}"
