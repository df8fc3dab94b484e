"""FlowProposal: a change of what belongs to a flow, which waits for a second person."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.flows.change_classes import ChangeClass
from routing.flows.models import Flow
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.staff import User
from routing.work.items import WorkNoun


class FlowProposal(WorkNoun):
    """
    A change of people, reach or systems of a flow. It takes effect when a second person agrees.

    ``proposed`` has the new values by column, such as ``owner_id``, and ``was`` the values that
    they replace: if the flow has others by then, nobody can agree any more.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    open_states = frozenset({State.PENDING})
    redactable = ("proposed", "was")
    impersonal = ("state",)

    state = StateField(
        _("state"), max_length=12, choices=State.choices, default=State.PENDING, protected=True
    )
    flow = models.ForeignKey(
        Flow, on_delete=models.PROTECT, related_name="proposals", verbose_name=_("flow")
    )
    proposed = models.JSONField(_("proposed"))
    was = models.JSONField(_("before"))
    change_class = models.PositiveSmallIntegerField(
        _("highest class of change"), choices=ChangeClass.choices
    )
    asked_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("asked by"),
    )
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("flow proposal")
        verbose_name_plural = _("flow proposals")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("flow",),
                condition=models.Q(state="pending"),
                name="one_open_proposal_a_flow",
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
