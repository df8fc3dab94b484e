"""Words for clients: states of deliverables and next steps."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from delivery.deliverables.models import Deliverable
from delivery.portal.words import PAUSED, ClientStatus
from routing.work.items import WorkItem

S = Deliverable.State
_MAKING = ClientStatus(
    gettext_lazy("In production"),
    gettext_lazy("We will ask for your decision when it is ready."),
    "good",
)
_PUBLISHING = ClientStatus(
    gettext_lazy("Publishing"),
    gettext_lazy("We are publishing it. The address will appear here."),
    "good",
)
# The client's approval expired, or was rejected: the agency decides what comes next.
_DECIDING = ClientStatus(
    gettext_lazy("In review"),
    gettext_lazy("We are deciding what happens next and will get back to you."),
)
# Internal steps look alike to clients: only what they can act on makes a difference.
WORK_STATUSES: dict[str, ClientStatus] = {
    S.PLANNED: ClientStatus(
        gettext_lazy("Planned"), gettext_lazy("It is agreed. We have not started yet.")
    ),
    S.IN_PRODUCTION: _MAKING,
    S.IN_QA: _MAKING,
    S.IN_INTERNAL_REVIEW: _MAKING,
    S.REWORK: ClientStatus(
        gettext_lazy("In revision"),
        gettext_lazy("We are making changes and will ask you about the new version."),
        "good",
    ),
    S.IN_CLIENT_REVIEW: ClientStatus(
        gettext_lazy("Waiting for you"),
        gettext_lazy("We are waiting for your company's decision."),
        "ask",
    ),
    S.APPROVED: ClientStatus(
        gettext_lazy("Approved"),
        gettext_lazy("Next, we publish it or hand over the files."),
        "good",
    ),
    S.PUBLISHING: _PUBLISHING,
    S.PUBLISH_FAILED: _PUBLISHING,
    S.LIVE: ClientStatus(
        gettext_lazy("Live"),
        gettext_lazy("It is live. If something should be different, ask for a change."),
        "good",
    ),
    S.HANDED_OVER: ClientStatus(
        gettext_lazy("Files handed over"),
        gettext_lazy("The files are yours. If something should be different, ask for a change."),
        "good",
    ),
    S.ARCHIVED: ClientStatus(
        gettext_lazy("No longer current"),
        gettext_lazy("A newer version replaced it, or it was taken down."),
        "over",
    ),
    S.CANCELLED: ClientStatus(
        gettext_lazy("Cancelled"), gettext_lazy("We have stopped work on it."), "over"
    ),
}


def work_status_of(row: Deliverable) -> ClientStatus:
    if row.item.held_at and row.is_open:
        return PAUSED
    if row.state == S.IN_CLIENT_REVIEW and row.item.waiting_on != WorkItem.WaitingOn.CLIENT:
        return _DECIDING
    return WORK_STATUSES[row.state]
