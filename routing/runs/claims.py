"""EventClaim: a kind of event that nobody took, claimed for a flow by a person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.flows.models import Flow, FlowVersion
from routing.kernel.history import Tracked
from routing.people.staff import User


class EventClaim(models.Model):
    """
    A person's decision that a flow is to take a kind of event.

    ``version`` is the draft that was made for it, with the trigger. Once a version with such a
    trigger is live, the events that came before can be replayed: see ``HeldEvent.claim``.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("reason",)
    impersonal = ("kind",)

    kind = models.CharField(_("kind of event"), max_length=100)
    flow = models.ForeignKey(
        Flow, on_delete=models.PROTECT, related_name="claims", verbose_name=_("flow")
    )
    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("draft"),
    )
    claimed_at = models.DateTimeField(_("claimed"))
    claimed_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("claimed by"),
    )
    reason = models.TextField(_("reason"))

    history = Tracked()

    class Meta:
        verbose_name = _("claim of events")
        verbose_name_plural = _("claims of events")
        ordering = ("-claimed_at", "-id")
        default_permissions = ("view",)
        indexes = (models.Index(fields=["kind", "-claimed_at"], name="eventclaim_kind_idx"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.flow}"
