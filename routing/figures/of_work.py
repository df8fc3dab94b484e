"""Figures of owners: open and overdue work, reassignments, overruled rules, work without a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from routing.figures.catalogue import TOOK, Computes, Figure, Topic, durations, register
from routing.figures.dimensions import Dimension, person
from routing.kernel.events import Event
from routing.people.staff import User
from routing.runs.decisions import Decision
from routing.work.items import WorkItem

OVERRULED_WITHIN = timedelta(hours=48)
HAND_OVER = "routing.workitem.hand_over"
NOT_WORK = "exceptioncase"  # an exception is about work, and may be about no run
_ITEM = _("a work item")
WAITING_ON = Dimension(
    name="waiting_on",
    title=_("Waiting on"),
    path="waiting_on",
    words=lambda party: WorkItem.WaitingOn(party).label,
)
FROM_TO_BY = (
    person("from", _("From"), "from_owner"),
    person("to", _("To"), "to_owner"),
    person("by", _("By"), "actor"),
)


def open_work(at: datetime) -> QuerySet[Any]:
    """Return the work that is open now, with its age."""
    age = ExpressionWrapper(
        Value(now(), output_field=DateTimeField()) - F("created_at"), output_field=DurationField()
    )
    return WorkItem.objects.filter(is_open=True).annotate(**{TOOK: age})


def hand_offs(at: datetime) -> QuerySet[Any]:
    """Return the reassignments by people that changed the owner, with both owners."""
    records = WorkItem.history.model.objects.filter(id=OuterRef("item"))
    before = records.filter(history_date__lt=OuterRef("at")).order_by("-history_id")
    after = records.filter(history_date=OuterRef("at")).order_by("-history_id")
    return (
        Event.objects.filter(kind=HAND_OVER, actor__kind=User.Kind.PERSON)
        .annotate(
            from_owner=Subquery(before.values("owner")[:1]),
            to_owner=Subquery(after.values("owner")[:1]),
        )
        .exclude(from_owner=F("to_owner"))
        .filter(from_owner__isnull=False, to_owner__isnull=False)
    )


def decisions(at: datetime) -> QuerySet[Any]:
    """Return the decisions of rules, and whether a person gave the run to another owner soon."""
    given = WorkItem.history.model.objects.filter(
        id=OuterRef("run__item"),
        history_date__gt=OuterRef("at"),
        history_date__lte=OuterRef("at") + OVERRULED_WITHIN,
        history_user__kind=User.Kind.PERSON,
    ).exclude(owner=OuterRef("owner"))
    return Decision.objects.annotate(is_overruled=Exists(given))


register(
    Figure(
        name="open_work",
        topic=Topic.WORK,
        title=_("Open work"),
        formula=_("The number of work items."),
        grain=_ITEM,
        counted=_("Work items that are open now. The period does not matter."),
        left_out=_("Nothing. A run, its request and its deliverables are each an item."),
        rows=open_work,
        item="",
        is_now=True,
        own=(WAITING_ON,),
    ),
    Figure(
        name="overdue_work",
        topic=Topic.WORK,
        title=_("Overdue work"),
        formula=_("The number of work items."),
        grain=_ITEM,
        counted=_(
            "Work items that are open now and were due before now. The period does not matter."
        ),
        left_out=_("Work without a due time, such as work whose clocks are paused."),
        rows=lambda at: open_work(at).filter(next_due_at__lt=now()),
        item="",
        is_now=True,
        own=(WAITING_ON,),
    ),
    Figure(
        name="work_on_hold",
        topic=Topic.WORK,
        title=_("Work on hold"),
        formula=_("The number of work items."),
        grain=_ITEM,
        counted=_("Work items that are open and on hold now. The period does not matter."),
        left_out=_("Nothing. Parts that are held with the whole are counted as well."),
        rows=lambda at: open_work(at).filter(held_at__isnull=False),
        item="",
        is_now=True,
        own=(WAITING_ON,),
    ),
    *durations(
        "open_work_age",
        title=_("Age of open work"),
        formula=_("From its creation until now, in elapsed time."),
        topic=Topic.WORK,
        grain=_ITEM,
        counted=_("Work items that are open now. The period does not matter."),
        left_out=_("Nothing."),
        rows=open_work,
        item="",
        is_now=True,
        own=(WAITING_ON,),
    ),
    Figure(
        name="hand_offs",
        topic=Topic.WORK,
        title=_("Manual hand-offs"),
        formula=_("The number of reassignments."),
        grain=_("a reassignment of one work item"),
        counted=_("Reassignments by a person in the period that gave the work another owner."),
        left_out=_(
            "Changes of the backup or the assignee alone. Reassignments by the system, such as "
            "those when somebody leaves, and those by a decision."
        ),
        rows=hand_offs,
        at="at",
        own=FROM_TO_BY,
    ),
    Figure(
        name="rules_overruled",
        topic=Topic.QUALITY,
        title=_("Rules overruled within 48 hours"),
        formula=_(
            "Decisions after which a person gave the run to another owner than the decided one "
            "within 48 hours, divided by all decisions."
        ),
        grain=_("a decision about a run"),
        counted=_("Decisions that were made in the period."),
        left_out=_("Nothing. A decision less than 48 hours old may still be overruled."),
        rows=decisions,
        item="run__item",
        at="at",
        computes=Computes.RATE,
        good=Q(is_overruled=True),
        own=(Dimension(name="rule", title=_("Rule"), path="rule_name"),),
    ),
    Figure(
        name="work_without_layer",
        topic=Topic.QUALITY,
        title=_("Work that skipped the layer"),
        formula=_("Work items that belong to no run, divided by all work items."),
        grain=_ITEM,
        counted=_("Work items that were created in the period."),
        left_out=_("Exceptions."),
        rows=lambda at: WorkItem.objects.exclude(kind=NOT_WORK),
        item="",
        at="created_at",
        computes=Computes.RATE,
        good=Q(run=None),
    ),
)
