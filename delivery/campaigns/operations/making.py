"""A campaign is made when its request is accepted, or later when a person says that it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.campaigns.models import Campaign
from delivery.campaigns.operations.campaigns import current_briefs
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome
from routing.work.creation import create
from routing.work.door import operation
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.new_items import new_item
from routing.work.registry import react


def campaigns_of(
    rows: Sequence[Request], by: Actor, at: datetime, details: object
) -> Mapping[int, str]:
    """Return the reference of the campaign of each request that has one."""
    found = Campaign.objects.filter(request__in=[row.pk for row in rows])
    return dict(found.values_list("request_id", "item__ref"))


def is_no_campaign_yet(row: Request, context: GateContext) -> GateResult:
    """Refuses a request that has a campaign."""
    if ref := context.facts.get(row.pk):
        words = _("The request has a campaign already.")
        return refused("campaign", words, evidence=ref, clears_by=_("Nobody"))
    return passed("campaign", _("The request has no campaign yet."))


def is_no_change(row: Request, context: GateContext) -> GateResult:
    """Refuses a change of something that exists."""
    if row.kind == Request.Kind.CHANGE:
        words = _("This is a change of one deliverable. Record a request for the campaign.")
        return refused("kind", words, clears_by=_("You"))
    return passed("kind")


make_campaign = operation(
    Request,
    "make_campaign",
    _("Make it a campaign"),
    done=_("%(who)s made the request a campaign"),
    may=(AM, OPS),
    gates=(is_no_change, is_no_campaign_yet),
    facts=campaigns_of,
)


@react(requests.accept, make_campaign)
def make(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Make the campaigns of these requests, and expect that they go live."""
    wanted = [row for row in rows if row.kind == Request.Kind.CAMPAIGN]
    briefs = current_briefs([row.pk for row in wanted]) if wanted else {}
    made = []
    for row in wanted:
        brief = briefs.get(row.pk)
        known = brief.launch_date if brief else None
        # Beside the request and not below it: what a client is asked about pauses the clock of the
        # request only if all of its open parts wait for the client.
        item = new_item(row.item.title, like=row.item)
        made.append(Campaign(item=item, request=row, launch_date=known or row.wanted_date))
    if made:
        why = str(_("The request is a campaign."))
        create(made, by=by, at=at, reason=why)
        outcomes.expect([row.item for row in made], Outcome.Kind.CAMPAIGN, by=by, at=at)
