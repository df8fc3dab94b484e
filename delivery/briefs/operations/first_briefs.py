"""The first brief of a request that no flow opened, such as one by phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.briefs.models import Brief
from delivery.engagements.models import Engagement
from delivery.requests.gates import has_no_brief
from delivery.requests.models import Request
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.sla.operations.calendars import standard
from routing.sla.operations.clocks import start
from routing.work.creation import create
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.new_items import new_item


def with_brief(
    rows: Sequence[Request], by: Actor, at: datetime, details: object
) -> Mapping[int, str]:
    """Return the reference of the current brief by request."""
    found = Brief.objects.filter(request__in=[row.pk for row in rows], is_current=True)
    return dict(found.values_list("request_id", "item__ref"))


def write_first(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Create a brief with the description of each request, and start its clocks."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason)
        rows = [result.row for result in results if result.done]
        sold = _engagements_of(rows)
        briefs = [_brief(row, sold[row.item.client_id]) for row in rows]
        made = create(briefs, by=by, at=at, reason=reason)
        if made and (policy := standard()):
            start([brief.item for brief in made], policy, at)
    return results


def _engagements_of(rows: Sequence[Request]) -> dict[int | None, list[int]]:
    """Return the ids of the engagements of the requests' clients, by client."""
    clients = {row.item.client_id for row in rows}
    found = Engagement.objects.filter(client__in=clients).values_list("client_id", "pk")
    sold: dict[int | None, list[int]] = defaultdict(list)
    for client, engagement in found:
        sold[client].append(engagement)
    return sold


def _brief(row: Request, sold: Sequence[int]) -> Brief:
    item = new_item(row.item.title, parent=row.item)
    # Of several engagements a person has to choose.
    engagement = sold[0] if len(sold) == 1 else None
    return Brief(item=item, request=row, engagement_id=engagement, body=row.details)


write_brief = operation(
    Request,
    "write_brief",
    _("Write brief"),
    done=_("%(who)s wrote a brief"),
    may=(AM, OPS),
    gates=(has_no_brief,),
    facts=with_brief,
    run=write_first,
)
