"""Brief: the agreement on what will be made, approved before work starts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from delivery.briefs.plan import Planned, amount_of, read_plan
from delivery.briefs.plan_words import part_of_plan
from delivery.engagements.models import Engagement
from delivery.engagements.money import currency_of, said_with_unit
from delivery.plans.models import PlanTemplateVersion
from delivery.requests.models import Request
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.staff import User
from routing.work.folding import Fold
from routing.work.items import WorkNoun
from routing.work.saves import PartWords


class Brief(WorkNoun):
    """
    The agreement on what will be made for a request.

    ``template`` is the version of the template that filled the plan. ``launch_date`` is its launch
    or due date, a day in the client's time zone, which the dates of the plan follow.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        APPROVED = "approved", _("Approved")
        SUPERSEDED = "superseded", _("Superseded")
        CANCELLED = "cancelled", _("Cancelled")

    open_states = frozenset({State.DRAFT, State.IN_REVIEW, State.CHANGES_REQUESTED})
    searchable = ("body",)

    redactable = ("body", "planned")
    impersonal = ("state",)

    state = StateField(
        _("state"), max_length=20, choices=State.choices, default=State.DRAFT, protected=True
    )
    request = models.ForeignKey(
        Request, on_delete=models.PROTECT, related_name="briefs", verbose_name=_("request")
    )
    engagement = models.ForeignKey(
        Engagement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="briefs",
        verbose_name=_("engagement"),
    )
    number = models.PositiveSmallIntegerField(_("number"), default=1)
    is_current = models.BooleanField(_("current"), default=True)
    body = models.TextField(_("brief"), blank=True, default="", max_length=20_000)
    # Read and validated by `briefs.plan`.
    planned = models.JSONField(_("planned deliverables"), default=list, db_default=[], blank=True)
    template = models.ForeignKey(
        PlanTemplateVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="briefs",
        db_index=False,
        verbose_name=_("template"),
    )
    launch_date = models.DateField(_("launch or due date"), null=True, blank=True)
    amount = models.DecimalField(
        _("planned amount"),
        max_digits=14,
        decimal_places=2,
        default=0,
        db_default=0,
        editable=False,
    )
    submitted_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("author"),
    )
    first_approver = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("first approval by"),
    )
    approved_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)

    history = Tracked()

    def said_in_history(self, column: str, value: Any) -> str | None:
        """Return the planned amount with its currency."""
        return said_with_unit(column, value, lambda: currency_of(self))

    def said_of_part(self, column: str, name: str, value: Any) -> PartWords | None:
        """Return a value of the plan in words."""
        return part_of_plan(self, name, value)

    class Meta:
        verbose_name = _("brief")
        verbose_name_plural = _("briefs")
        default_permissions = ("view",)
        constraints = (
            # Two people who write a new brief at the same moment would both take the next number.
            models.UniqueConstraint(fields=("request", "number"), name="brief_number_once"),
            models.UniqueConstraint(
                fields=("request",), condition=models.Q(is_current=True), name="one_current_brief"
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by=None)
                | ~models.Q(approved_by=models.F("submitted_by")),
                name="author_never_approves_brief",
            ),
            models.CheckConstraint(
                condition=models.Q(first_approver=None)
                | ~models.Q(first_approver=models.F("approved_by")),
                name="two_people_approve_above_budget",
            ),
        )
        indexes = (
            # Search uses icontains, which Django writes as UPPER(body) LIKE UPPER(…).
            GinIndex(OpClass(Fold("body"), "gin_trgm_ops"), name="brief_folded_idx"),
            # The planned amounts of an engagement are read from the index alone.
            models.Index(
                fields=["engagement"],
                include=["amount"],
                condition=models.Q(state="approved"),
                name="brief_approved_amount_idx",
            ),
            # The page of a template counts the briefs of each version. Most briefs have none.
            models.Index(
                fields=["template"],
                condition=models.Q(template__isnull=False),
                name="brief_template_idx",
            ),
            # Today asks for briefs in review whoever they name, for those who may approve all.
            models.Index(
                fields=["item"],
                condition=models.Q(state="in_review"),
                name="brief_in_review_idx",
            ),
        )

    @property
    def plan(self) -> tuple[Planned, ...]:
        """:raises BadPlan: only for a plan that was stored before plans were validated"""
        return read_plan(self.planned)

    @transition(field=state, source=[State.DRAFT, State.CHANGES_REQUESTED], target=None)
    def edit(
        self, *, at: datetime, body: str | None = None, planned: list[dict[str, Any]] | None = None
    ) -> None:
        """Change the text, the plan or both. None leaves a field unchanged."""
        if body is not None:
            self.body = body
        if planned is not None:
            self.planned = [each.as_json() for each in read_plan(planned)]
            # Stored, so that what is left of an engagement is known without reading its plans.
            self.amount = amount_of(self.plan)

    @transition(field=state, source=[State.DRAFT, State.CHANGES_REQUESTED], target=None)
    def use_template(
        self,
        *,
        at: datetime,
        version: int,
        launch: date | None,
        bodies: Mapping[int, str],
        plans: Mapping[int, list[dict[str, Any]]],
    ) -> None:
        """
        Fill text and plan from a template.

        :param version: id of the version of the template
        :param bodies: the new text of each brief by its id, and so are the ``plans``
        """
        self.template_id, self.launch_date = version, launch
        self.edit(at=at, body=bodies[self.pk], planned=plans[self.pk])

    # Not while it is in review: its approvers would approve other dates than they read.
    @transition(
        field=state, source=[State.DRAFT, State.CHANGES_REQUESTED, State.APPROVED], target=None
    )
    def move_launch(
        self, *, at: datetime, launch: date, plans: Mapping[int, list[dict[str, Any]]]
    ) -> None:
        """
        Set the launch or due date, or move it.

        :param plans: the plan of each brief by its id, with the dates that follow
        """
        self.launch_date, self.planned = launch, plans[self.pk]

    @transition(field=state, source=[State.DRAFT, State.CHANGES_REQUESTED], target=State.IN_REVIEW)
    def submit(self, *, at: datetime, author: int) -> None:
        """:param author: id of the person who requests approval, and so cannot give it"""
        self.submitted_by_id = author
        # Earlier approvals were of another text or plan.
        self.first_approver_id = self.approved_by_id = None

    @transition(field=state, source=list(open_states), target=None)
    def run_checks(self, *, at: datetime) -> None:
        """Run the checks again, for example after one was changed."""

    @transition(field=state, source=list(open_states), target=None)
    def fail_checks(self, *, at: datetime) -> None:
        """Record that checks fail which did not fail before. The results are rows of their own."""

    @transition(field=state, source=list(open_states), target=None)
    def accept_check(self, *, at: datetime) -> None:
        """Accept what a check found. It is stored as a result of the check."""

    @transition(field=state, source=State.IN_REVIEW, target=None)
    def approve_first(self, *, at: datetime, approver: int) -> None:
        """Record the first of the two approvals that a plan above the remaining budget needs."""
        self.first_approver_id = approver

    @transition(field=state, source=State.IN_REVIEW, target=State.APPROVED)
    def approve(self, *, at: datetime, approver: int) -> None:
        # The same person approves twice only if the plan has come within the budget since. One
        # approval is then enough, and the database refuses the same person in both columns.
        if self.first_approver_id == approver:
            self.first_approver_id = None
        self.approved_by_id, self.approved_at = approver, at

    @transition(field=state, source=State.IN_REVIEW, target=State.CHANGES_REQUESTED)
    def request_changes(self, *, at: datetime) -> None:
        self.first_approver_id = None

    @transition(
        field=state, source=[*open_states, State.APPROVED, State.CANCELLED], target=State.SUPERSEDED
    )
    def supersede(self, *, at: datetime) -> None:
        """
        Give way to a newer brief of the same request.

        A cancelled brief too can be superseded, while its request continues.
        """
        self.is_current = False

    @transition(field=state, source=list(open_states), target=State.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        """Cancel the brief, alone or with its request."""
