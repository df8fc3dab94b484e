"""Brief: what will be made, agreed before it is."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from delivery.models.engagements import Engagement
from delivery.models.requests import Request
from routing.history import Tracked
from routing.models.work import WorkNoun


class Brief(WorkNoun):
    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        APPROVED = "approved", _("Approved")
        SUPERSEDED = "superseded", _("Superseded")
        CANCELLED = "cancelled", _("Cancelled")

    open_states = frozenset({State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED})
    redactable = ("body",)

    state = FSMField(_("state"), max_length=20, choices=State.choices, default=State.DRAFT, protected=True)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="briefs", verbose_name=_("request"))
    engagement = models.ForeignKey(
        Engagement, on_delete=models.PROTECT, null=True, blank=True, related_name="briefs", verbose_name=_("engagement")
    )
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    is_current = models.BooleanField(_("current"), default=True)
    body = models.TextField(_("brief"), blank=True, default="", max_length=20_000)

    history = Tracked()

    class Meta:
        verbose_name = _("brief")
        verbose_name_plural = _("briefs")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("request", "number"), name="brief_number_once"),
            models.UniqueConstraint(fields=("request",), condition=models.Q(is_current=True), name="one_current_brief"),
        )

    @transition(field=state, source=[State.DRAFT, State.CHANGES_REQUESTED], target=None)
    def edit(self, *, at: datetime, body: str) -> None:
        self.body = body

    @transition(field=state, source=list(open_states), target=State.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        """Called off with its request, or alone."""
