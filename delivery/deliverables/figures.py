"""Figures of deliverables: rework, and what QA catches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.models import Deliverable
from routing.figures.catalogue import Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.figures.of_states import stays
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


def stays_in_qa(at: datetime) -> QuerySet[Any]:
    return stays(at).filter(kind__startswith=_OWN, from_state=Deliverable.State.IN_QA)


def rounds() -> QuerySet[Any]:
    """Return the events by which a client's answer returned a deliverable."""
    return Event.objects.filter(
        kind=f"{_OWN}return_for_rework", from_state=Deliverable.State.IN_CLIENT_REVIEW
    ).order_by()


def rounds_of_contracts(at: datetime) -> QuerySet[Any]:
    """Return the change rounds of engagements with a number of them, each with its own number."""
    sold = "item__as_deliverable__brief__engagement"
    so_far = rounds().filter(**{sold: OuterRef(sold)}, pk__lte=OuterRef("pk"))
    number = so_far.values(sold).annotate(number=Count("pk")).values("number")
    found = rounds().filter(**{f"{sold}__rounds__isnull": False})
    numbered: QuerySet[Any] = found.annotate(number=Subquery(number), sold=F(f"{sold}__rounds"))
    return numbered


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
    *durations(
        "qa_time",
        title=_("Time in QA"),
        formula=_("From the submission of a version until QA passed or returned it, elapsed."),
        topic=Topic.QUALITY,
        grain=_("one stay of one deliverable in QA"),
        counted=_("Stays that ended in the period."),
        left_out=_("Deliverables that are in QA now."),
        rows=stays_in_qa,
        at="at",
    ),
    Figure(
        name="rounds_beyond_contract",
        topic=Topic.QUALITY,
        title=_("Change rounds beyond the contract"),
        formula=_(
            "Change rounds that came after all rounds sold with the engagement were used, divided "
            "by all change rounds. They are numbered in the order of their events."
        ),
        grain=_("a change round: the client returned one deliverable"),
        counted=_("Change rounds in the period whose engagement says how many were sold."),
        left_out=_("Deliverables without an engagement, or of one that does not say so."),
        rows=rounds_of_contracts,
        at="at",
        computes=Computes.RATE,
        good=Q(number__gt=F("sold")),
    ),
)
