"""Edit a deliverable, and choose who makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from delivery.deliverables.details import AssignDetails, EditDeliverableDetails
from delivery.deliverables.models import Deliverable
from delivery.requests.details import UNCHANGED
from routing.kernel.clean_text import one_line
from routing.kernel.days import can_be_meant, other_years
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.people.clearance import Clearance, clearance_for
from routing.people.staff import User, UserQuerySet
from routing.work.door import operation
from routing.work.gates import ContextWith, GateResult, is_mine_or_my_teams, passed, refused
from routing.work.items import WorkItem
from routing.work.operations.items import NOT_CLEARED

MOST_TITLE = 200


def makers() -> UserQuerySet:
    """Return active staff who may upload versions, and so may be assignees."""
    uploads = User.objects.staff().filter(
        groups__permissions__codename="upload_deliverable",
        groups__permissions__content_type__app_label="delivery",
    )
    return uploads.distinct()


@dataclass(frozen=True, slots=True)
class ChosenMaker:
    """``fits`` is whether the chosen person may upload, ``cleared`` whether they may have it."""

    fits: bool
    cleared: bool


def chosen_makers(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: AssignDetails | None
) -> Mapping[int, ChosenMaker]:
    """Return whether the chosen person may be an assignee of each row."""
    chosen = details.doer if details else None
    fits = chosen is None or makers().filter(pk=chosen).exists()
    clearance = clearance_for(row.item.client_id for row in rows) if chosen else Clearance()
    return {
        row.pk: ChosenMaker(fits, chosen is None or clearance.admits(chosen, row.item.client_id))
        for row in rows
    }


def assignee_fits(row: Deliverable, context: ContextWith[AssignDetails]) -> GateResult:
    """Refuses an assignee who is not active, may not upload versions or is not cleared."""
    known: ChosenMaker | None = context.facts.get(row.pk)
    if context.details is None or (known and known.fits and known.cleared):
        return passed("assignee")
    if known and known.fits:
        return refused("clearance", NOT_CLEARED, clears_by=_("You: choose someone else"))
    return refused(
        "assignee",
        _("This person cannot upload versions. Choose an active creative or account manager."),
        clears_by=_("You: choose someone else"),
    )


def edit_fits(row: Deliverable, context: ContextWith[EditDeliverableDetails]) -> GateResult:
    """Refuses an empty or long title, and an unknown priority."""
    details = context.details
    if details is None:
        return passed("fields")
    title, priority = details.title, details.priority
    if title is not UNCHANGED and not 0 < len(one_line(title)) <= MOST_TITLE:
        return refused("fields", _("Enter a title of at most 200 characters."), clears_by=_("You"))
    if priority is not UNCHANGED and priority not in WorkItem.Priority.values:
        return refused("fields", _("Choose one of the priorities."), clears_by=_("You"))
    due = details.due_date
    if isinstance(due, date) and not can_be_meant(due):
        return refused("fields", other_years(), clears_by=_("You"))
    return passed("fields")


edit = operation(
    Deliverable,
    "edit",
    _("Edit"),
    done=_("%(who)s edited the deliverable"),
    may=(AM, OPS),
    gates=(edit_fits,),
    details=EditDeliverableDetails,
)
assign = operation(
    Deliverable,
    "assign",
    _("Assign"),
    done=_("%(who)s chose the assignee"),
    may=(AM, OPS),
    gates=(is_mine_or_my_teams, assignee_fits),
    facts=chosen_makers,
    details=AssignDetails,
)
