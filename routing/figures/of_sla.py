"""Figures of SLA clocks: compliance, breaches, first responses, and whose time it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils.translation import gettext_lazy as _

from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.sla.clocks import Clock, ClockMark
from routing.sla.compliance import ENDS
from routing.sla.explain_due import party_label
from routing.sla.operations.first_response import FIRST_RESPONSE
from routing.sla.policies import SLAPolicy, purpose_label
from routing.sla.timing import AGENCY, HELD, UNCOUNTED, Cause, Does

_CLOCK = _("an SLA clock: one purpose of one work item")
_PURPOSE = Dimension(name="purpose", title=_("Target"), path="purpose", words=purpose_label)
_POLICY = Dimension(
    name="policy", title=_("SLA policy"), path="policy", model=SLAPolicy, key="slug", label="name"
)


def all_clocks(at: datetime) -> QuerySet[Any]:
    return Clock.objects.all()


def decided_clocks(at: datetime) -> QuerySet[Any]:
    return Clock.objects.filter(ENDS["met"] | ENDS["late"])


def responses(at: datetime) -> QuerySet[Any]:
    """Return the clocks of first responses that something stopped that reached the client."""
    met = Clock.objects.filter(purpose=FIRST_RESPONSE, stopped_at__isnull=False, cause=Cause.MET)
    took = ExpressionWrapper(F("stopped_at") - F("started_at"), output_field=DurationField())
    return met.annotate(**{TOOK: took})


def ended_stretches(at: datetime) -> QuerySet[Any]:
    """Return the stretches of clocks that have stopped, each with its party and its length."""
    marks = ClockMark.objects.filter(clock__stopped_at__isnull=False).exclude(does=Does.STOP)
    following = ClockMark.objects.filter(clock=OuterRef("clock"), pk__gt=OuterRef("pk"))
    ended = Subquery(following.order_by("pk").values("at")[:1])
    # As in ``timing.read``: time on hold is nobody's, and neither is time that does not count.
    party = Case(
        When(does=Does.RUN, then=Value(AGENCY)),
        When(cause=Cause.HOLD, then=Value(HELD)),
        When(cause=Cause.STATE, then=Value(UNCOUNTED)),
        default=F("party"),
        output_field=CharField(),
    )
    took = ExpressionWrapper(F("ended_at") - F("at"), output_field=DurationField())
    return marks.annotate(ended_at=ended, whose=party).annotate(**{TOOK: took})


_RESPONSE: dict[str, Any] = {
    "topic": Topic.SLA,
    "grain": _CLOCK,
    "own": (_PURPOSE, _POLICY),
}

register(
    Figure(
        name="sla_compliance",
        title=_("SLA compliance"),
        formula=_(
            "Clocks that were met on time, divided by those that were met on time or are overdue. "
            "A clock that was overdue once stays so, however it ended."
        ),
        counted=_("Clocks that started in the period and are met on time or overdue."),
        left_out=_("Clocks that are on track, and clocks whose work ended before they were due."),
        rows=decided_clocks,
        at="started_at",
        computes=Computes.RATE,
        good=ENDS["met"],
        **_RESPONSE,
    ),
    Figure(
        name="breaches",
        title=_("Breaches"),
        formula=_("The number of clocks."),
        counted=_("Clocks whose working time ran out in the period."),
        left_out=_("Nothing. A clock breaches once."),
        rows=all_clocks,
        at="breached_at",
        **_RESPONSE,
    ),
    *durations(
        "first_response",
        title=_("First response"),
        formula=_(
            "From the start of the clock, which is when the signal was received, to the moment at "
            "which something reached the client, in elapsed time as the client saw it."
        ),
        counted=_(
            "Clocks of the purpose first_response that something stopped in the period which "
            "reached the client, in time or late."
        ),
        left_out=_("Clocks that are open, and clocks whose work ended without a response."),
        rows=responses,
        at="stopped_at",
        **_RESPONSE,
    ),
    Figure(
        name="time_by_party",
        topic=Topic.TIME,
        title=_("Elapsed time by party"),
        formula=_(
            "The sum of the stretches, in elapsed time, nights and days off included. A stretch "
            "counts for the agency while the clock runs, for nobody while the work is on hold "
            "(hold) or in a state that the target does not count (not_counted), and otherwise for "
            "the party that the work waits on."
        ),
        grain=_("a stretch of an SLA clock: the time from one turn of it to the next"),
        counted=_("Stretches of clocks that stopped in the period."),
        left_out=_("Clocks that are open. Time after a clock stopped."),
        rows=ended_stretches,
        item="clock__item",
        at="clock__stopped_at",
        computes=Computes.TOTAL,
        own=(
            Dimension(name="party", title=_("Party"), path="whose", words=party_label),
            Dimension(
                name="purpose", title=_("Target"), path="clock__purpose", words=purpose_label
            ),
        ),
    ),
)
