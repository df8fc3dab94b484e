"""The first brief of a request that no flow briefed, such as one by phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.briefs.details import WriteBriefDetails
from delivery.briefs.models import Brief
from delivery.engagements.models import Engagement
from delivery.requests.models import Request
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.sla.operations.calendars import standard
from routing.sla.operations.clocks import start
from routing.work.creation import create
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateResult, passed, refused
from routing.work.new_items import new_item


@dataclass(frozen=True, slots=True)
class FirstBriefFacts:
    """The reference of the current brief, and the ids of the client's engagements."""

    brief: str
    engagements: frozenset[int]


def first_brief_facts(
    rows: Sequence[Request], by: Actor, at: datetime, details: WriteBriefDetails | None
) -> Mapping[int, FirstBriefFacts]:
    current = Brief.objects.filter(request__in=[row.pk for row in rows], is_current=True)
    briefs = dict(current.values_list("request_id", "item__ref"))
    clients = {row.item.client_id for row in rows}
    sold: dict[int | None, set[int]] = defaultdict(set)
    for client, pk in Engagement.objects.filter(client__in=clients).values_list("client_id", "pk"):
        sold[client].add(pk)
    return {
        row.pk: FirstBriefFacts(briefs.get(row.pk, ""), frozenset(sold[row.item.client_id]))
        for row in rows
    }


def has_no_brief(row: Request, context: ContextWith[WriteBriefDetails]) -> GateResult:
    """Refuses a request that already has a brief."""
    ref = context.facts[row.pk].brief
    if ref:
        return refused(
            "brief", _("The request already has a brief. Edit it or write a new one."), evidence=ref
        )
    return passed("brief", _("The request has no brief yet."))


def says_what_to_make(row: Request, context: ContextWith[WriteBriefDetails]) -> GateResult:
    """Refuses an empty brief."""
    if context.details is None or context.details.body.strip():
        return passed("body", _("There is a brief text."))
    return refused("body", _("Enter the brief text."), clears_by=_("You"))


def is_charged_to_the_client(row: Request, context: ContextWith[WriteBriefDetails]) -> GateResult:
    """Refuses an engagement of another client."""
    details = context.details
    if details is None or details.engagement is None:
        return passed("engagement")
    if details.engagement in context.facts[row.pk].engagements:
        return passed("engagement", _("The engagement is the client's."))
    return refused("engagement", _("Choose an engagement of this client."), clears_by=_("You"))


def write_first(
    step: Operation[WriteBriefDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: WriteBriefDetails,
) -> list[OperationResult]:
    """Create a brief for each request, charged to what the person chose, and start its clocks."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        rows = [result.row for result in results if result.done]
        made = create([_brief(row, details) for row in rows], by=by, at=at, reason=reason)
        if made and (policy := standard()):
            start([brief.item for brief in made], policy, at)
    return results


def _brief(row: Request, details: WriteBriefDetails) -> Brief:
    item = new_item(row.item.title, parent=row.item)
    return Brief(item=item, request=row, engagement_id=details.engagement, body=details.body)


write_brief = operation(
    Request,
    "write_brief",
    _("Write brief"),
    done=_("%(who)s wrote a brief"),
    may=(AM, OPS),
    gates=(has_no_brief, says_what_to_make, is_charged_to_the_client),
    facts=first_brief_facts,
    details=WriteBriefDetails,
    for_gates=("body", "engagement"),
    run=write_first,
)
