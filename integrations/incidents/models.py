"""Incident: trouble that somebody leads until it is over, with what it held up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from integrations.base.connections import Connection
from integrations.outbox.models import Outbound
from routing.flows.switch_off import SwitchOff
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.work.items import WorkNoun


class Incident(WorkNoun):
    """
    Trouble of a connection, or of anything else that a person names.

    One cause has one open incident, and more of the same joins it: ``joined`` counts how often,
    ``last_seen_at`` says when last, and ``signals`` lists what noticed it. ``began_at`` is when the
    trouble began and ``noticed_at`` when the incident was opened. ``recovered_at`` is when the
    connection answered again. ``canary_at``, ``canary_passed`` and ``canary_said`` are of the last
    test, or of what a person checked. ``ticked`` lists the steps of the runbook that are done.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        CLOSED = "closed", _("Closed")

    class Severity(models.TextChoices):
        CRITICAL = "critical", _("Critical")
        MAJOR = "major", _("Major")
        MINOR = "minor", _("Minor")

    class Signal(models.TextChoices):
        BREAKER = "breaker", _("The connection was paused")
        ERRORS = "errors", _("Many calls failed")
        BACKLOG = "backlog", _("Messages waited too long")
        PERSON = "person", _("A person")

    open_states = frozenset({State.OPEN, State.ACKNOWLEDGED})

    redactable = ("cause", "canary_said", "found", "measure")
    impersonal = ("state", "severity", "signal", "signals", "ticked")

    state = StateField(
        _("state"), max_length=12, choices=State.choices, default=State.OPEN, protected=True
    )
    cause = models.CharField(_("cause"), max_length=120)
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.MAJOR
    )
    signal = models.CharField(_("noticed by"), max_length=10, choices=Signal.choices)
    signals = models.JSONField(_("also noticed by"), default=list)
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        null=True,
        related_name="incidents",
        verbose_name=_("connection"),
    )
    began_at = models.DateTimeField(_("trouble began"))
    noticed_at = models.DateTimeField(_("noticed"))
    last_seen_at = models.DateTimeField(_("last seen"))
    joined = models.PositiveIntegerField(_("more of the same"), default=0)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    recovered_at = models.DateTimeField(_("recovered"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    canary_at = models.DateTimeField(_("tested"), null=True)
    canary_passed = models.BooleanField(_("test passed"), null=True)
    canary_said = models.CharField(_("result of the test"), max_length=300, blank=True, default="")
    ticked = models.JSONField(_("steps done"), default=list)
    found = models.TextField(_("what caused it"), blank=True, default="")
    measure = models.TextField(_("measure against it"), blank=True, default="")

    history = Tracked()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("cause",),
                condition=models.Q(state__in=["open", "acknowledged"]),
                name="one_open_incident_a_cause",
            ),
        )

    @property
    def is_tested(self) -> bool:
        """Return whether the last test passed, and nothing more was seen since."""
        return bool(
            self.canary_passed
            and self.canary_at is not None
            and self.canary_at >= self.last_seen_at
        )

    @transition(field=state, source=list(open_states), target=None)
    def join(self, *, at: datetime, signal: str) -> None:
        """Count more of the same."""
        self.joined += 1
        self.last_seen_at, self.recovered_at = at, None
        if signal not in (self.signal, *self.signals):
            self.signals = [*self.signals, signal]

    @transition(field=state, source=list(open_states), target=None)
    def recover(self, *, at: datetime) -> None:
        """Note that the connection answers again."""
        self.recovered_at = at

    @transition(field=state, source=State.OPEN, target=State.ACKNOWLEDGED)
    def acknowledge(self, *, at: datetime) -> None:
        self.acknowledged_at = at

    @transition(field=state, source=list(open_states), target=None)
    def assess(self, *, at: datetime, severity: str) -> None:
        self.severity = severity

    @transition(field=state, source=list(open_states), target=None)
    def tick(self, *, at: datetime, done: str) -> None:
        """Mark a step of the runbook as done."""
        self.ticked = [*self.ticked, done]

    @transition(field=state, source=list(open_states), target=None)
    def test(self, *, at: datetime, passed: bool, said: str) -> None:
        """Keep the result of a test."""
        self.canary_at, self.canary_passed, self.canary_said = at, passed, said[:300]

    @transition(field=state, source=list(open_states), target=State.CLOSED)
    def close(self, *, at: datetime, checked: str, found: str, measure: str) -> None:
        if checked:
            self.canary_at, self.canary_passed, self.canary_said = at, True, checked[:300]
        self.found, self.measure, self.closed_at = found, measure, at
        self.acknowledged_at = self.acknowledged_at or at
        self.recovered_at = self.recovered_at or at


class IncidentMessage(models.Model):
    """An outbox message that waited during an incident."""

    lasting: ClassVar[bool] = True  # the app may not delete it

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    outbound = models.ForeignKey(Outbound, on_delete=models.PROTECT, related_name="incidents")
    found_at = models.DateTimeField(_("found waiting"))

    class Meta:
        verbose_name = _("message held up by an incident")
        verbose_name_plural = _("messages held up by incidents")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("incident", "outbound"), name="message_once_incident"),
        )

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.outbound_id}"


class IncidentPause(models.Model):
    """A flow that an incident switched off, until the incident is closed."""

    lasting: ClassVar[bool] = True  # the app may not delete it

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="pauses")
    switch_off: Any = models.OneToOneField(
        SwitchOff, on_delete=models.PROTECT, related_name="incident_pause"
    )

    class Meta:
        verbose_name = _("flow paused by an incident")
        verbose_name_plural = _("flows paused by incidents")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.switch_off_id}"
