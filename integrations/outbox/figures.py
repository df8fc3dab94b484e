"""Figures of external systems: how often attempts fail, and how long they take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.outbox.models import Attempt
from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.work.gates import Words

GOOD = (Attempt.Outcome.DELIVERED, Attempt.Outcome.FOUND)


def outcome_words(outcome: str) -> Words:
    return Attempt.Outcome(outcome).label


_LEFT_OUT = _(
    "Reads, probes and inbound webhooks. Readers who do not see all work: messages about no work."
)
_ATTEMPT: dict[str, Any] = {
    "topic": Topic.SYSTEMS,
    "grain": _("one attempt to send one outbox message"),
    "item": "outbound__item",
    "also_apart": ("outbound__run__item",),
    "at": "ended_at",
    "own": (
        Dimension(
            name="connection",
            title=_("Connection"),
            path="outbound__connection",
            model=Connection,
            key="slug",
            label="name",
        ),
        Dimension(name="outcome", title=_("Result"), path="outcome", words=outcome_words),
        Dimension(name="operation", title=_("Operation"), path="outbound__verb"),
    ),
}


def attempts(at: datetime) -> QuerySet[Any]:
    """Return the attempts, with the time from their start to their end."""
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    return Attempt.objects.annotate(**{TOOK: took})


register(
    Figure(
        name="system_error_rate",
        title=_("Error rate of external systems"),
        formula=_(
            "Attempts that did not end as written and confirmed, or as written by an earlier "
            "attempt, divided by all attempts."
        ),
        counted=_("Attempts that ended in the period."),
        left_out=_LEFT_OUT,
        rows=attempts,
        computes=Computes.RATE,
        good=~Q(outcome__in=GOOD),
        **_ATTEMPT,
    ),
    *durations(
        "system_latency",
        title=_("Latency of external systems"),
        formula=_("From the start of the attempt to its end, elapsed."),
        counted=_("Attempts that ended in the period, also those that failed."),
        left_out=_LEFT_OUT,
        rows=attempts,
        **_ATTEMPT,
    ),
)
