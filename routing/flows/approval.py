"""PublishApproval: a request to a second person to agree that a draft is published."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.flows.change_classes import ChangeClass
from routing.flows.models import FlowVersion
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.staff import User
from routing.work.items import WorkNoun


class PublishApproval(WorkNoun):
    """
    A request to publish exactly one content of a draft, compared with one live version.

    ``digest`` is that content and ``base`` that version: if either changes, the request ends.
    ``authors`` are the ids of everybody who wrote any of the draft. A rollback by one person is one
    as well, so that the second person is told and can look at it.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        OUTDATED = "outdated", _("Outdated")
        ROLLED_BACK = "rolled_back", _("Rolled back by one person")

    open_states = frozenset({State.PENDING})
    impersonal = ("state", "digest", "authors")

    state = StateField(
        _("state"), max_length=12, choices=State.choices, default=State.PENDING, protected=True
    )
    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        related_name="publish_approvals",
        verbose_name=_("version"),
    )
    base = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("compared with"),
    )
    digest = models.CharField(_("digest"), max_length=64)
    change_class = models.PositiveSmallIntegerField(
        _("highest class of change"), choices=ChangeClass.choices
    )
    asked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    # Not an array: the door writes batches as one array for each column.
    authors = models.JSONField(_("authors"), default=list)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("publishing approval")
        verbose_name_plural = _("publishing approvals")
        default_permissions = ("view",)
        constraints = (
            # Holds if two people ask at the same moment.
            models.UniqueConstraint(
                fields=("version",),
                condition=models.Q(state="pending"),
                name="one_open_request_a_draft",
            ),
        )

    @transition(field=state, source=State.PENDING, target=State.APPROVED)
    def approve(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.REFUSED)
    def refuse(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.OUTDATED)
    def outdate(self, *, at: datetime) -> None:
        """End a request whose draft was edited, or whose flow has another live version now."""
        self.ended_at = at
