"""Outbound: one message to an external system. The table is the queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from integrations.base.connections import Connection
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.kernel.transitions import verb_of
from routing.models import Run, User, WorkItem

# The newest attempt, whose number is that of the lease, and the state are written together. What
# somebody discards never comes back, and nothing else is discarded. A newer message takes the place
# of one that was superseded, and a failed one of the same object holds others back. The e-mails of
# the demo's past, which is loaded before anything is sealed, are discarded without history.
STATE_EVIDENCE = """
    SELECT o.id, CASE WHEN h.state = %(discarded)s THEN 'was discarded, and is ' || o.state
        WHEN o.state = %(discarded)s AND a.outcome = ANY(%(good)s) THEN
            'is discarded, although its newest attempt says ' || a.outcome
        WHEN o.state = %(discarded)s THEN 'is discarded, and its history does not say so'
        WHEN o.state = %(superseded)s AND coalesce(a.outcome <> ALL(%(good)s), true) THEN
            'is superseded, and no newer message takes its place'
        WHEN o.state = %(held)s AND coalesce(a.outcome <> ALL(%(good)s), true) THEN
            'is held, and no message of its object failed'
        WHEN a.outcome IS NULL THEN 'is ' || o.state || ', and no attempt says so'
        ELSE 'is ' || o.state || ', although its newest attempt says ' || a.outcome END
    FROM integrations_outbound o
    LEFT JOIN integrations_attempt a ON a.outbound_id = o.id AND a.number = o.lease
    LEFT JOIN LATERAL (SELECT state FROM integrations_historicaloutbound h WHERE h.id = o.id
        ORDER BY h.history_id DESC LIMIT 1) h ON true
    WHERE h.state = %(discarded)s AND o.state <> %(discarded)s
        OR o.state = %(discarded)s AND coalesce(h.state, '') <> %(discarded)s
            AND o.created_at > (SELECT min(sealed_at) FROM routing_seal)
        OR o.state = %(superseded)s AND NOT EXISTS (SELECT FROM integrations_outbound n
            WHERE n.connection_id = o.connection_id AND n.object_key = o.object_key
            AND n.id > o.id AND n.verb = o.verb)
        OR o.state = %(held)s AND NOT EXISTS (SELECT FROM integrations_outbound d
            WHERE d.connection_id = o.connection_id AND d.object_key = o.object_key
            AND d.state = %(dead)s)
        OR CASE
        WHEN o.state = %(delivered)s THEN coalesce(a.outcome, '') <> ALL(%(good)s)
        WHEN o.state = ANY(%(failed)s) THEN a.outcome IS NULL OR a.outcome = ANY(%(good)s)
        WHEN o.state = %(leased)s THEN a.outcome IS NOT NULL
        ELSE coalesce(a.outcome = ANY(%(good)s), false) END
    ORDER BY 1 LIMIT 1"""


class OutboundQuerySet(models.QuerySet["Outbound"]):
    def due(self, at: datetime) -> Self:
        """
        Filter for messages that a worker may take at ``at`` (aware), by their own state.

        Includes those of dead workers. See ``heads`` for what else must be true.
        """
        return self.filter(state__in=Outbound.workable, due_at__lte=at)

    def unfinished(self) -> Self:
        """
        Filter for messages that newer ones of the same object wait for.

        Failed ones count until a person resolves them.
        """
        return self.filter(state__in=Outbound.unfinished_states)

    def leased(self) -> Self:
        """Filter for messages that a worker holds, or died over."""
        return self.filter(verb_of(Outbound, "deliver").guard)

    def dead(self) -> Self:
        return self.filter(state=Outbound.State.DEAD)


class Outbound(models.Model):
    """
    One message to an external system, written in the transaction that causes it.

    ``key`` identifies the message through all attempts. ``object_key`` names our object that the
    external object stands for. For each connection and object, the lowest unfinished id goes first.
    ``content`` is what the object should hold. It may hold personal data, so it may be rewritten
    and is not in history. ``assets`` lists ``{"file", "role", "alt"}``. ``object_type`` is the
    external type for the link to ``item``, or empty for no link. ``lease`` is the fencing token of
    the worker that holds the message. ``due_at`` is the time of the next attempt. While the message
    is leased, it is the end of the lease. ``search_at`` is the time of the next search for a second
    external object: a lost request may take effect long after it was sent.
    """

    FIRST_SEARCH = timedelta(minutes=2)

    class State(models.TextChoices):
        PENDING = "pending", _("Queued")
        LEASED = "leased", _("Sending")
        UNKNOWN = "unknown", _("Unconfirmed")
        RETRYING = "retrying", _("Retry scheduled")
        HELD = "held", _("Blocked by a failed message")
        DELIVERED = "delivered", _("Delivered")
        DEAD = "dead", _("Failed")
        DISCARDED = "discarded", _("Discarded")
        SUPERSEDED = "superseded", _("Superseded")

    workable = (State.PENDING, State.RETRYING, State.UNKNOWN, State.LEASED)
    unfinished_states = (*workable, State.HELD, State.DEAD)
    waiting = (State.PENDING, State.HELD)  # not started, if there are no attempts
    tried_again = (State.RETRYING, State.UNKNOWN)  # after a failed attempt
    given_up = (State.DISCARDED, State.SUPERSEDED)

    redactable = ("content", "assets", "last_error", "url", "evidence")
    impersonal = ("key", "verb", "object_key", "object_type", "digest", "state", "remote_id")

    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="outbound",
        db_index=False,
        verbose_name=_("connection"),
    )
    item = models.ForeignKey(
        WorkItem,
        on_delete=models.PROTECT,
        null=True,
        related_name="outbound",
        verbose_name=_("work item"),
    )
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, null=True, related_name="outbound", verbose_name=_("run")
    )
    key = models.CharField(_("key"), max_length=200, unique=True)
    verb = models.CharField(_("operation"), max_length=60)
    object_key = models.CharField(_("object"), max_length=120)
    object_type = models.CharField(_("external type"), max_length=60, blank=True, default="")
    content = models.JSONField(_("content"), default=dict)
    assets = models.JSONField(_("files"), default=list)
    digest = models.CharField(_("digest"), max_length=64)
    state = StateField(
        _("state"), max_length=12, choices=State.choices, default=State.PENDING, protected=True
    )
    by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("requested by"),
    )
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    lease = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)  # of the attempt under this lease
    worker = models.UUIDField(null=True)  # the holder of the lease, see WorkerBeat
    begun_at = models.DateTimeField(_("first tried"), null=True)
    look_first = models.BooleanField(default=False)  # an earlier attempt may have written it
    last_error = models.CharField(_("last error"), max_length=300, blank=True, default="")
    remote_id = models.CharField(_("external id"), max_length=100, blank=True, default="")
    url = models.CharField(_("external address"), max_length=500, blank=True, default="")
    evidence = models.JSONField(_("evidence"), default=dict)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    search_at = models.DateTimeField(null=True)

    # History has what people do to a message. What workers do is in its attempts.
    made_without_history: ClassVar[dict[str, str]] = {}
    beside_history = ("state", "due_at", "attempts", "remote_id", "url", "delivered_at")
    history = Tracked(
        excluded_fields=(
            "content",
            "assets",
            "evidence",
            "lease",
            "leased_until",
            "started_at",
            "worker",
            "begun_at",
            "look_first",
            "last_error",
            "search_at",
        )
    )
    objects = OutboundQuerySet.as_manager()

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=["connection", "due_at", "id"],
                condition=models.Q(state__in=["pending", "retrying", "unknown", "leased"]),
                name="outbound_due_idx",
            ),
            models.Index(
                fields=["connection", "object_key", "id"],
                condition=models.Q(
                    state__in=["pending", "retrying", "unknown", "leased", "held", "dead"]
                ),
                name="outbound_order_idx",
            ),
            models.Index(fields=["connection", "object_key", "-id"], name="outbound_object_idx"),
            models.Index(
                fields=["connection", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="outbound_remote_idx",
            ),
            models.Index(
                fields=["-id"], condition=models.Q(state="dead"), name="outbound_dead_idx"
            ),
            models.Index(
                fields=["connection"],
                condition=models.Q(state="leased"),
                name="outbound_leased_idx",
            ),
            models.Index(
                fields=["search_at"],
                condition=models.Q(search_at__isnull=False),
                name="outbound_search_idx",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(state="delivered") | models.Q(delivered_at__isnull=False),
                name="outbound_delivered_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="leased") | models.Q(leased_until__isnull=False),
                name="outbound_leased_until",
            ),
        )

    def __str__(self) -> str:
        return f"{self.verb} {self.object_key}"

    @classmethod
    def state_evidence(cls) -> tuple[str, dict[str, Any]]:
        """Return SQL for the first message whose state its attempts do not account for."""
        return STATE_EVIDENCE, {
            "delivered": cls.State.DELIVERED,
            "discarded": cls.State.DISCARDED,
            "leased": cls.State.LEASED,
            "superseded": cls.State.SUPERSEDED,
            "held": cls.State.HELD,
            "dead": cls.State.DEAD,
            "failed": [*cls.tried_again, cls.State.DEAD],
            "good": [Attempt.Outcome.DELIVERED, Attempt.Outcome.FOUND],
        }

    @transition(field=state, source=list(workable), target=State.LEASED)
    def take(self, *, at: datetime, until: datetime) -> None:
        """Lease the message. The holder of an earlier lease can no longer record a result."""
        died = self.state == self.State.LEASED and self.started_at is not None
        self.look_first = self.look_first or died or self.state == self.State.UNKNOWN
        self.lease += 1
        self.attempts += 1
        self.leased_until, self.due_at = until, until
        self.started_at, self.begun_at = at, self.begun_at or at

    @transition(field=state, source=State.LEASED, target=State.RETRYING)
    def retry(self, *, at: datetime, after: timedelta) -> None:
        """The attempt certainly wrote nothing."""
        self.due_at, self.leased_until = at + after, None

    @transition(field=state, source=State.LEASED, target=State.UNKNOWN)
    def lose(self, *, at: datetime, after: timedelta) -> None:
        """The attempt may have written the object, so the next one looks first."""
        self.due_at, self.leased_until = at + after, None

    @transition(field=state, source=State.LEASED, target=State.DELIVERED)
    def deliver(self, *, at: datetime) -> None:
        self.delivered_at, self.leased_until, self.last_error = at, None, ""
        # Whatever created an object may have done it twice: proxies repeat requests, too.
        if self.look_first or self.evidence.get("created"):
            self.search_at = at + self.FIRST_SEARCH

    @transition(field=state, source=State.LEASED, target=State.DEAD)
    def die(self, *, at: datetime) -> None:
        """A retry cannot help, so a person must look."""
        self.leased_until, self.search_at = None, at

    @transition(field=state, source=State.PENDING, target=State.HELD)
    def hold(self, *, at: datetime) -> None:
        """An older message of the same object failed."""

    @transition(field=state, source=State.HELD, target=State.PENDING)
    def free(self, *, at: datetime) -> None:
        self.due_at = max(self.due_at, at)

    @transition(field=state, source=State.DEAD, target=State.PENDING)
    def replay(self, *, at: datetime) -> None:
        """Try again. It looks first, because a failed attempt may have written the object."""
        self.due_at, self.attempts, self.look_first = at, 0, True

    @transition(
        field=state,
        source=[State.PENDING, State.RETRYING, State.UNKNOWN, State.HELD, State.DEAD],
        target=State.DISCARDED,
    )
    def discard(self, *, at: datetime) -> None:
        """The message is no longer wanted. What an attempt wrote stays."""
        if self.begun_at is not None:
            self.search_at = at + self.FIRST_SEARCH

    @transition(field=state, source=list(waiting), target=State.SUPERSEDED)
    def supersede(self, *, at: datetime) -> None:
        """A newer message of the same object replaces this one, which was not started."""


class Attempt(models.Model):
    """
    One attempt to send a message, recorded at its end.

    If its worker died, the next worker records it. ``found`` is what was seen in the external
    system, as JSON: ids, addresses, numbers and differences, but never content of ours.
    """

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", _("Written and confirmed")
        FOUND = "found", _("Already written by an earlier attempt")
        TEMPORARY = "temporary", _("Temporarily unavailable")
        UNKNOWN = "unknown", _("No response")
        DIFFERS = "differs", _("Result differs from what was sent")
        REFUSED = "refused", _("Credentials refused")
        CONFLICT = "conflict", _("Changed or removed in external system")
        PERMANENT = "permanent", _("Rejected")
        LOST = "lost", _("Worker died")
        OVERTAKEN = "overtaken", _("Lease expired")

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("error", "found")
    impersonal = ("outcome",)

    outbound = models.ForeignKey(
        Outbound,
        on_delete=models.PROTECT,
        related_name="tries",
        db_index=False,
        verbose_name=_("outbox message"),
    )
    number = models.PositiveIntegerField(_("number"))  # the lease token of the attempt
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    status = models.PositiveIntegerField(_("status"), default=0)
    error = models.CharField(_("message"), max_length=300, blank=True, default="")
    found = models.JSONField(_("found"), default=dict)

    append_only = True

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("outbound", "number")
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=("outbound", "number"), name="attempt_once"),)

    def __str__(self) -> str:
        return f"{self.outbound_id} #{self.number}: {self.outcome}"


class WorkerBeat(models.Model):
    """
    A process that sends messages, with the time of its last heartbeat.

    The process updates its row every two seconds.
    """

    impersonal = ("host",)

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("worker process")
        verbose_name_plural = _("worker processes")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"
