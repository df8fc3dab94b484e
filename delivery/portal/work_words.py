"""How a client reads the state of what is made for them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from delivery.deliverables.models import Deliverable
from delivery.portal.words import PAUSED, Standing

S = Deliverable.State
_MAKING = Standing(gettext_lazy("In the making"), gettext_lazy("When it is ready for you, we ask for your decision."), "good")
_PUBLISHING = Standing(gettext_lazy("Being published"), gettext_lazy("We bring it to where it belongs, and tell you where here."), "good")
WORK_STANDINGS: dict[str, Standing] = {
    S.PLANNED: Standing(gettext_lazy("Planned"), gettext_lazy("It is agreed, and we have not begun with it yet.")),
    S.IN_PRODUCTION: _MAKING,
    S.IN_QA: _MAKING,
    S.IN_INTERNAL_REVIEW: _MAKING,
    S.REWORK: Standing(gettext_lazy("Being changed"), gettext_lazy("We change it, and ask you about the new version."), "good"),
    S.IN_CLIENT_REVIEW: Standing(gettext_lazy("With you"), gettext_lazy("It waits for the decision of your company."), "ask"),
    S.APPROVED: Standing(gettext_lazy("Approved"), gettext_lazy("We publish it or hand it over next."), "good"),
    S.PUBLISHING: _PUBLISHING,
    S.PUBLISH_FAILED: _PUBLISHING,
    S.LIVE: Standing(gettext_lazy("Live"), gettext_lazy("Nothing is left to do. If it should be different, ask for a change."), "good"),
    S.HANDED_OVER: Standing(
        gettext_lazy("Handed over"), gettext_lazy("The files are yours. If they should be different, ask for a change."), "good"
    ),
    S.ARCHIVED: Standing(gettext_lazy("No longer current"), gettext_lazy("A newer one took its place, or it was taken down."), "over"),
    S.CANCELLED: Standing(gettext_lazy("Called off"), gettext_lazy("Nothing is done about it any more."), "over"),
}


def work_standing_of(row: Deliverable) -> Standing:
    return PAUSED if row.item.held_at and row.is_open else WORK_STANDINGS[row.state]
