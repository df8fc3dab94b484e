"""Engagement: what was sold."""

from __future__ import annotations

from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.engagements.money import said_with_unit
from routing.kernel.history import Tracked
from routing.people.addresses import LineField
from routing.people.clients import Client


class Engagement(models.Model):
    """
    One deal with a client: the amount in ``currency``, the hours sold, and the change rounds
    included. A retainer has hours for each month.

    An empty field means that the source did not state it. It never means zero.
    """

    redactable = ("name",)
    impersonal = ("currency",)

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="engagements", verbose_name=_("client")
    )
    name = LineField(_("name"), max_length=200)
    amount = models.DecimalField(
        _("amount"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True, default="")
    hours = models.DecimalField(
        _("hours"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    monthly_hours = models.DecimalField(
        _("hours a month"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Of a retainer. Planned hours of the month are counted against them."),
    )
    rounds = models.PositiveSmallIntegerField(_("change rounds"), null=True, blank=True)
    starts_date = models.DateField(_("starts"), null=True, blank=True)
    ends_date = models.DateField(_("ends"), null=True, blank=True)

    history = Tracked()

    class Meta:
        verbose_name = _("engagement")
        verbose_name_plural = _("engagements")
        ordering = ("client", "name")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(starts_date=None)
                | models.Q(ends_date=None)
                | models.Q(starts_date__lte=models.F("ends_date")),
                name="engagement_starts_before_it_ends",
                violation_error_message=_("The engagement ends before it starts."),
            ),
        )

    def said_in_history(self, column: str, value: Any) -> str | None:
        """Return an amount with its currency, or hours with their unit."""
        return said_with_unit(column, value, lambda: self.currency)

    def __str__(self) -> str:
        return f"{self.client} · {self.name}"
