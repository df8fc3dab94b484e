"""Clock: the working time left for one SLA purpose of one work item."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.sla.hours import OpenTime
from routing.sla.ladder import Climber, Level, reached_at, worktime_to
from routing.sla.policies import ESCALATE_EVERY, SLAPolicy
from routing.sla.timing import Cause, ClockTurn, Counted, Does, Mark
from routing.work.items import WorkItem

RESOLUTION = "resolution"  # the purpose that lasts from the start of a request to its end


class ClockTerms(models.Model):
    """
    Terms under which clocks were started, as JSON: policy and calendars with their versions, hours,
    holidays and states.

    All clocks with the same terms share one row, found by ``digest`` (the SHA-256, as hex). It is
    never changed. A clock gets other terms only with a ``ClockRevision``.
    ``routing.sla.timing.Terms`` reads it.
    """

    redactable = ("document",)
    impersonal = ("digest",)

    digest = models.CharField(max_length=64, unique=True)
    document = models.JSONField(_("terms"))

    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("clock terms")
        verbose_name_plural = _("clock terms")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.document['policy']['name']} v{self.document['policy']['version']} · {self.document['purpose']}"  # noqa: E501


class ClockQuerySet(models.QuerySet["Clock"]):
    def open(self) -> Self:
        return self.filter(stopped_at=None)

    def running(self) -> Self:
        return self.filter(running_since__isnull=False)

    def overdue(self, at: datetime) -> Self:
        """Filter for running clocks that were due before ``at`` (aware)."""
        return self.running().filter(due_at__lt=at)

    def troubled(self) -> Self:
        """Filter for clocks for which the last sweep could notify nobody."""
        return self.exclude(trouble="")

    def waking(self, at: datetime) -> Self:
        """Filter for clocks with a level to notify people of at ``at``, such as a breach."""
        return self.filter(wakes_at__lte=at).order_by("wakes_at", "id")


# A turn and its mark are written in one statement, and so are a breach and its escalation.
STATE_EVIDENCE = """
    SELECT c.id, CASE WHEN e.clock_id IS NULL THEN 'differs from its newest mark'
        ELSE 'was escalated as breached, and is not breached' END
    FROM routing_clock c
    JOIN LATERAL (SELECT m.at, m.does, m.party, m.cause FROM routing_clockmark m
        WHERE m.clock_id = c.id ORDER BY m.id DESC LIMIT 1) m ON true
    LEFT JOIN LATERAL (SELECT e.clock_id FROM routing_escalation e WHERE e.clock_id = c.id
        AND e.level > 0 AND c.breached_at IS NULL LIMIT 1) e ON true
    WHERE e.clock_id IS NOT NULL
        OR m.at IS DISTINCT FROM coalesce(c.running_since, c.paused_at, c.stopped_at)
        OR m.does <> CASE WHEN c.stopped_at IS NOT NULL THEN 'stop'
            WHEN c.running_since IS NOT NULL THEN 'run' ELSE 'pause' END
        OR (m.party, m.cause) IS DISTINCT FROM (c.waiting_on, c.cause)
        OR c.met_at <> m.at
    ORDER BY 1 LIMIT 1"""


class Clock(models.Model):
    """
    A clock runs, is paused or is stopped: exactly one of ``running_since``, ``paused_at`` and
    ``stopped_at`` is set.

    ``spent`` is the working time up to the last mark. ``due_at`` is empty while the clock is
    paused, and stays after a stop; after a breach it is the time of the breach. ``wakes_at`` is the
    next time at which the sweep must look, and the only column it searches. ``next_level`` is the
    next level of the ladder. All other columns can be recomputed from the marks.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("trouble",)
    impersonal = ("purpose", "waiting_on", "cause")

    # Without an index of its own: ``clock_item_idx`` begins with the item.
    item = models.ForeignKey(
        WorkItem,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="clocks",
        verbose_name=_("work item"),
    )
    purpose = models.CharField(_("purpose"), max_length=32)
    policy = models.ForeignKey(
        SLAPolicy,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="clocks",
        verbose_name=_("policy"),
    )
    policy_version = models.PositiveIntegerField(_("policy version"))
    terms = models.ForeignKey(
        ClockTerms,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="clocks",
        verbose_name=_("terms"),
    )
    # Copied from the target, because a later change of the policy moves no open clock by itself.
    target = models.DurationField(_("target (working time)"))
    warn_after = models.DurationField(_("warns after (working time)"))
    escalate_every = models.DurationField(
        _("escalates every (working time)"), default=ESCALATE_EVERY, db_default=ESCALATE_EVERY
    )
    started_at = models.DateTimeField(_("started"))
    running_since = models.DateTimeField(_("running since"), null=True)
    paused_at = models.DateTimeField(_("paused"), null=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True)
    waiting_on = models.CharField(
        _("waiting on"),
        max_length=10,
        choices=WorkItem.WaitingOn,
        default=WorkItem.WaitingOn.AGENCY,
    )
    cause = models.CharField(_("cause"), max_length=10, default=Cause.WORK.value)
    spent = models.DurationField(_("used (working time)"), default=timedelta)
    due_at = models.DateTimeField(_("due"), null=True)
    warn_at = models.DateTimeField(_("warns"), null=True)
    warned_at = models.DateTimeField(_("warned"), null=True)
    breached_at = models.DateTimeField(_("breached"), null=True)
    met_at = models.DateTimeField(_("met"), null=True)
    wakes_at = models.DateTimeField(null=True, editable=False)
    next_level = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    trouble = models.CharField(
        _("notification error"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )

    objects: ClassVar[models.Manager[Clock]] = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ("item", "id")
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["item", "id"], name="clock_item_idx"),
            # Only clocks that will wake, with their ids: the sweep reads nothing but this index.
            models.Index(
                fields=["wakes_at"],
                include=["id"],
                condition=models.Q(wakes_at__isnull=False),
                name="clock_wakes_idx",
            ),
            models.Index(fields=["id"], condition=~models.Q(trouble=""), name="clock_trouble_idx"),
            # Figures read the clocks of some days. Clocks lie roughly in the order of these times,
            # so an entry for many pages is enough, and costs the writers next to nothing.
            BrinIndex(
                fields=["started_at", "stopped_at"],
                pages_per_range=32,
                autosummarize=True,
                name="clock_times_idx",
            ),
            models.Index(
                fields=["breached_at"],
                condition=models.Q(breached_at__isnull=False),
                name="clock_breached_idx",
            ),
        )
        constraints = (
            # The INSERT that starts clocks relies on it: ON CONFLICT leaves out open ones.
            models.UniqueConstraint(
                fields=("item", "purpose"),
                condition=models.Q(stopped_at=None),
                name="one_open_clock_a_purpose",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    running_since__isnull=False,
                    paused_at=None,
                    stopped_at=None,
                    due_at__isnull=False,
                )
                | models.Q(
                    running_since=None, paused_at__isnull=False, stopped_at=None, due_at=None
                )
                | models.Q(
                    running_since=None, paused_at=None, stopped_at__isnull=False, wakes_at=None
                ),
                name="clock_runs_pauses_or_stopped",
            ),
            models.CheckConstraint(
                condition=models.Q(met_at=None) | models.Q(breached_at=None),
                name="clock_met_or_breached",
            ),
        )

    def __str__(self) -> str:
        return f"{self.item} · {self.purpose}"

    @classmethod
    def state_evidence(cls) -> tuple[str, dict[str, Any]]:
        """Return SQL for the first clock that its marks and escalations do not account for."""
        return STATE_EVIDENCE, {}

    @property
    def turn(self) -> ClockTurn:
        """Return the clock's current turn."""
        if self.stopped_at:
            does = Does.STOP
        elif self.running_since:
            does = Does.RUN
        else:
            does = Does.PAUSE
        return ClockTurn(does, self.waiting_on, Cause(self.cause))

    @property
    def coverage(self) -> tuple[bool, timedelta]:
        """
        Return how much of its work the clock covers, to compare clocks of one work item: the one
        for the resolution before the one that was to take longest.
        """
        return self.purpose == RESOLUTION, self.target

    @property
    def turned_at(self) -> datetime:
        """Return the start of the current turn."""
        since = self.running_since or self.paused_at or self.stopped_at
        assert since is not None  # the database refuses anything else
        return since

    def take(self, turn: ClockTurn, *, at: datetime, hours: OpenTime) -> None:
        """
        Take a turn at ``at``, which must not be before ``turned_at``.

        :raises OutOfReach: if the clock would run and never be due
        """
        self._accrue(at, hours)
        self.waiting_on, self.cause = turn.party, turn.cause.value
        self.running_since = self.paused_at = self.stopped_at = self.wakes_at = None
        if turn.does == Does.RUN:
            self.running_since = at
            self._aim(at, hours)
        elif turn.does == Does.PAUSE:
            self.paused_at, self.due_at = at, None
            self.warn_at = self.warn_at if self.spent >= self.warn_after else None
            # A pause does not undo a breach. If nobody was notified of it yet, the sweep must be.
            self.wakes_at = at if self._owes_a_level() else None
        else:
            self.stopped_at = at
            self.met_at = at if turn.cause == Cause.MET and self.breached_at is None else None

    def adopt(self, counted: Counted, *, at: datetime, hours: OpenTime) -> None:
        """
        Go on under another target and other hours, under which the clock was counted anew until
        ``at``, which must not be before ``turned_at``. The turn stays.

        :raises OutOfReach: if the clock would run and never be due
        """
        turn = self.turn
        self.spent, self.breached_at, self.running_since = counted.spent, counted.breached_at, None
        if self.next_level == Level.WARNING:  # a warning that nobody had yet is due at another time
            self.warn_at = None
        self.take(turn, at=at, hours=hours)

    def _accrue(self, at: datetime, hours: OpenTime) -> None:
        """Add the working time until ``at``, and record a breach that this reveals."""
        if self.running_since is None or self.due_at is None:
            return
        self.spent += hours.between(self.running_since, at)
        if self.breached_at is None and self.due_at < at:
            self.breached_at = self.due_at

    def _owes_a_level(self) -> bool:
        """Return whether a breach or a later level was reached but not escalated yet."""
        if self.breached_at is None:
            return False
        return self.next_level <= Level.BREACH or self.spent >= worktime_to(
            self.next_level, self.target, self.escalate_every
        )

    def _aim(self, at: datetime, hours: OpenTime) -> None:
        # A breached clock keeps the time of its breach. After that, only the ladder moves on.
        self.due_at = self.breached_at or hours.add(at, self.target - self.spent)
        if self.warn_at is None or self.spent < self.warn_after:
            self.warn_at = hours.add(at, max(timedelta(), self.warn_after - self.spent))
        found = reached_at(self.climber(), self.next_level, hours, past=lambda _: at)
        self.wakes_at = max(at, found) if found else at

    def climber(self) -> Climber:
        """Return the values that the ladder reads."""
        late_at = self.breached_at or self.due_at
        return Climber(
            self.next_level,
            self.warn_at,
            late_at,
            self.running_since,
            self.spent,
            self.target,
            self.escalate_every,
        )


