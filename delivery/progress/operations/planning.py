"""
Reactions to an approved brief, whose deliverables are created or planned again, and to a launch
date that moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs, templates
from delivery.briefs.plan import Planned
from delivery.deliverables.details import ReplanDetails
from delivery.deliverables.models import Deliverable
from routing.people.actors import Actor
from routing.sla.clocks import Clock
from routing.sla.operations.calendars import STANDARD
from routing.sla.operations.clocks import start
from routing.sla.policies import SLAPolicy
from routing.work.creation import create
from routing.work.door import carry
from routing.work.new_items import new_item
from routing.work.registry import react


@react(briefs.approve)
def plan(rows: Sequence[Brief], by: Actor, at: datetime) -> None:
    """Create the planned deliverables that do not exist yet, and update the others."""
    made: list[Deliverable] = []
    for row in rows:
        # Those of the request, not of the brief: earlier briefs have planned some of them.
        existing = Deliverable.objects.filter(request=row.request_id).select_related("item")
        known = {each.key: each for each in existing}
        made += [_deliverable(row, each) for each in row.plan if each.key not in known]
        _replan(row, known, by, at)
    if made:
        create(made, by=by, at=at, reason=str(_("Planned by the brief.")))
        _start_clocks(made, rows, at)


@react(templates.move_launch)
def follow(rows: Sequence[Brief], by: Actor, at: datetime) -> None:
    """Move the due dates of unfinished deliverables with the launch date of their brief."""
    for row in rows:
        if row.state != Brief.State.APPROVED:
            continue  # a draft changes nothing before it is approved
        dates = {each.key: each.due for each in row.plan if each.follows}
        made = Deliverable.objects.filter(request=row.request_id, key__in=dates)
        moving = [each for each in made if each.is_open and each.due_date != dates[each.key]]
        if moving:
            carry(
                deliverables.replan,
                [each.pk for each in moving],
                by=by,
                at=at,
                reason=str(_("The launch date was moved.")),
                details=ReplanDetails(
                    {each.key: {"due_date": dates[each.key]} for each in moving}, row.pk
                ),
            )


def _replan(row: Brief, known: Mapping[str, Deliverable], by: Actor, at: datetime) -> None:
    """Update unfinished deliverables to a newer plan. Finished ones stay as they are."""
    plans = {each.key: _values(each) for each in row.plan if each.key in known}
    again = [each.pk for key, each in known.items() if key in plans and each.is_open]
    if again:
        carry(
            deliverables.replan,
            again,
            by=by,
            at=at,
            reason=str(_("A newer brief was approved.")),
            details=ReplanDetails(plans, row.pk),
        )


def _deliverable(row: Brief, each: Planned) -> Deliverable:
    values = _values(each)
    return Deliverable(
        item=new_item(values.pop("title"), like=row.item),
        request_id=row.request_id,
        brief=row,
        key=each.key,
        format=each.format,
        replaces_id=each.replaces_id,
        **values,
    )


def _values(each: Planned) -> dict[str, Any]:
    return {
        "title": each.title,
        "destination_id": each.destination_id,
        "amount": each.amount,
        "hours": each.hours,
        "due_date": each.due,
    }


def _start_clocks(made: Sequence[Deliverable], rows: Sequence[Brief], at: datetime) -> None:
    """Start the clocks of new deliverables, under the policy of their brief or the standard one."""
    clocks = Clock.objects.filter(item__in=[row.item_id for row in rows])
    policies = dict(clocks.values_list("item_id", "policy_id"))
    items = {row.pk: row.item_id for row in rows}
    for policy in SLAPolicy.objects.order_by("pk"):
        chosen = [d.item for d in made if policies.get(items[d.brief_id]) == policy.pk]
        if policy.slug == STANDARD:
            chosen += [d.item for d in made if items[d.brief_id] not in policies]
        if chosen:
            start(chosen, policy, at)
