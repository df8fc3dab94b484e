"""Fill the plan of a brief from a template, and move its launch date with what follows it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from delivery.briefs import gates
from delivery.briefs.details import (
    FillDetails,
    MovedDetails,
    MoveLaunchDetails,
    UseTemplateDetails,
)
from delivery.briefs.filling import (
    NONE_UNDERWAY,
    PlannedMove,
    Underway,
    due_of,
    fill,
    moved,
    refill,
    with_text,
)
from delivery.briefs.models import Brief
from delivery.briefs.operations.briefs import brief_facts
from delivery.briefs.plan import MOST, BadPlan, Planned
from delivery.deliverables.models import Deliverable
from delivery.plans.models import PlanTemplate, PlanTemplateVersion
from delivery.plans.queries import newest_versions
from delivery.plans.relative import NoWorkingDay
from routing.kernel.days import can_be_meant, other_years
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.sla.working_days import is_weekday, working_days_of
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateResult, Words, passed, refused
from routing.work.items import WorkItem
from routing.work.locking import lock


@dataclass(frozen=True, slots=True)
class Filling:
    """What a version of a template makes of a new brief."""

    version_id: int
    text: str
    plan: tuple[Planned, ...]

    def put_into(self, row: Brief) -> None:
        """Fill a brief that is not saved yet. What its plan has already stays."""
        row.template_id = self.version_id
        row.body = with_text(row.body, self.text)
        row.planned = [*row.planned, *(each.as_json() for each in self.plan)]


def filling_of(version: PlanTemplateVersion, client: int | None, launch: date | None) -> Filling:
    """:raises NoWorkingDay: if the client's calendar has none where a line needs it"""
    days = working_days_of([client])[client]
    plan = fill(version.planned, launch, days.is_working)
    return Filling(version.pk, version.body, plan)


def filled_plan(row: Brief, version: PlanTemplateVersion, launch: date | None) -> list[Planned]:
    """
    Return the plan of a brief as a version of a template fills it.

    :raises NoWorkingDay: if the client's calendar has none where a line needs it
    """
    return list(refill(_plan(row), filling_of(version, row.item.client_id, launch).plan))


def moves_of(row: Brief, launch: date) -> tuple[PlannedMove, ...]:
    """
    Return what happens to the plan of a brief if its launch date becomes ``launch``.

    :raises NoWorkingDay: if the client's calendar has none where it is needed
    """
    client = row.item.client_id
    days = working_days_of([client])[client]
    return moved(_plan(row), launch, days.is_working, _underway(row))


def expected_dues(row: Brief) -> dict[str, str | None]:
    """
    Return the due dates by key that the template of a brief means, as they are stored in a plan.

    A date that cannot be computed is left out.
    """
    client = row.item.client_id
    found: dict[str, str | None] = {}
    relative = [each for each in _plan(row) if each.offset is not None]
    is_working = working_days_of([client])[client].is_working if relative else is_weekday
    for each in relative:
        try:
            due = due_of(each.offset, row.launch_date, is_working)
        except NoWorkingDay:
            continue
        found[each.key] = due.isoformat() if due else None
    return found


def _plan(row: Brief) -> Sequence[Planned]:
    try:
        return row.plan
    except BadPlan:
        # Plans were once stored without validation. The gate of the plan refuses this one.
        return ()


def _underway(row: Brief) -> Underway:
    """Return the deliverables that a brief has led to. A draft has led to none."""
    if row.state != Brief.State.APPROVED:
        return NONE_UNDERWAY
    made = list(Deliverable.objects.filter(request=row.request_id))
    moving = [each for each in made if each.is_open and each.state != Deliverable.State.PUBLISHING]
    due = {each.key: each.due_date for each in moving}
    return Underway(due, frozenset({each.key for each in made} - due.keys()))


