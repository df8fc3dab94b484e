"""The view for a campaign: its launch date, its parts, and what waits for the client's decision."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from delivery.approvals.models import Approval
from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from delivery.portal.access import for_contacts
from delivery.portal.questions import questions_of
from delivery.portal.views import page
from delivery.portal.words import PAUSED, ClientStatus
from delivery.portal.work_words import work_status_of
from routing.people.actors import Actor
from routing.work.visibility import work_seen_by

S = Campaign.State
CAMPAIGN_STATUSES: dict[str, ClientStatus] = {
    S.PLANNING: ClientStatus(
        gettext_lazy("In preparation"), gettext_lazy("Nothing of it is live yet."), "good"
    ),
    S.LAUNCHING: ClientStatus(
        gettext_lazy("Launching"), gettext_lazy("The first parts are live."), "good"
    ),
    S.LIVE: ClientStatus(gettext_lazy("Live"), gettext_lazy("All parts are live."), "good"),
    S.PROVEN: ClientStatus(
        gettext_lazy("Live"), gettext_lazy("All parts are live, and we have checked them."), "good"
    ),
    S.CLOSED: ClientStatus(gettext_lazy("Finished"), gettext_lazy("The work is complete."), "over"),
    S.CANCELLED: ClientStatus(
        gettext_lazy("Cancelled"), gettext_lazy("We have stopped work on it."), "over"
    ),
}


def campaigns_of(by: Actor) -> Any:
    """Return the campaigns of the requests that this contact may see."""
    seen = work_seen_by(by).order_by()
    rows = Campaign.objects.filter(request__item__in=seen)
    return rows.select_related("item__client", "item__owner", "request__item")


def campaign_status_of(row: Campaign) -> ClientStatus:
    return PAUSED if row.item.held_at and row.is_open else CAMPAIGN_STATUSES[row.state]


def parts_of(row: Campaign, by: Actor) -> list[tuple[Any, ClientStatus]]:
    """
    Return the parts of a campaign that this contact may see, in the order of their dates. Each has
    ``asked``, the reference of the open question about it, if there is one.
    """
    open_ = questions_of(by).filter(
        version__deliverable=OuterRef("pk"), state=Approval.State.PENDING
    )
    found = Deliverable.objects.filter(request=row.request_id, item__in=work_seen_by(by).order_by())
    asked = Subquery(open_.order_by("-pk").values("item__ref")[:1])
    rows = found.annotate(asked=asked).select_related("item", "destination")
    return [(each, work_status_of(each)) for each in rows.order_by("due_date", "pk")]


@require_safe
@for_contacts
def campaign(request: HttpRequest, by: Actor, ref: str) -> HttpResponse:
    """:raises Http404: if there is no such campaign, or this contact may not see it"""
    row: Campaign | None = campaigns_of(by).filter(item__ref=ref).first()
    if row is None:
        raise Http404
    parts = parts_of(row, by)
    context = {
        "row": row,
        "status": campaign_status_of(row),
        "parts": parts,
        "asked": [each for each, _status in parts if each.asked],
    }
    return page(request, by, "campaign", context)
