"""Edit a deliverable, and choose who makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from delivery.deliverables.details import AssignDetails, EditDeliverableDetails
from delivery.deliverables.models import Deliverable
from delivery.requests.details import UNCHANGED
from routing.kernel.clean_text import one_line
from routing.kernel.days import can_be_meant
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.people.staff import User, UserQuerySet
from routing.work.door import operation
from routing.work.gates import ContextWith, GateResult, is_mine_or_my_teams, passed, refused
from routing.work.items import WorkItem

MOST_TITLE = 200


def makers() -> UserQuerySet:
    """Return active staff who may upload versions, and so may be assignees."""
    uploads = User.objects.staff().filter(
        groups__permissions__codename="upload_deliverable",
        groups__permissions__content_type__app_label="delivery",
    )
    return uploads.distinct()


def chosen_makers(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: AssignDetails | None
) -> Mapping[int, bool]:
    """Return whether the chosen person may be an assignee. It is the same for each row."""
    chosen = details.doer if details else None
    fits = chosen is None or makers().filter(pk=chosen).exists()
    return dict.fromkeys((row.pk for row in rows), fits)


def assignee_fits(row: Deliverable, context: ContextWith[AssignDetails]) -> GateResult:
    """Refuses an assignee who is not active or may not upload versions."""
    if context.details is None or context.facts.get(row.pk, False):
        return passed("assignee")
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
        return refused("fields", _("Enter a date that can be meant."), clears_by=_("You"))
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
