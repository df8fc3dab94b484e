"""The first brief of a request that no flow opened, such as one that came by phone."""

from __future__ import annotations

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
    """The reference of the brief of each request that has one."""
    found = Brief.objects.filter(request__in=[row.pk for row in rows], is_current=True)
    return dict(found.values_list("request_id", "item__ref"))


def write_first(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """
    Begin a brief with what the request says, for the client's engagement where there is only one;
    its clocks start.
    """
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason)
        rows = [result.row for result in results if result.done]
        sold: dict[int | None, list[int]] = {}
        for client, engagement in Engagement.objects.filter(
            client__in={r.item.client_id for r in rows}
        ).values_list("client_id", "pk"):
            sold.setdefault(client, []).append(engagement)
        made = create(
            [_brief(row, sold.get(row.item.client_id, [])) for row in rows],
            by=by,
            at=at,
            reason=reason,
        )
        if made and (policy := standard()):
            start([brief.item for brief in made], policy, at)
    return results


def _brief(row: Request, sold: Sequence[int]) -> Brief:
    item = new_item(row.item.title, parent=row.item)
    return Brief(
        item=item, request=row, engagement_id=sold[0] if len(sold) == 1 else None, body=row.details
    )


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
