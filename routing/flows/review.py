"""FlowReview: the review of a flow some days after a publication, or at its review date."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.flows.models import Flow, FlowVersion
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.staff import User
from routing.work.items import WorkItem, WorkNoun


class FlowReview(WorkNoun):
    """
    One review of one published version. Its owner answers the questions and then closes it.

    ``review_date`` is the date of the flow that was due, if that was the cause. ``seed`` chooses
    the sample: the same seed has the same sample. ``criteria_digest`` is that of the success
    criteria as they were locked at publication. ``due_at`` and ``reminded_at`` are aware.
    """

    class Cause(models.TextChoices):
        PUBLICATION = "publication", _("Some days after a publication")
        DATE = "date", _("The review date of the flow")
        BY_HAND = "by_hand", _("Drawn by a person")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    open_states = frozenset({State.OPEN})
    impersonal = ("state", "cause", "criteria_digest")

    state = StateField(
        _("state"), max_length=8, choices=State.choices, default=State.OPEN, protected=True
    )
    flow = models.ForeignKey(
        Flow, on_delete=models.PROTECT, related_name="reviews", verbose_name=_("flow")
    )
    version = models.ForeignKey(
        FlowVersion, on_delete=models.PROTECT, related_name="reviews", verbose_name=_("version")
    )
    cause = models.CharField(_("cause"), max_length=12, choices=Cause)
    review_date = models.DateField(_("review date"), null=True)
    seed = models.BigIntegerField(_("seed of the sample"))
    criteria_digest = models.CharField(_("digest of the criteria"), max_length=64)
    due_at = models.DateTimeField(_("due"))
    reminded_at = models.DateTimeField(_("reminded"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)

    history = Tracked()

    class Meta:
        verbose_name = _("flow review")
        verbose_name_plural = _("flow reviews")
        default_permissions = ("add", "view")
        constraints = (
            # Hold if two workers prepare the same review at the same moment.
            models.UniqueConstraint(
                fields=("version",),
                condition=models.Q(cause="publication"),
                name="one_review_a_publication",
            ),
            models.UniqueConstraint(
                fields=("flow", "review_date"),
                condition=models.Q(cause="date"),
                name="one_review_a_date",
            ),
        )

    @transition(field=state, source=State.OPEN, target=None)
    def draw_again(self, *, at: datetime, seed: int) -> None:
        """Choose another sample."""
        self.seed = seed

    @transition(field=state, source=State.OPEN, target=None)
    def take_answer(self, *, at: datetime) -> None:
        """Record in the history that a question was answered."""

    @transition(field=state, source=State.OPEN, target=None)
    def remind(self, *, at: datetime) -> None:
        """Tell its people that it is overdue."""
        self.reminded_at = at

    @transition(field=state, source=State.OPEN, target=State.CLOSED)
    def close(self, *, at: datetime) -> None:
        self.closed_at = at


class ReviewSample(models.Model):
    """
    One run that a seed drew for a review, by its work item, and the stratum that it stands for.
    """

    class Stratum(models.TextChoices):
        COMPLETED = "completed", _("Completed")
        STALLED = "stalled", _("Stalled")
        SET_UP = "set_up", _("Set up by hand or with skipped steps")

    append_only: ClassVar[bool] = True
    impersonal = ("stratum",)

    review = models.ForeignKey(
        FlowReview, on_delete=models.PROTECT, related_name="sample", verbose_name=_("review")
    )
    seed = models.BigIntegerField(_("seed"))
    stratum = models.CharField(_("stratum"), max_length=10, choices=Stratum)
    place = models.PositiveSmallIntegerField(_("place"))
    item = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="+", verbose_name=_("run")
    )

    class Meta:
        verbose_name = _("sampled run")
        verbose_name_plural = _("sampled runs")
        ordering = ("place", "id")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("review", "seed", "item"), name="sampled_once"),
        )

    def __str__(self) -> str:
        return f"{self.review}: {self.item}"


class ReviewAnswer(models.Model):
    """
    An answer to one question of a review. The newest one to a question counts.

    A “no” is settled by a draft that changes a rule, by a new check, or by a waiver. A check and a
    waiver name an owner and a date.
    """

    class Settlement(models.TextChoices):
        RULE = "rule", _("A rule changes")
        CHECK = "check", _("A new check")
        WAIVER = "waiver", _("A written waiver")

    append_only: ClassVar[bool] = True
    redactable = ("reason",)
    impersonal = ("key", "settled_by")

    review = models.ForeignKey(
        FlowReview, on_delete=models.PROTECT, related_name="answers", verbose_name=_("review")
    )
    key = models.CharField(_("question"), max_length=24)
    is_yes = models.BooleanField(_("yes"))
    reason = models.TextField(_("reason"), blank=True, default="")
    settled_by = models.CharField(
        _("settled by"), max_length=8, choices=Settlement, blank=True, default=""
    )
    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("version with the change"),
    )
    owner = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("owner of the check or waiver"),
    )
    until = models.DateField(_("until"), null=True)
    answered_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("answered by"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("answer of a review")
        verbose_name_plural = _("answers of reviews")
        ordering = ("id",)
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return f"{self.review}: {self.key}"

    @property
    def is_settled(self) -> bool:
        """Return whether it does not keep the review from being closed."""
        return self.is_yes or bool(self.settled_by)
