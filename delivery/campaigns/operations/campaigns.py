"""
Operations on a campaign. A person moves its launch date; all else follows from its parts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.briefs.details import MovedDetails
from delivery.briefs.models import Brief
from delivery.briefs.operations import templates
from delivery.campaigns.details import AdoptLaunchDetails, MoveCampaignDetails
from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from routing.kernel.roles import AM, EVERYONE, OPS, grant
from routing.people.actors import Actor
from routing.work.door import Operation, OperationResult, carry, move, operation
from routing.work.gates import ContextWith, GateResult, passed, refused
from routing.work.items import WorkItem
from routing.work.locking import lock

grant("delivery.view_campaign", *EVERYONE)

# Such a brief is left as it is: nothing of it is made, or its date is not its own.
MOVABLE = (Brief.State.DRAFT, Brief.State.CHANGES_REQUESTED, Brief.State.APPROVED)


@dataclass(frozen=True, slots=True)
class CampaignMoveFacts:
    """
    The brief of a campaign if it cannot be moved now, by its reference, whether that is because it
    is on hold, and why the date cannot be planned.
    """

    in_review: str = ""
    held: str = ""
    fault: str = ""


def current_briefs(requests: Collection[int]) -> dict[int, Brief]:
    """Return the current brief of each of these requests that has one, with its work item."""
    rows = Brief.objects.filter(request__in=requests, is_current=True)
    return {row.request_id: row for row in rows.select_related("item__client")}


def move_facts(
    rows: Sequence[Campaign], by: Actor, at: datetime, details: MoveCampaignDetails | None
) -> Mapping[int, CampaignMoveFacts]:
    """Load what stands against moving the launch dates of campaigns."""
    briefs = current_briefs([row.request_id for row in rows])
    found = {}
    for row in rows:
        brief, fault = briefs.get(row.request_id), ""
        if details is not None:
            fault = templates.shifted([brief] if brief else [], details.launch).fault
        in_review = brief is not None and brief.state == Brief.State.IN_REVIEW
        held = brief is not None and brief.item.held_at is not None
        ref = brief.item.ref if brief else ""
        found[row.pk] = CampaignMoveFacts(ref if in_review else "", ref if held else "", fault)
    return found


def brief_can_follow(row: Campaign, context: ContextWith[MoveCampaignDetails]) -> GateResult:
    """Refuses to move the date while the brief is in review or on hold."""
    facts: CampaignMoveFacts = context.facts[row.pk]
    if facts.in_review:
        words = _("The brief is in review, and its approvers would approve other dates.")
        clears = _("The approvers of the brief")
        return refused("brief", words, evidence=facts.in_review, clears_by=clears)
    if facts.held:
        words, clears = _("The brief is on hold."), _("Someone who can resume work")
        return refused("brief", words, evidence=facts.held, clears_by=clears)
    return passed("brief", _("The brief can follow the launch date."))


def is_another_date(row: Campaign, context: ContextWith[MoveCampaignDetails]) -> GateResult:
    """Refuses the date that the campaign has already, and one that cannot be planned."""
    details = context.details
    if details is None:
        return passed("date")
    if fault := context.facts[row.pk].fault:
        return refused("date", fault, clears_by=_("You"))
    if details.launch == row.launch_date:
        return refused("date", _("This is the launch date already."), clears_by=_("You"))
    return passed("date")


def shift(
    step: Operation[MoveCampaignDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: MoveCampaignDetails,
) -> list[OperationResult]:
    """Move the launch dates of campaigns, with their briefs and what follows those."""
    with transaction.atomic(savepoint=False):
        # With the deliverables: a date that somebody moves now must not be overwritten.
        lock(WorkItem, _items(ids))
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        moved = [result.row.request_id for result in results if result.done]
        rows = [row for row in current_briefs(moved).values() if _follows(row, details)]
        if rows:
            plans = templates.shifted(rows, details.launch)
            inner = templates.move_launch.with_details(MovedDetails)
            carry(inner, [row.pk for row in rows], by=by, at=at, reason=reason, details=plans)
    return results


def _follows(row: Brief, details: MoveCampaignDetails) -> bool:
    moves = row.state in MOVABLE and row.launch_date != details.launch
    return moves and templates.has_relative_dates(row)


def _items(ids: Sequence[int]) -> Collection[int]:
    """Return the ids of the work items of campaigns, their briefs and their deliverables."""
    rows = dict(Campaign.objects.filter(pk__in=ids).values_list("item_id", "request_id"))
    briefs = Brief.objects.filter(request__in=rows.values()).values_list("item_id", flat=True)
    made = Deliverable.objects.filter(request__in=rows.values()).values_list("item_id", flat=True)
    return {*rows, *briefs, *made}


move_launch = operation(
    Campaign,
    "move_launch",
    _("Move the launch date"),
    done=_("%(who)s moved the launch date"),
    may=(AM, OPS),
    gates=(brief_can_follow, is_another_date),
    facts=move_facts,
    details=MoveCampaignDetails,
    run=shift,
)
adopt_launch = operation(
    Campaign,
    "adopt_launch",
    _("Follow the brief"),
    done=_("%(who)s set the launch date with the brief"),
    system=True,
    through_hold=True,
    details=AdoptLaunchDetails,
)
# These follow from what has happened to the parts, which a hold cannot undo.
_FOLLOWS: Any = {"system": True, "through_hold": True}
launch = operation(
    Campaign, "launch", _("Launch"), done=_("%(who)s launched the first part"), **_FOLLOWS
)
go_live = operation(
    Campaign, "go_live", _("Go live"), done=_("%(who)s marked the campaign as live"), **_FOLLOWS
)
prove = operation(
    Campaign, "prove", _("Prove"), done=_("%(who)s marked the campaign as proven"), **_FOLLOWS
)
close = operation(Campaign, "close", _("Close"), done=_("%(who)s closed the campaign"), **_FOLLOWS)
cancel = operation(
    Campaign, "cancel", _("Cancel"), done=_("%(who)s cancelled the campaign"), **_FOLLOWS
)