class ClockMark(models.Model):
    """
    A turn that a clock took at ``at``. Until the next mark, the time counts for ``party``.

    Marks are never changed. Their order is that of their ids.
    """

    impersonal = ("does", "party", "cause", "state")

    clock = models.ForeignKey(
        Clock,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="marks",
        verbose_name=_("clock"),
    )
    at = models.DateTimeField(_("at"))
    does = models.CharField(
        _("action"), max_length=5, choices=[(does.value, does.value) for does in Does]
    )
    party = models.CharField(_("time counted for"), max_length=10, choices=WorkItem.WaitingOn)
    cause = models.CharField(
        _("cause"), max_length=10, choices=[(cause.value, cause.value) for cause in Cause]
    )
    state = models.CharField(_("state"), max_length=32)

    append_only: ClassVar[bool] = True

    class Meta:
        verbose_name = _("clock change")
        verbose_name_plural = _("clock changes")
        ordering = ("clock", "id")
        default_permissions = ("view",)
        indexes = (models.Index(fields=["clock", "id"], name="clockmark_clock_idx"),)

    def __str__(self) -> str:
        return f"{self.does} {self.at:%Y-%m-%d %H:%M:%S%z}"

    def read(self) -> Mark:
        return Mark(self.at, ClockTurn(Does(self.does), self.party, Cause(self.cause)), self.state)


class Escalation(models.Model):
    """
    One level of a clock's ladder that was reached (see ``routing.sla.ladder.Level``). It is written
    once, however many sweeps run.

    ``due_at`` is when the level was reached. ``caught_up`` is true if, after downtime, people were
    notified of a higher level instead.
    """

    WARNING, BREACH = Level.WARNING, Level.BREACH

    lasting: ClassVar[bool] = True  # the app may not delete it
    clock = models.ForeignKey(
        Clock,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="escalations",
        verbose_name=_("clock"),
    )
    level = models.PositiveIntegerField(_("level"))
    due_at = models.DateTimeField(_("reached"))
    caught_up = models.BooleanField(_("caught up"), default=False)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ("clock", "level")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("clock", "level"), name="escalation_level_once"),
        )

    def __str__(self) -> str:
        return f"{self.clock} · {self.level}"
