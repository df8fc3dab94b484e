"""Words for clients: states of deliverables and next steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext_lazy

from delivery.approvals.asked import asked_states
from delivery.approvals.models import Approval
from delivery.approvals.operations.deliverable_facts import stuck_versions
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
    return work_statuses([row])[row.pk]


def work_statuses(rows: Sequence[Deliverable]) -> Mapping[int, ClientStatus]:
    """Return the status of each deliverable by id, with three queries at most."""
    asked = [row.version_id for row in rows if _is_asked(row) and row.version_id]
    stuck = _stuck(asked) if asked else ()
    found = {}
    for row in rows:
        status = WORK_STATUSES[row.state]
        if row.item.held_at and row.is_open:
            status = PAUSED
        elif row.state == S.IN_CLIENT_REVIEW and (not _is_asked(row) or row.version_id in stuck):
            status = _DECIDING
        found[row.pk] = status
    return found


def _is_asked(row: Deliverable) -> bool:
    waits = row.item.waiting_on == WorkItem.WaitingOn.CLIENT
    return row.state == S.IN_CLIENT_REVIEW and waits


def _stuck(versions: Sequence[int]) -> Collection[int]:
    """Return the versions about which too few people of the client can still decide."""
    pending = list(Approval.objects.filter(version__in=versions, state=Approval.State.PENDING))
    return stuck_versions(pending, asked_states(pending))
