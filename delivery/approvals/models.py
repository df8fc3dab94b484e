"""Approval: the question of one stage about one version. Answer: one person's reply."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from delivery.deliverables.stages import Audience, Quorum
from delivery.deliverables.versions import Version
from routing.flows.models import FlowVersion
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.clients import Contact
from routing.people.staff import Team, User
from routing.work.files import File
from routing.work.items import WorkItem, WorkNoun
from routing.work.notes import Note


class ApprovalStage(models.Model):
    """
    An approval stage of the versions that are made under a flow version.

    A flow version without stages uses the two default ones.
    """

    impersonal = ("audience", "quorum")

    flow_version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        related_name="approval_stages",
        verbose_name=_("flow version"),
    )
    position = models.PositiveSmallIntegerField(_("position"))
    audience = models.CharField(_("audience"), max_length=10, choices=Audience.choices)
    quorum = models.CharField(
        _("required answers"), max_length=4, choices=Quorum.choices, default=Quorum.ANY
    )
    need = models.PositiveSmallIntegerField(_("number of approvals"), default=1)
    # With a team, a stage of the agency asks its people only.
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("team"),
    )
    answer_days = models.PositiveSmallIntegerField(_("days to answer"), default=14)

    class Meta:
        verbose_name = _("approval stage")
        verbose_name_plural = _("approval stages")
        ordering = ("flow_version", "position")
        default_permissions = ("add", "change", "delete", "view")
        constraints = (
            models.UniqueConstraint(
                fields=("flow_version", "position"),
                name="stage_position_once",
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            models.CheckConstraint(
                condition=models.Q(team=None) | models.Q(audience="internal"),
                name="stage_of_a_team_is_internal",
                violation_error_message=_("Only a stage of the agency can name a team."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.flow_version} {self.position}"

    def clean(self) -> None:
        """:raises ValidationError: if a stage of the client names a team"""
        if self.team_id and self.audience == Audience.CLIENT:
            raise ValidationError({"team": _("Only a stage of the agency can name a team.")})


class Approval(WorkNoun):
    """
    A question about one version at one stage.

    Its work item says whom the work waits on, and the clock of the deliverable follows. ``team`` is
    the team of the agency whose people are asked, if the stage names one. ``digest``
    is the digest of the version; an answer about another one is refused. ``seen_at`` is when
    someone in the audience first opened it, not counting probable mail scanners.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        SUPERSEDED = "superseded", _("Superseded")

    open_states = frozenset({State.PENDING})
    decided_states = (State.APPROVED, State.CHANGES_REQUESTED, State.REJECTED, State.SUPERSEDED)
    due_states = (*decided_states, State.EXPIRED)  # of those that were not withdrawn
    impersonal = ("state", "digest", "audience", "quorum")

    open_to_clients = models.Q(audience=Audience.CLIENT)  # internal approvals stay internal

    state = StateField(
        _("state"), max_length=20, choices=State.choices, default=State.PENDING, protected=True
    )
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="approvals", verbose_name=_("version")
    )
    digest = models.CharField(_("digest"), max_length=64)
    stage = models.PositiveSmallIntegerField(_("stage"))
    audience = models.CharField(_("audience"), max_length=10, choices=Audience.choices)
    quorum = models.CharField(
        _("required answers"), max_length=4, choices=Quorum.choices, default=Quorum.ANY
    )
    need = models.PositiveSmallIntegerField(_("number of approvals"), default=1)
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("team"),
    )
    expires_at = models.DateTimeField(_("expires"))
    seen_at = models.DateTimeField(_("seen"), null=True)
    nudged_at = models.DateTimeField(_("last reminder"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    history = Tracked()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        default_permissions = ("view",)
        constraints = (
            # Holds if two people ask at the same moment.
            models.UniqueConstraint(
                fields=("version", "stage"),
                condition=models.Q(state="pending"),
                name="one_open_question_a_stage",
            ),
        )
        indexes = (
            # For the job that expires approvals. The few pending ones make a small index.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="pending"),
                name="approval_expiry_idx",
            ),
        )

    @transition(field=state, source=State.PENDING, target=None)
    def answer(self, *, at: datetime) -> None:
        """Record one of several approvals that are needed. The reply is stored as an Answer."""

    @transition(field=state, source=State.PENDING, target=None)
    def record(self, *, at: datetime) -> None:
        """Record a decision that the client made elsewhere. It becomes one of the verbs below."""

    @transition(field=state, source=State.PENDING, target=State.APPROVED)
    def approve(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.CHANGES_REQUESTED)
    def request_changes(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.REJECTED)
    def reject(self, *, at: datetime) -> None:
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.EXPIRED)
    def expire(self, *, at: datetime) -> None:
        """Close the question after its deadline. Silence never approves."""
        self.ended_at = at

    @transition(field=state, source=State.PENDING, target=State.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        """Withdraw the question."""
        self.ended_at = at

    @transition(field=state, source=State.APPROVED, target=State.SUPERSEDED)
    def supersede(self, *, at: datetime) -> None:
        """Mark the approval of a version that is no longer the newest."""

    @transition(field=state, source=State.PENDING, target=None)
    def see(self, *, at: datetime) -> None:
        self.seen_at = self.seen_at or at

    @transition(field=state, source=State.PENDING, target=None)
    def drop_out(self, *, at: datetime) -> None:
        """Somebody who was asked can no longer answer."""

    @transition(field=state, source=State.PENDING, target=None)
    def name_stand_in(self, *, at: datetime) -> None:
        """Ask somebody else as well, in the place of a person who can no longer answer."""

    @transition(field=state, source=State.PENDING, target=None)
    def stall(self, *, at: datetime) -> None:
        """Too few people of the client are left to answer. It waits for the agency."""
        self.item.waiting_on = WorkItem.WaitingOn.AGENCY

    @transition(field=state, source=State.PENDING, target=None)
    def wait_again(self, *, at: datetime) -> None:
        """Enough people of the client can answer again. It waits for them."""
        self.item.waiting_on = WorkItem.WaitingOn.CLIENT

    @transition(field=state, source=State.PENDING, target=None)
    def nudge(self, *, at: datetime) -> None:
        """Remind the audience."""
        self.nudged_at = at


class AskedPerson(models.Model):
    """
    Somebody who was asked for an approval. Those asked are frozen when they are asked.

    ``counts`` is false for an approver who had no access to the portal then: “all” does not wait
    for that person. ``left_at`` is when somebody who had not answered lost the role or the access.
    ``stands_in_for`` is the person whose place somebody was named for later.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    approval = models.ForeignKey(
        Approval, on_delete=models.PROTECT, related_name="asked", verbose_name=_("approval")
    )
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("user")
    )
    contact = models.ForeignKey(
        Contact, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("contact")
    )
    counts = models.BooleanField(_("needed for all"), default=True)
    at = models.DateTimeField(_("asked"))
    left_at = models.DateTimeField(_("can no longer answer since"), null=True)
    stands_in_for = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("stands in for"),
    )

    class Meta:
        verbose_name = _("person asked")
        verbose_name_plural = _("people asked")
        ordering = ("approval", "id")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, contact=None)
                | models.Q(user=None, contact__isnull=False),
                name="one_person_is_asked",
            ),
            models.UniqueConstraint(
                fields=("approval", "user"),
                condition=models.Q(user__isnull=False),
                name="user_asked_once",
            ),
            models.UniqueConstraint(
                fields=("approval", "contact"),
                condition=models.Q(contact__isnull=False),
                name="contact_asked_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.approval}: {self.contact or self.user}"


class Answer(models.Model):
    """
    One person's answer to an approval, bound to the content they saw.

    Either ``user`` (staff) or ``contact`` answered. ``recorded_by`` recorded what a contact decided
    elsewhere, with ``evidence``. The comment is a note, because an answer never changes and a
    comment may have to be redacted.
    """

    class Word(models.TextChoices):
        APPROVE = "approve", _("Approves")
        CHANGES = "changes", _("Asks for changes")
        REJECT = "reject", _("Rejects")

    impersonal = ("word", "digest")

    approval = models.ForeignKey(
        Approval, on_delete=models.PROTECT, related_name="answers", verbose_name=_("approval")
    )
    word = models.CharField(_("answer"), max_length=10, choices=Word)
    digest = models.CharField(_("digest"), max_length=64)
    user = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("by"),
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.PROTECT,
        null=True,
        related_name="answers",
        verbose_name=_("contact"),
    )
    recorded_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("recorded by"),
    )
    evidence = models.ForeignKey(
        File,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("evidence"),
    )
    note = models.ForeignKey(
        Note,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("comment"),
    )
    at = models.DateTimeField(_("at"))

    # Triggers of the database refuse updates and deletions.
    append_only: ClassVar[bool] = True
    work_of_file: ClassVar[str] = "approval__item"

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("approval", "id")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, contact=None)
                | models.Q(user=None, contact__isnull=False),
                name="one_person_answers",
            ),
            models.CheckConstraint(
                condition=models.Q(recorded_by=None)
                | models.Q(contact__isnull=False, evidence__isnull=False),
                name="recorded_answer_has_evidence",
            ),
            # The gate refuses a second answer with a message. These hold if two arrive at once.
            models.UniqueConstraint(
                fields=("approval", "user"),
                condition=models.Q(user__isnull=False),
                name="user_answers_once",
            ),
            models.UniqueConstraint(
                fields=("approval", "contact"),
                condition=models.Q(contact__isnull=False),
                name="contact_answers_once",
            ),
        )
        indexes = (
            # Who may see a file is asked by the file, and few answers have one.
            models.Index(
                fields=["evidence"],
                condition=models.Q(evidence__isnull=False),
                name="answer_evidence_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.approval}: {self.word}"
