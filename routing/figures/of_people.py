"""Figures of people: how many a run takes, work by hand that is new, missed hand-offs, absence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from routing.cover.absences import Absence
from routing.figures.catalogue import TOOK, Computes, Figure, Topic, register
from routing.figures.dimensions import Dimension, person
from routing.figures.of_runs import VERSION, completed_runs
from routing.figures.of_work import FROM_TO_BY, WAITING_ON, hand_offs, open_work
from routing.kernel.events import Event
from routing.messages.models import Notification
from routing.people.staff import User
from routing.runs.models import Run

TAKEN_UP_WITHIN = timedelta(hours=48)
_RUN = _("a run")
_COMPLETED = _("Runs that are complete now, in the period of the newest event that completed them.")


def by_hand() -> QuerySet[Event]:
    """Return what people did, of the agency or of a client."""
    return Event.objects.filter(actor__kind=User.Kind.PERSON).order_by()


def number_a_run(rows: QuerySet[Any], *, of: str) -> Coalesce:
    """
    Return an expression for runs: the number of different values of a column.

    :param rows: rows about work items
    """
    about = rows.filter(item__run=OuterRef("pk")).order_by().values("item__run")
    counted = about.annotate(number=Count(of, distinct=True)).values("number")
    return Coalesce(Subquery(counted), Value(0), output_field=IntegerField())


def with_number(at: datetime, number: Coalesce) -> QuerySet[Any]:
    """Return the runs that are complete, with a number of each."""
    found: QuerySet[Any] = completed_runs(at).annotate(**{TOOK: number})
    return found


def new_by_hand(at: datetime) -> QuerySet[Any]:
    """Return what people did in runs, if nobody did so with an earlier version of the flow."""
    flow, version = OuterRef("item__run__flow"), OuterRef("item__run__version__number")
    earlier = Run.objects.filter(flow=flow, version__number__lt=version)
    same = by_hand().filter(
        kind=OuterRef("kind"), item__run__flow=flow, item__run__version__number__lt=version
    )
    return by_hand().filter(Exists(earlier), ~Exists(same), item__run__isnull=False)


def taken_up(at: datetime) -> QuerySet[Any]:
    """Return the hand-offs, and whether the new owner did nothing with the work for 48 hours."""
    done = Event.objects.filter(
        item=OuterRef("item"),
        actor=OuterRef("to_owner"),
        at__gt=OuterRef("at"),
        at__lte=OuterRef("at") + TAKEN_UP_WITHIN,
    )
    is_over = Q(at__lte=min(at, now()) - TAKEN_UP_WITHIN)
    found: QuerySet[Any] = hand_offs(at).annotate(is_missed=~Exists(done) & is_over)
    return found


def of_the_absent(at: datetime) -> QuerySet[Any]:
    """Return the work that is open now, and whether its owner is absent now."""
    absent = Absence.objects.at(now()).filter(user=OuterRef("owner"))
    found: QuerySet[Any] = open_work(at).annotate(is_of_absent=Exists(absent))
    return found


def due_in_absence(at: datetime) -> QuerySet[Any]:
    """Return the open work that is due later, and whether its owner is absent by then."""
    absent = Absence.objects.filter(
        user=OuterRef("owner"),
        starts_at__lte=OuterRef("next_due_at"),
        ends_at__gt=OuterRef("next_due_at"),
    )
    due = open_work(at).filter(next_due_at__gte=now())
    found: QuerySet[Any] = due.annotate(is_of_absent=Exists(absent))
    return found


_LOAD: dict[str, Any] = {
    "topic": Topic.WORK,
    "family": "coordination",
    "grain": _RUN,
    "counted": _COMPLETED,
    "at": "completed_at",
    "computes": Computes.EACH,
    "own": (VERSION,),
}
_OPEN: dict[str, Any] = {
    "topic": Topic.WORK,
    "grain": _("a work item"),
    "item": "",
    "computes": Computes.RATE,
    "good": Q(is_of_absent=True),
    "is_now": True,
    "own": (WAITING_ON,),
}

register(
    Figure(
        name="coordination_people",
        title=_("People of a run"),
        formula=_(
            "The mean number of people, of the agency or the client, who did something with the "
            "run or its work, which is recorded as an event."
        ),
        left_out=_("Service users. People who only read, or were only told."),
        rows=lambda at: with_number(at, number_a_run(by_hand(), of="actor")),
        **_LOAD,
    ),
    Figure(
        name="coordination_messages",
        title=_("Messages of a run"),
        formula=_("The mean number of notifications about the run or its work, to anybody."),
        left_out=_("Notes, and e-mails that people wrote outside the product."),
        rows=lambda at: with_number(at, number_a_run(Notification.objects.all(), of="pk")),
        **_LOAD,
    ),
    Figure(
        name="coordination_reassignments",
        title=_("Reassignments of a run"),
        formula=_("The mean number of manual hand-offs (as in hand_offs) of the run or its work."),
        left_out=_("Reassignments by the system, and those by a decision."),
        rows=lambda at: with_number(at, number_a_run(hand_offs(at), of="pk")),
        **_LOAD,
    ),
    Figure(
        name="manual_steps",
        title=_("Steps by hand of a run"),
        formula=_(
            "The mean number of events about the run or its work that people caused. Group by "
            "version to see whether a version needs more of them."
        ),
        left_out=_("What service users did."),
        rows=lambda at: with_number(at, number_a_run(by_hand(), of="pk")),
        **_LOAD,
    ),
    Figure(
        name="new_manual_work",
        topic=Topic.WORK,
        title=_("New manual work since a flow version"),
        formula=_("The number of events."),
        grain=_("an event about a run or its work that a person caused"),
        counted=_(
            "Events in the period whose kind no person caused in any run of an earlier version of "
            "the flow."
        ),
        left_out=_("Runs of the first version of a flow that had runs: nothing was before it."),
        rows=new_by_hand,
        at="at",
        own=(
            Dimension(name="verb", title=_("Kind of event"), path="kind"),
            Dimension(
                name="version",
                title=_("Flow version"),
                path="item__run__version__number",
                words=lambda n: f"v{n}",
            ),
            person("by", _("By"), "actor"),
        ),
    ),
    Figure(
        name="missed_hand_offs",
        topic=Topic.WORK,
        title=_("Missed hand-offs"),
        formula=_(
            "Manual hand-offs after which the new owner did nothing with the work item within 48 "
            "hours, divided by all manual hand-offs (as in hand_offs)."
        ),
        grain=_("a reassignment of one work item"),
        counted=_("Reassignments by a person in the period that gave the work another owner."),
        left_out=_(
            "Nothing. A hand-off less than 48 hours old, at the end of the period or now, is not "
            "missed yet. One of work that somebody else took on or ended is missed."
        ),
        rows=taken_up,
        at="at",
        computes=Computes.RATE,
        good=Q(is_missed=True),
        own=FROM_TO_BY,
    ),
    Figure(
        name="work_of_absent",
        title=_("Work of people who are absent"),
        formula=_("Work items whose owner is absent now, divided by all."),
        counted=_("Work items that are open now. The period does not matter."),
        left_out=_("Nothing. The backup may be at work."),
        rows=of_the_absent,
        **_OPEN,
    ),
    Figure(
        name="due_in_absence",
        title=_("Work due while its owner is absent"),
        formula=_("Work items whose owner is absent at the moment they are due, divided by all."),
        counted=_("Work items that are open now and due later. The period does not matter."),
        left_out=_("Overdue work, and work without a due time."),
        rows=due_in_absence,
        **_OPEN,
    ),
)
