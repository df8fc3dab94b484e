"""Figures of the steps of runs: how often they fail, and how long they take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.figures.of_exceptions import step_words
from routing.runs.models import RunStep

_STEP: dict[str, Any] = {
    "topic": Topic.SYSTEMS,
    "grain": _("a step of a run, as it ended last"),
    "item": "run__item",
    "at": "ended_at",
    "own": (Dimension(name="step", title=_("Step"), path="name", words=step_words),),
}


def ended_steps(at: datetime) -> QuerySet[Any]:
    return RunStep.objects.filter(state__in=RunStep.ended_states)


def timed_steps(at: datetime) -> QuerySet[Any]:
    done = RunStep.objects.filter(state=RunStep.State.DONE, started_at__isnull=False)
    took = ExpressionWrapper(F("ended_at") - F("started_at"), output_field=DurationField())
    return done.annotate(**{TOOK: took})


register(
    Figure(
        name="step_error_rate",
        title=_("Error rate of steps"),
        formula=_(
            "Steps that stopped, or needed more than one attempt, divided by all that ended. "
            "Attempts count anew after an exception was resolved."
        ),
        counted=_("Steps that were done or stopped in the period and are so now."),
        left_out=_("Steps that wait or were skipped."),
        rows=ended_steps,
        computes=Computes.RATE,
        good=Q(state=RunStep.State.STOPPED) | Q(attempts__gt=1),
        **_STEP,
    ),
    *durations(
        "step_latency",
        title=_("Latency of steps"),
        formula=_("From the start of its last attempt to its end."),
        counted=_("Steps that were done in the period and whose worker noted the start."),
        left_out=_("Steps that are done in one batch, and have no start of their own."),
        rows=timed_steps,
        **_STEP,
    ),
)
