"""Run: one journey from an event to its outcome, with its events, steps and known facts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.flows.models import Flow, FlowVersion
from routing.kernel.events import Event
from routing.kernel.facts import Subject
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.staff import User
from routing.work.items import WorkNoun


class Run(WorkNoun):
    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        ENRICHING = "enriching", _("Enriching")
        WAITING = "waiting", _("Waiting for a person")
        ROUTED = "routed", _("Routed")
        IN_DELIVERY = "in_delivery", _("In delivery")
        AWAITING_OUTCOME = "awaiting_outcome", _("Awaiting outcome")
        COMPLETE = "complete", _("Completed")
        CLOSED_UNPROVEN = "closed_unproven", _("Closed unproven")
        CANCELLED = "cancelled", _("Cancelled")

    open_states = frozenset(
        {
            State.RECEIVED,
            State.ENRICHING,
            State.WAITING,
            State.ROUTED,
            State.IN_DELIVERY,
            State.AWAITING_OUTCOME,
        }
    )

    impersonal = ("state", "source", "subject_type", "subject_id")

    state = StateField(
        _("state"), max_length=20, choices=State.choices, default=State.RECEIVED, protected=True
    )
    flow = models.ForeignKey(
        Flow, on_delete=models.PROTECT, related_name="runs", verbose_name=_("flow")
    )
    version = models.ForeignKey(
        FlowVersion,
        on_delete=models.PROTECT,
        related_name="runs",
        db_index=False,
        verbose_name=_("version"),
    )
    source = models.CharField(_("source"), max_length=60)
    subject_type = models.CharField(_("subject"), max_length=60)
    subject_id = models.CharField(_("subject id"), max_length=100)
    follows = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="followed_by",
        verbose_name=_("follows"),
    )

    history = Tracked()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["source", "subject_type", "subject_id"], name="run_subject_idx"),
        )
        # Intake locks each subject before it looks for an open run. The constraint makes sure of
        # it, whatever else may create runs: one deal is never two open runs of a flow.
        constraints = (
            models.UniqueConstraint(
                fields=("flow", "source", "subject_type", "subject_id"),
                condition=~models.Q(state__in=["complete", "closed_unproven", "cancelled"]),
                name="one_open_run_a_subject",
            ),
        )

    @property
    def subject(self) -> Subject:
        return Subject(self.source, self.subject_type, self.subject_id)

    def numbered(self) -> None:
        # The run's own item belongs to it too, so one condition finds all work of a run.
        self.item.run_id = self.pk

    @transition(field=state, source=State.RECEIVED, target=State.ENRICHING)
    def enrich(self, *, at: datetime) -> None:
        """Start reading facts."""

    @transition(field=state, source=[State.RECEIVED, State.ENRICHING], target=State.WAITING)
    def wait(self, *, at: datetime, titles: dict[int, str]) -> None:
        """
        Wait for a person to resolve a blocking exception, under a title that they recognise.

        :param titles: by run id
        """
        self.item.title = titles[self.pk]

    @transition(field=state, source=State.WAITING, target=State.ENRICHING)
    def proceed(self, *, at: datetime) -> None:
        """Continue after the blocker was resolved. The same step runs again."""

    @transition(
        field=state, source=[State.RECEIVED, State.ENRICHING, State.WAITING], target=State.ROUTED
    )
    def route(
        self,
        *,
        at: datetime,
        owners: dict[int, tuple[int, int, int, int]],
        clients: dict[int, int | None],
        titles: dict[int, str],
    ) -> None:
        """
        Take over the decision: owners, client and title.

        :param owners: owner, backup, team and priority by run id
        :param clients: the client by run id
        :param titles: by run id
        """
        item = self.item
        item.title = titles[self.pk]
        item.owner_id, item.backup_id, item.team_id, item.priority = owners[self.pk]
        item.client_id = clients[self.pk]

    @transition(field=state, source=list(open_states), target=None)
    def identify(self, *, at: datetime, clients: dict[int, int]) -> None:
        """
        Set the client as soon as it is known, before the decision.

        :param clients: the client by run id
        """
        self.item.client_id = clients[self.pk]

    @transition(field=state, source=list(open_states), target=None)
    def follow(self, *, at: datetime, subject_ids: dict[int, str]) -> None:
        """
        Be about the object that survived a merge in the other system.

        :param subject_ids: by run id
        """
        self.subject_id = subject_ids[self.pk]

    @transition(field=state, source=list(open_states), target=None)
    def migrate(self, *, at: datetime, version: int) -> None:
        """
        Use another published version of the flow from now on.

        :param version: its id
        """
        self.version_id = version

    @transition(field=state, source=State.ROUTED, target=State.IN_DELIVERY)
    def begin(self, *, at: datetime) -> None:
        """Start delivery, once the request and the brief exist."""

    @transition(
        field=state, source=[State.ROUTED, State.IN_DELIVERY], target=State.AWAITING_OUTCOME
    )
    def await_outcome(self, *, at: datetime) -> None:
        """Wait for the proof, once all work is delivered."""

    @transition(field=state, source=State.AWAITING_OUTCOME, target=State.COMPLETE)
    def complete(self, *, at: datetime) -> None:
        """Complete the run, once every expected outcome is proven or waived."""

    @transition(field=state, source=State.AWAITING_OUTCOME, target=None)
    def record_invoice(self, *, at: datetime) -> None:
        """Record the invoice that was sent to the client. Its outcome has what was recorded."""

    @transition(field=state, source="*", target=None)
    def remove_drafts(self, *, at: datetime) -> None:
        """Take back the drafts that the flow has prepared in content systems."""

    @transition(field=state, source=State.COMPLETE, target=State.AWAITING_OUTCOME)
    def reopen(self, *, at: datetime, pair: tuple[int, int]) -> None:
        """
        Reopen the run because its proof no longer holds.

        :param pair: ids of owner and backup, both active
        """
        # The previous owners may have left. The database refuses open work without two people.
        self.item.owner_id, self.item.backup_id = pair

    @transition(field=state, source=list(open_states), target=State.CLOSED_UNPROVEN)
    def close_unproven(self, *, at: datetime) -> None:
        """End the run without proof, by a named person with a reason."""

    @transition(field=state, source=list(open_states), target=State.CANCELLED)
    def cancel(self, *, at: datetime) -> None:
        """Call the run off."""


class RunEvent(models.Model):
    """
    Effect of an event: it started a run, joined an open run, matched no flow or was our own echo.
    """

    class Part(models.TextChoices):
        STARTED = "started", _("Started the run")
        JOINED = "joined", _("Joined the run")
        UNCLAIMED = "unclaimed", _("No matching flow")
        ECHO = "echo", _("Echo of our own change")

    lasting: ClassVar[bool] = True  # the app may not delete it
    impersonal = ("part",)

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="parts", verbose_name=_("event")
    )
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, related_name="run_events", verbose_name=_("run")
    )
    part = models.CharField(_("outcome"), max_length=10, choices=Part)
    at = models.DateTimeField(_("at"))

    append_only = True

    class Meta:
        verbose_name = _("event result")
        verbose_name_plural = _("event results")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("event", "run"), name="event_part_once"),
            models.UniqueConstraint(
                fields=("event",), condition=models.Q(run=None), name="event_unclaimed_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.part}"


# Written when a worker takes a step. If it is still there later, that worker died.
UNHEARD = "The worker that started this never reported back."


# A run that nobody has decided has a step to do, and a step that decided has left a decision.
STEP_EVIDENCE = """
    (SELECT s.id, 'is done, and there is no decision' FROM routing_runstep s
        WHERE s.name = %(decide)s AND s.state = %(done)s AND NOT EXISTS (
            SELECT FROM routing_decision d WHERE d.run_id = s.run_id)
        ORDER BY s.id LIMIT 1)
    UNION ALL
    (SELECT max(s.id), 'is ' || max(s.state) || ', and its run has nothing to do'
        FROM routing_run r JOIN routing_runstep s ON s.run_id = r.id
        WHERE r.state = ANY(%(undecided)s)
        GROUP BY r.id HAVING bool_and(s.state <> %(due)s)
        ORDER BY r.id LIMIT 1)"""


class RunStepQuerySet(models.QuerySet["RunStep"]):
    def due(self, at: datetime) -> Self:
        """
        Filter for steps that a worker may take at ``at``.
        """
        # A lease moves ``due_at`` to its end, so a leased step is not due before.
        return self.unfinished().filter(due_at__lte=at)

    def unfinished(self) -> Self:
        """Filter for steps that are not done yet, including those that a worker has leased."""
        return self.filter(state=RunStep.State.DUE)

    def reading(self) -> Self:
        """Filter for the steps that may read from another system."""
        return self.filter(name__in=[RunStep.Name.ENRICH, RunStep.Name.REFRESH])

    def being_read(self, at: datetime) -> Self:
        """Filter for the steps that a worker is reading at ``at``, or died over."""
        leased = self.unfinished().reading().filter(due_at__gt=at)
        return leased.filter(last_error=UNHEARD)


class RunStep(models.Model):
    """
    One step of one run. The table is the queue. ``lease`` is the fencing token of the worker that
    has leased the step.
    """

    class Name(models.TextChoices):
        CAPTURE = "capture", _("Capture")
        ENRICH = "enrich", _("Enrich")
        VALIDATE = "validate", _("Validate")
        DECIDE = "decide", _("Decide")
        ACT = "act", _("Act")
        REFRESH = "refresh", _("Refresh facts")
        ACT_1 = "act_1", _("Action 1")
        ACT_2 = "act_2", _("Action 2")
        ACT_3 = "act_3", _("Action 3")
        ACT_4 = "act_4", _("Action 4")
        ACT_5 = "act_5", _("Action 5")

    class State(models.TextChoices):
        DUE = "due", _("Due")
        DONE = "done", _("Done")
        STOPPED = "stopped", _("Stopped by an exception")
        SKIPPED = "skipped", _("Skipped")

    ended_states = (State.DONE, State.STOPPED)
    # The steps of the actions of a flow, in the order of the actions. A first action that is
    # carried out with the decision belongs to the step ``act``.
    actions = (Name.ACT_1, Name.ACT_2, Name.ACT_3, Name.ACT_4, Name.ACT_5)
    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("last_error",)
    impersonal = ("name", "state")

    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="steps", verbose_name=_("run")
    )
    name = models.CharField(_("step"), max_length=10, choices=Name)
    state = StateField(
        _("state"), max_length=10, choices=State.choices, default=State.DUE, protected=True
    )
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    lease = models.PositiveIntegerField(default=0)
    worker = models.UUIDField(null=True)  # of the newest lease, if that process has a heartbeat
    last_error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = RunStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ("run", "id")
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=("run", "name"), name="run_step_once"),)
        # Partial, because nearly all steps are done, and workers look only for due ones.
        indexes = (
            models.Index(
                fields=["name", "due_at", "id"],
                condition=models.Q(state="due"),
                name="runstep_due_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.run} {self.name}"

    @classmethod
    def state_evidence(cls) -> tuple[str, dict[str, Any]]:
        """Return SQL for the first steps that neither a decision nor their run accounts for."""
        return STEP_EVIDENCE, {
            "decide": cls.Name.DECIDE,
            "done": cls.State.DONE,
            "due": cls.State.DUE,
            "undecided": [Run.State.RECEIVED, Run.State.ENRICHING],
        }

    @transition(field=state, source="*", target=State.DUE)
    def queue(self, *, at: datetime) -> None:
        """Make the step due at ``at``, also if it was done before."""
        self.due_at = at

    @transition(field=state, source="*", target=State.DUE)
    def resume(self, *, at: datetime) -> None:
        """Retry the step after its exception was resolved, with no attempts counted."""
        self.due_at, self.attempts, self.last_error = at, 0, ""

    @transition(field=state, source=State.DUE, target=None)
    def take(self, *, at: datetime, until: datetime) -> None:
        """Lease the step. A worker with an earlier lease can no longer write a result."""
        self.lease += 1
        self.attempts += 1
        self.started_at, self.due_at = at, until

    @transition(field=state, source="*", target=State.DONE)
    def finish(self, *, at: datetime) -> None:
        """Mark the step as done, whatever its state was."""
        # A run that is decided again finishes steps that were stopped or done before.
        self.ended_at, self.last_error = at, ""

    @transition(field=state, source=State.DUE, target=State.DONE)
    def finish_untried(self, *, at: datetime) -> None:
        """Mark a step as done on its first attempt, in a batch that does not count attempts."""
        self.attempts, self.ended_at, self.last_error = 1, at, ""

    @transition(field=state, source="*", target=State.STOPPED)
    def stop(self, *, at: datetime) -> None:
        """Stop the step because of an exception, even if it was done before."""
        self.ended_at = at

    @transition(field=state, source=State.STOPPED, target=State.SKIPPED)
    def skip(self, *, at: datetime) -> None:
        """Leave out an action that failed, because a person decided so."""
        self.ended_at = at

    @transition(field=state, source=State.DUE, target=State.STOPPED)
    def call_off(self, *, at: datetime) -> None:
        """Stop the step because its run has ended or stops at another step."""
        self.ended_at = at


class Enrichment(models.Model):
    """
    The known facts of a run. Each time a system or a person adds facts, there is a new row, and the
    newest row counts.

    ``facts`` may hold personal data, so erasure may rewrite the row.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("facts", "sources", "reason")
    impersonal = ("contact_ids",)

    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="enrichments", verbose_name=_("run")
    )
    facts = models.JSONField(_("facts"))
    sources = models.JSONField(_("sources"), default=dict)
    client_id = models.BigIntegerField(null=True)
    contact_ids = models.JSONField(default=list)
    engagement_id = models.BigIntegerField(null=True)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    # A person's source of what they filled in.
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="", db_default="")
    at = models.DateTimeField(_("at"))
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("enrichment")
        verbose_name_plural = _("enrichments")
        ordering = ("run", "id")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.run} #{self.pk}"
