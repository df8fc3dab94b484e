"""Figures of deliverables: rework, and what QA catches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.models import Deliverable
from routing.figures.catalogue import Computes, Figure, Topic, register
from routing.figures.dimensions import Dimension
from routing.kernel.events import Event
from routing.work.gates import Words
from routing.work.kinds import state_label

_OWN = "delivery.deliverable."


def in_words(state: str) -> Words:
    return state_label("deliverable", state)


def returns(at: datetime) -> QuerySet[Any]:
    """Return the events by which deliverables came into rework."""
    found = Event.objects.filter(kind__startswith=_OWN, to_state=Deliverable.State.REWORK)
    return found.exclude(from_state=Deliverable.State.REWORK)


def judgments(at: datetime) -> QuerySet[Any]:
    """Return the events by which QA passed or returned a deliverable."""
    return Event.objects.filter(
        kind__startswith=_OWN,
        from_state=Deliverable.State.IN_QA,
        to_state__in=[Deliverable.State.IN_INTERNAL_REVIEW, Deliverable.State.REWORK],
    )


register(
    Figure(
        name="rework_rounds",
        topic=Topic.QUALITY,
        title=_("Rework"),
        formula=_("The number of returns."),
        grain=_("a return of one deliverable to rework"),
        counted=_("Each time in the period at which a deliverable came into rework."),
        left_out=_(
            "Nothing. Group by state for who returned it: in_client_review is the client, in_qa is "
            "QA, and approved or publish_failed was reopened."
        ),
        rows=returns,
        at="at",
        own=(Dimension(name="state", title=_("Returned from"), path="from_state", words=in_words),),
    ),
    Figure(
        name="qa_yield",
        topic=Topic.QUALITY,
        title=_("QA catches"),
        formula=_(
            "Deliverables that QA returned to rework, divided by those it returned or passed."
        ),
        grain=_("one decision of QA about one deliverable"),
        counted=_(
            "Each time in the period at which a deliverable left QA, for rework or as passed."
        ),
        left_out=_("Deliverables that were cancelled in QA. One that came again counts again."),
        rows=judgments,
        at="at",
        computes=Computes.RATE,
        good=Q(to_state=Deliverable.State.REWORK),
    ),
)
