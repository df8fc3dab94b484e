"""HeldEvent: an event that waits for its flow, which is switched off or has just claimed it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, Min, OuterRef
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from routing.flows.models import Flow
from routing.flows.switch_off import SwitchOff
from routing.kernel.events import Event
from routing.kernel.fields import StateField
from routing.kernel.history import Tracked
from routing.people.clients import Client
from routing.runs.claims import EventClaim
from routing.runs.models import Run


class HeldEventQuerySet(models.QuerySet["HeldEvent"]):
    def waiting(self) -> Self:
        """Filter for events that have been neither released nor rejected."""
        return self.filter(state=HeldEvent.State.HELD)


class HeldEvent(models.Model):
    """
    An event that would start a flow, and waits while the flow is switched off. An event that no
    flow took waits as well, once a person has claimed it for one, until workers come to it.

    ``switch_off`` or ``claim`` says why it waited. ``received_at`` is the instant at which it was
    received; the clocks of its run count from then. ``client`` is the client that the event names,
    if it names one. ``run`` is the run that it started or joined once it was released.
    """

    class State(models.TextChoices):
        HELD = "held", _("Waiting")
        RELEASED = "released", _("Released")
        PROCESSED = "processed", _("Processed")
        REJECTED = "rejected", _("Rejected")

    lasting: ClassVar[bool] = True  # the app may not delete it
    impersonal = ("state",)

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="held", verbose_name=_("event")
    )
    flow = models.ForeignKey(
        Flow,
        on_delete=models.PROTECT,
        related_name="held_events",
        db_index=False,
        verbose_name=_("flow"),
    )
    switch_off = models.ForeignKey(
        SwitchOff,
        on_delete=models.PROTECT,
        null=True,
        related_name="held_events",
        db_index=False,
        verbose_name=_("switch-off"),
    )
    claim = models.ForeignKey(
        EventClaim,
        on_delete=models.PROTECT,
        null=True,
        related_name="held_events",
        db_index=False,
        verbose_name=_("claim"),
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("client"),
    )
    run = models.ForeignKey(
        Run,
        on_delete=models.PROTECT,
        null=True,
        related_name="held_events",
        db_index=False,
        verbose_name=_("run"),
    )
    state = StateField(
        _("state"), max_length=10, choices=State.choices, default=State.HELD, protected=True
    )
    received_at = models.DateTimeField(_("received"))

    objects = HeldEventQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("held event")
        verbose_name_plural = _("held events")
        ordering = ("received_at", "event_id")
        default_permissions = ("view",)
        constraints = (models.UniqueConstraint(fields=("event", "flow"), name="held_once_a_flow"),)
        # Partial: nearly all of them have been released, and the queue looks for those that wait.
        indexes = (
            models.Index(
                fields=["flow", "received_at", "event"],
                condition=models.Q(state="held"),
                name="heldevent_waiting_idx",
            ),
            models.Index(
                fields=["run"], condition=models.Q(run__isnull=False), name="heldevent_run_idx"
            ),
            models.Index(
                fields=["claim"],
                condition=models.Q(claim__isnull=False),
                name="heldevent_claim_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.event} {self.state}"

    @transition(field=state, source=State.HELD, target=State.RELEASED)
    def release(self, *, at: datetime) -> None:
        """Queue the event, because the flow is on."""

    @transition(field=state, source=State.RELEASED, target=State.HELD)
    def wait_again(self, *, at: datetime, switch_off_id: int) -> None:
        """Wait, because the flow was switched off again before the event was processed."""
        self.switch_off_id = switch_off_id

    @transition(field=state, source=State.RELEASED, target=State.PROCESSED)
    def settle(self, *, at: datetime) -> None:
        """Note that the event was processed: it started or joined a run, or no flow took it."""

    @transition(field=state, source=State.HELD, target=State.REJECTED)
    def reject(self, *, at: datetime) -> None:
        """Let the event start nothing, because a person rejected it with a reason."""


def flow_is_off(flow: str) -> Exists:
    """
    Return a condition for a queryset: the flow is switched off.

    :param flow: the column with the id of the flow
    """
    return Exists(SwitchOff.objects.current().filter(flow=OuterRef(flow)))


def received_of(run_ids: Collection[int]) -> Mapping[int, datetime]:
    """Return when the first event was received by run, for runs whose events were held."""
    rows = HeldEvent.objects.filter(run__in=run_ids).order_by().values("run")
    return dict(rows.values_list("run", Min("received_at")))