def use(
    step: Operation[UseTemplateDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: UseTemplateDetails,
) -> list[OperationResult]:
    """Fill briefs from the newest version of a template, their plans being locked."""
    with transaction.atomic(savepoint=False):
        lock(Brief, ids)
        filled = _filled(_rows(ids), details)
        return move(
            step.with_details(FillDetails), ids, by=by, at=at, reason=reason, details=filled
        )


def _filled(rows: Sequence[Brief], details: UseTemplateDetails) -> FillDetails:
    version = newest_versions([details.plan_template]).get(details.plan_template)
    launch = details.launch
    if version is None:
        return FillDetails(0, launch)
    if launch is not None and not can_be_meant(launch):
        return FillDetails(version.pk, launch, fault=other_years())
    bodies, plans = {}, {}
    for row in rows:
        if not is_for(version.template, row.item.client_id):
            continue
        try:
            plan = filled_plan(row, version, launch)
        except NoWorkingDay as error:
            return FillDetails(version.pk, launch, fault=str(error))
        bodies[row.pk] = with_text(row.body, version.body)
        plans[row.pk] = [each.as_json() for each in plan]
    return FillDetails(version.pk, launch, bodies, plans)


def is_for(template: PlanTemplate, client: int | None) -> bool:
    """Return whether work of this client may be planned by a template."""
    return template.is_active and template.client_id in {None, client}


def shift(
    step: Operation[MoveLaunchDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: MoveLaunchDetails,
) -> list[OperationResult]:
    """Move the launch dates of briefs, with the dates that nobody has moved by hand."""
    with transaction.atomic(savepoint=False):
        # With the deliverables: a date that somebody moves now must not be overwritten.
        lock(WorkItem, _items(ids))
        plans = shifted(_rows(ids), details.launch)
        inner = step.with_details(MovedDetails)
        return move(inner, ids, by=by, at=at, reason=reason, details=plans)


def _rows(ids: Sequence[int]) -> list[Brief]:
    return list(Brief.objects.filter(pk__in=ids).select_related("item").order_by("pk"))


def _items(ids: Sequence[int]) -> Collection[int]:
    """Return the ids of the work items of briefs and of the deliverables of their requests."""
    briefs = dict(Brief.objects.filter(pk__in=ids).values_list("item_id", "request_id"))
    made = Deliverable.objects.filter(request__in=briefs.values())
    return {*briefs, *made.values_list("item_id", flat=True)}


def has_relative_dates(row: Brief) -> bool:
    """Return whether a date of the plan depends on the launch date."""
    return any(each.offset is not None for each in _plan(row))


def shifted(rows: Sequence[Brief], launch: date) -> MovedDetails:
    """Return the plans of briefs with another launch date, or why they cannot have it."""
    if not can_be_meant(launch):
        return MovedDetails(launch, {}, other_years())
    plans = {}
    for row in rows:
        try:
            moves = moves_of(row, launch)
        except NoWorkingDay as error:
            return MovedDetails(launch, {}, str(error))
        plans[row.pk] = [each.after.as_json() for each in moves]
    return MovedDetails(launch, plans)


# -- Gates -----------------------------------------------------------------------------------------


def a_template_is_there(row: Brief, context: ContextWith[FillDetails]) -> GateResult:
    """Refuses to ask for a template where there is none to choose."""
    if context.facts[row.pk].has_template:
        return passed("templates")
    return refused(
        "templates",
        _("There is no template for this client yet."),
        clears_by=_("An operations lead: add a brief template"),
        where=reverse("admin:delivery_plantemplate_changelist"),
    )


def template_fits(row: Brief, context: ContextWith[FillDetails]) -> GateResult:
    """Refuses a template of another client, one that is gone, and one that plans too much."""
    details = context.details
    fault: Words = ""
    if details is None:
        return passed("template")
    if details.fault:
        fault = details.fault
    elif row.pk not in details.plans:
        fault = _("Choose an active template that is for this client or for all clients.")
    elif len(details.plans[row.pk]) > MOST:
        words = _("The plan would have more than %(most)s deliverables. Remove some first.")
        fault = words % {"most": MOST}
    elif len(details.bodies[row.pk]) > gates.LONGEST:
        fault = _("With the template's text, the brief would be too long. Shorten it first.")
    return refused("template", fault, clears_by=_("You")) if fault else passed("template")


def dates_follow(row: Brief, context: ContextWith[MovedDetails]) -> GateResult:
    """Refuses a plan in which no date depends on the launch date."""
    if has_relative_dates(row):
        return passed("launch", _("Dates of the plan follow the launch date."))
    return refused(
        "launch",
        _("No date of this plan follows a launch date. Fill the plan from a template first."),
        clears_by=_("You: use a template while the brief is a draft"),
    )


def is_another_date(row: Brief, context: ContextWith[MovedDetails]) -> GateResult:
    """Refuses the date that the brief has already, and one that cannot be planned."""
    details = context.details
    if details is None:
        return passed("date")
    if details.fault:
        return refused("date", details.fault, clears_by=_("You"))
    if details.launch == row.launch_date:
        return refused("date", _("This is the launch date already."), clears_by=_("You"))
    return passed("date")


use_template = operation(
    Brief,
    "use_template",
    _("Use a template"),
    done=_("%(who)s filled the brief from a template"),
    may=(AM, OPS),
    gates=(gates.request_goes_on, a_template_is_there, template_fits),
    facts=brief_facts,
    details=UseTemplateDetails,
    verb_details=FillDetails,
    for_gates=("fault",),
    run=use,
)
move_launch = operation(
    Brief,
    "move_launch",
    _("Set launch date"),
    done=_("%(who)s set the launch date"),
    may=(AM, OPS),
    gates=(gates.request_goes_on, dates_follow, is_another_date),
    facts=brief_facts,
    details=MoveLaunchDetails,
    verb_details=MovedDetails,
    for_gates=("fault",),
    run=shift,
)
