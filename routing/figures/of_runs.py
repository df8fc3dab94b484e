"""Figures of runs: started, completed, and whether their outcome was proven."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext_lazy as _

from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.kernel.events import Event
from routing.runs.models import Run
from routing.runs.outcomes import Outcome
from routing.work.kinds import state_label

COMPLETED = "routing.run.complete"
_RUN = _("a run")
_STATE = Dimension(
    name="state", title=_("State"), path="state", words=lambda state: state_label("run", state)
)
VERSION = Dimension(
    name="version", title=_("Flow version"), path="version__number", words=lambda n: f"v{n}"
)


def started_runs(at: datetime) -> QuerySet[Any]:
    return Run.objects.annotate(is_proven=is_proven())


def is_proven() -> Q:
    """Return a condition on runs: complete, with a proof, and with nothing unproven or waived."""
    own = Outcome.objects.filter(run=OuterRef("pk"))
    lacking = own.filter(state__in=Outcome.unproven_states)
    proven = Exists(own.filter(state=Outcome.State.PROVEN))
    return Q(proven, ~Exists(lacking), state=Run.State.COMPLETE)


def completed_runs(at: datetime) -> QuerySet[Any]:
    """Return the runs that are complete, with ``completed_at``."""
    last = Event.objects.filter(item=OuterRef("item"), kind=COMPLETED).order_by("-id")
    complete = Run.objects.filter(state=Run.State.COMPLETE)
    return complete.annotate(completed_at=Subquery(last.values("at")[:1]))


def proven_runs(at: datetime) -> QuerySet[Any]:
    """Return the completed runs whose outcome is proven, with the time that it took."""
    proofs = Outcome.objects.filter(run=OuterRef("pk"), state=Outcome.State.PROVEN).order_by()
    last = proofs.values("run").annotate(last=Max("proven_at")).values("last")
    took = ExpressionWrapper(F("proved_at") - F("item__created_at"), output_field=DurationField())
    proven = completed_runs(at).filter(is_proven()).annotate(proved_at=Subquery(last))
    found: QuerySet[Any] = proven.annotate(**{TOOK: took})
    return found


_STARTED: dict[str, Any] = {
    "topic": Topic.RUNS,
    "grain": _RUN,
    "counted": _("Runs that started in the period."),
    "rows": started_runs,
    "at": "item__created_at",
    "own": (_STATE, VERSION),
}

register(
    Figure(
        name="runs_started",
        title=_("Runs started"),
        formula=_("The number of runs."),
        left_out=_("Events that joined a run, and events that no flow took."),
        **_STARTED,
    ),
    Figure(
        name="runs_completed",
        topic=Topic.RUNS,
        title=_("Runs completed"),
        formula=_("The number of runs."),
        grain=_RUN,
        counted=_(
            "Runs that are complete now, in the period of the newest event that completed them."
        ),
        left_out=_(
            "Runs that were reopened and are not complete again, were closed unproven or cancelled."
        ),
        rows=completed_runs,
        at="completed_at",
        own=(VERSION,),
    ),
    Figure(
        name="completion_rate",
        title=_("Completion rate"),
        formula=_(
            "Runs that are complete now, divided by all runs. Open, cancelled and closed unproven "
            "runs are in the divisor only."
        ),
        left_out=_("Nothing."),
        computes=Computes.RATE,
        good=Q(state=Run.State.COMPLETE),
        **_STARTED,
    ),
    Figure(
        name="outcome_rate",
        title=_("Outcome rate"),
        formula=_(
            "Runs whose outcome is proven, divided by all runs. It is proven if the run is "
            "complete, has at least one proven outcome, and none that is expected, no longer "
            "holds, failed or was waived. Superseded outcomes do not matter. Open, cancelled and "
            "closed unproven runs are in the divisor only."
        ),
        left_out=_("Nothing."),
        computes=Computes.RATE,
        good=Q(is_proven=True),
        **_STARTED,
    ),
    *durations(
        "time_to_outcome",
        title=_("Time to outcome"),
        formula=_(
            "From the start of the run to the newest proof among its proven outcomes, in elapsed "
            "time."
        ),
        topic=Topic.RUNS,
        grain=_RUN,
        counted=_(
            "Runs whose outcome is proven (as in outcome_rate), in the period of the newest event "
            "that completed them."
        ),
        left_out=_("Runs with an outcome that was waived, and runs that are not complete."),
        rows=proven_runs,
        at="completed_at",
        own=(VERSION,),
    ),
)
