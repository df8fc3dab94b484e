"""Figures of states: how long work stays in each, and how long it takes as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext_lazy as _

from routing.figures.catalogue import TOOK, Topic, durations, register
from routing.figures.dimensions import Dimension
from routing.kernel.events import Event
from routing.work.kinds import models_by_kind, state_label


def changes_of_state() -> QuerySet[Event]:
    """Return the events by which work came into another state, also by its creation."""
    # Outcomes and clocks have events about the same work item, with states of their own.
    own = Q(pk__in=[])
    for kind, model in models_by_kind().items():
        own |= Q(item__kind=kind, kind__startswith=f"{model._meta.app_label}.{kind}.")
    return Event.objects.filter(own).exclude(from_state=F("to_state")).order_by()


def stays(at: datetime) -> QuerySet[Any]:
    """Return the events by which work left a state, with the time that it had been there."""
    left = changes_of_state().exclude(from_state="")
    came = Event.objects.filter(
        item=OuterRef("item"),
        object_id=OuterRef("object_id"),
        to_state=OuterRef("from_state"),
        pk__lt=OuterRef("pk"),
    ).exclude(from_state=F("to_state"))
    since = Subquery(came.order_by("-pk").values("at")[:1])
    took = ExpressionWrapper(F("at") - F("since"), output_field=DurationField())
    return left.annotate(since=since).filter(since__isnull=False).annotate(**{TOOK: took})


def endings(at: datetime) -> QuerySet[Any]:
    """Return the newest event by which work ended, for work that has ended."""
    ended = Q(pk__in=[])
    for kind, model in models_by_kind().items():
        open_states = [str(state) for state in model.open_states]
        ended |= Q(item__kind=kind, from_state__in=open_states) & ~Q(to_state__in=open_states)
    found = changes_of_state().filter(ended, item__is_open=False)
    later = changes_of_state().filter(ended, item=OuterRef("item"), pk__gt=OuterRef("pk"))
    took = ExpressionWrapper(F("at") - F("item__created_at"), output_field=DurationField())
    return found.filter(~Exists(later)).annotate(**{TOOK: took})


def any_state(state: str) -> str:
    """Return the label of a state, of whichever noun has it."""
    labels = (state_label(kind, state) for kind in models_by_kind())
    return next((label for label in labels if label != state), state)


register(
    *durations(
        "time_in_state",
        title=_("Time in a state"),
        formula=_(
            "From the moment at which the work came into the state until it left it, elapsed."
        ),
        topic=Topic.TIME,
        grain=_("one stay of one work item in one state"),
        counted=_("Stays that ended in the period. Work that comes back has another stay."),
        left_out=_("Stays that have not ended. Group by kind and state: stages are states."),
        rows=stays,
        at="at",
        own=(Dimension(name="state", title=_("State"), path="from_state", words=any_state),),
    ),
    *durations(
        "cycle_time",
        title=_("Cycle time"),
        formula=_("From the creation of the work until it ended, elapsed."),
        topic=Topic.TIME,
        grain=_("a work item that has ended"),
        counted=_(
            "Work items that are not open, in the period in which they last came from an open "
            "state into one that is not open. Group by kind."
        ),
        left_out=_("Open work, also if it had ended once and was reopened."),
        rows=endings,
        at="at",
        own=(Dimension(name="ended_as", title=_("Ended as"), path="to_state", words=any_state),),
    ),
)
