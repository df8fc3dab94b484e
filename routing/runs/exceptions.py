"""
ExceptionCase: a problem that only a person can resolve. ExceptionRoute: its owner and timebox by
reason code.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.kernel.durations import in_words
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.kernel.reasons import Reason
from routing.runs.models import Run
from routing.work.items import WorkNoun


class ExceptionRoute(models.Model):
    """Owner and timebox for exceptions with this reason."""

    class Taker(models.TextChoices):
        WORK = "work", _("Owner of the work")
        POLICY = "policy", _("Policy owner of the flow")
        AGENCY = "agency", _("Default owner and backup of the agency")

    impersonal = ("reason", "taker")

    reason = models.CharField(_("reason"), max_length=40, choices=Reason.choices, unique=True)
    taker = models.CharField(_("assigned to"), max_length=10, choices=Taker, default=Taker.WORK)
    timebox_minutes = models.PositiveIntegerField(_("timebox (working minutes)"), default=240)

    made_without_history: ClassVar[dict[str, str]] = {}  # migrating makes the default ones
    history = Tracked()

    class Meta:
        verbose_name = _("exception route")
        verbose_name_plural = _("exception routing")
        ordering = ("reason",)
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.get_taker_display()}"

    @property
    def timebox_in_words(self) -> str:
        time = timedelta(minutes=self.timebox_minutes)
        return _now("%(time)s of working time") % {"time": in_words(time)} if time else _now("None")


class ExceptionCase(WorkNoun):
    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLAIMED = "claimed", _("Claimed")
        ESCALATED = "escalated", _("Escalated")
        RESOLVED = "resolved", _("Resolved")
        DISMISSED = "dismissed", _("Dismissed")

    open_states = frozenset({State.OPEN, State.CLAIMED, State.ESCALATED})

    redactable = ("evidence",)
    impersonal = ("state", "reason", "step")

    state = StateField(
        _("state"), max_length=12, choices=State.choices, default=State.OPEN, protected=True
    )
    reason = models.CharField(_("reason"), max_length=40, choices=Reason.choices)
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, related_name="exceptions", verbose_name=_("run")
    )
    step = models.CharField(_("stopped at"), max_length=10, blank=True, default="")
    evidence = models.JSONField(_("evidence"), default=dict)
    blocking = models.BooleanField(_("blocking"), default=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    history = Tracked()

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        default_permissions = ("view",)
        # A step that keeps stopping for one reason is one exception, not one for each attempt.
        constraints = (
            models.UniqueConstraint(
                fields=("run", "step", "reason"),
                condition=models.Q(state__in=["open", "claimed", "escalated"], blocking=True),
                name="one_open_exception_a_reason",
            ),
        )

    @transition(field=state, source=[State.OPEN, State.ESCALATED], target=State.CLAIMED)
    def claim(self, *, at: datetime) -> None:
        self.claimed_at = at

    @transition(field=state, source=[State.OPEN, State.CLAIMED], target=State.ESCALATED)
    def escalate(self, *, at: datetime) -> None:
        """Escalate, because the timebox ran out."""

    @transition(field=state, source=list(open_states), target=None)
    def settle(self, *, at: datetime) -> None:
        """Decide what becomes of an external object. The exception ends once that is done."""

    @transition(field=state, source=list(open_states), target=State.RESOLVED)
    def resolve(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=list(open_states), target=State.RESOLVED)
    def skip(self, *, at: datetime) -> None:
        """Leave out the action of a flow at which the run stopped."""
        self.ended_at = at

    @transition(field=state, source=list(open_states), target=State.RESOLVED)
    def cover(self, *, at: datetime) -> None:
        """Reassign the work that nobody covers to the proposed person."""
        self.ended_at = at

    @transition(field=state, source=list(open_states), target=State.DISMISSED)
    def dismiss(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=list(open_states), target=State.DISMISSED)
    def withdraw(self, *, at: datetime) -> None:
        """End an exception whose run has ended, so that nobody needs to resolve it."""
        self.ended_at = at
