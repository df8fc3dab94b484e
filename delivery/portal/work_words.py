"""Client-facing words for the states of deliverables."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from delivery.deliverables.models import Deliverable
from delivery.portal.words import PAUSED, Standing

S = Deliverable.State
_MAKING = Standing(
    gettext_lazy("In production"),
    gettext_lazy("We will ask for your decision when it is ready."),
    "good",
)
_PUBLISHING = Standing(
    gettext_lazy("Publishing"),
    gettext_lazy("We are publishing it. The address will appear here."),
    "good",
)
WORK_STANDINGS: dict[str, Standing] = {
    S.PLANNED: Standing(
        gettext_lazy("Planned"), gettext_lazy("It is agreed. We have not started yet.")
    ),
    S.IN_PRODUCTION: _MAKING,
    S.IN_QA: _MAKING,
    S.IN_INTERNAL_REVIEW: _MAKING,
    S.REWORK: Standing(
        gettext_lazy("In revision"),
        gettext_lazy("We are making changes and will ask you about the new version."),
        "good",
    ),
    S.IN_CLIENT_REVIEW: Standing(
        gettext_lazy("Waiting for you"),
        gettext_lazy("We are waiting for your company's decision."),
        "ask",
    ),
    S.APPROVED: Standing(
        gettext_lazy("Approved"),
        gettext_lazy("Next, we publish it or hand over the files."),
        "good",
    ),
    S.PUBLISHING: _PUBLISHING,
    S.PUBLISH_FAILED: _PUBLISHING,
    S.LIVE: Standing(
        gettext_lazy("Live"),
        gettext_lazy("It is live. If something should be different, ask for a change."),
        "good",
    ),
    S.HANDED_OVER: Standing(
        gettext_lazy("Files handed over"),
        gettext_lazy("The files are yours. If something should be different, ask for a change."),
        "good",
    ),
    S.ARCHIVED: Standing(
        gettext_lazy("No longer current"),
        gettext_lazy("A newer version replaced it, or it was taken down."),
        "over",
    ),
    S.CANCELLED: Standing(
        gettext_lazy("Cancelled"), gettext_lazy("We have stopped work on it."), "over"
    ),
}


def work_standing_of(row: Deliverable) -> Standing:
    return PAUSED if row.item.held_at and row.is_open else WORK_STANDINGS[row.state]
