"""Figures of exceptions: opened, settled, recurring, open, and how long they took."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.kernel.reasons import Reason
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import RunStep
from routing.work.gates import Words
from routing.work.kinds import state_label


def reason_words(reason: str) -> Words:
    return Reason(reason).label if reason in Reason.values else reason


def step_words(step: str) -> Words:
    return RunStep.Name(step).label if step in RunStep.Name.values else step


_EXCEPTION: dict[str, Any] = {
    "topic": Topic.EXCEPTIONS,
    "grain": _("an exception"),
    "own": (
        Dimension(name="reason", title=_("Reason"), path="reason", words=reason_words),
        Dimension(name="step", title=_("Stopped at"), path="step", words=step_words),
        Dimension(
            name="state",
            title=_("State"),
            path="state",
            words=lambda state: state_label("exceptioncase", state),
        ),
    ),
}


def opened(at: datetime) -> QuerySet[Any]:
    """Return all exceptions, and whether each came again."""
    earlier = ExceptionCase.objects.filter(
        run=OuterRef("run"), reason=OuterRef("reason"), pk__lt=OuterRef("pk")
    )
    return ExceptionCase.objects.annotate(is_recurring=Exists(earlier))


def settled(at: datetime) -> QuerySet[Any]:
    took = ExpressionWrapper(F("ended_at") - F("item__created_at"), output_field=DurationField())
    return ExceptionCase.objects.annotate(**{TOOK: took})


def standing(at: datetime) -> QuerySet[Any]:
    """Return the exceptions that were open at an instant."""
    return ExceptionCase.objects.filter(
        Q(ended_at=None) | Q(ended_at__gte=at), item__created_at__lt=at
    )


register(
    Figure(
        name="exceptions_opened",
        title=_("Exceptions opened"),
        formula=_("The number of exceptions."),
        counted=_("Exceptions that were raised in the period."),
        left_out=_("Nothing."),
        rows=opened,
        at="item__created_at",
        **_EXCEPTION,
    ),
    Figure(
        name="exceptions_recurring",
        title=_("Recurring exceptions"),
        formula=_(
            "Exceptions whose run had an earlier one for the same reason, divided by all of them."
        ),
        counted=_("Exceptions that were raised in the period and belong to a run."),
        left_out=_("Exceptions without a run."),
        rows=lambda at: opened(at).filter(run__isnull=False),
        at="item__created_at",
        computes=Computes.RATE,
        good=Q(is_recurring=True),
        **_EXCEPTION,
    ),
    Figure(
        name="exceptions_settled",
        title=_("Exceptions settled"),
        formula=_("The number of exceptions."),
        counted=_("Exceptions that were resolved or dismissed in the period, also by the system."),
        left_out=_("Open exceptions."),
        rows=settled,
        at="ended_at",
        **_EXCEPTION,
    ),
    Figure(
        name="exceptions_open",
        title=_("Open exceptions"),
        formula=_("The number of exceptions."),
        counted=_(
            "Exceptions that were raised before the end of the period and not resolved or "
            "dismissed before it. If the period has not ended, that is now."
        ),
        left_out=_("Nothing."),
        rows=standing,
        **_EXCEPTION,
    ),
    *durations(
        "exception_settle_time",
        title=_("Time to settle an exception"),
        formula=_("From its creation to its end, in elapsed time."),
        counted=_("Exceptions that were resolved or dismissed in the period, also by the system."),
        left_out=_("Open exceptions."),
        rows=settled,
        at="ended_at",
        **_EXCEPTION,
    ),
)
