"""SwitchOff: a span of time in which a flow starts nothing, with its reasons."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.flows.models import Flow
from routing.kernel.history import Tracked
from routing.people.staff import User


class SwitchOffQuerySet(models.QuerySet["SwitchOff"]):
    def current(self) -> Self:
        """Filter for flows that are switched off now."""
        return self.filter(on_at=None)


class SwitchOff(models.Model):
    """
    One time that a flow was switched off. While ``on_at`` is empty, it still is.

    ``rejects`` is true if the events that waited were rejected when it was switched on.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("off_reason", "on_reason")

    flow = models.ForeignKey(
        Flow, on_delete=models.PROTECT, related_name="switch_offs", verbose_name=_("flow")
    )
    off_at = models.DateTimeField(_("switched off"))
    off_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("switched off by"),
    )
    off_reason = models.TextField(_("reason for switching off"))
    on_at = models.DateTimeField(_("switched on"), null=True)
    on_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("switched on by"),
    )
    on_reason = models.TextField(_("reason for switching on"), blank=True, default="")
    rejects = models.BooleanField(_("waiting events rejected"), default=False)

    objects = SwitchOffQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("switch-off")
        verbose_name_plural = _("switch-offs")
        ordering = ("-off_at", "-id")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("flow",), condition=models.Q(on_at=None), name="flow_off_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.flow} {self.off_at:%Y-%m-%d %H:%M}"
