"""Operations on a brief, from draft to approval."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from delivery.briefs import gates
from delivery.briefs.details import ApproverDetails, AuthorDetails, EditBriefDetails
from delivery.briefs.models import Brief
from delivery.briefs.plan import amount_of
from delivery.deliverables.models import Deliverable
from delivery.engagements.models import Engagement
from routing.kernel.events import Event
from routing.kernel.roles import AM, EVERYONE, OPS, grant
from routing.people.actors import Actor
from routing.people.destinations import Destination
from routing.work.creation import create
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.locking import lock
from routing.work.new_items import new_item

grant("delivery.view_brief", *EVERYONE)
grant("delivery.view_engagement", *EVERYONE)
grant("delivery.add_engagement", AM, OPS)
grant("delivery.change_engagement", AM, OPS)
grant(
    gates.ABOVE_BUDGET,
    OPS,
    name="Can give the second approval to a brief above its engagement's budget",
)

_BOTH = (AM, OPS)


def brief_facts(
    rows: Sequence[Brief], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.BriefGateFacts]:
    """Load the facts for the gates of briefs, with a few queries for any number of them."""
    found = Brief.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "request", "engagement", "item"
    )
    briefs = {brief.pk: brief for brief in found}
    spent = _spent(briefs.values())
    edits = Event.objects.filter(
        item__in=[brief.item_id for brief in briefs.values()], kind=edit.kind
    )
    wrote = set(edits.values_list("item_id", "actor_id"))
    clients = {row.item.client_id for row in rows}
    places = set(
        Destination.objects.filter(client__in=clients, is_active=True).values_list(
            "client_id", "pk"
        )
    )
    live = _replaceable(clients)
    return {
        pk: gates.BriefGateFacts(
            request_state=brief.request.state,
            left=_left(brief, spent),
            currency=brief.engagement.currency if brief.engagement else "",
            destinations=frozenset(
                place for client, place in places if client == brief.item.client_id
            ),
            replaceable={
                pk: place
                for client, pk, place, taken_by in live
                if client == brief.item.client_id and taken_by in {None, brief.request_id}
            },
            writers=frozenset(user for item, user in wrote if item == brief.item_id),
        )
        for pk, brief in briefs.items()
    }


def _spent(briefs: Collection[Brief]) -> list[tuple[int, int, Decimal]]:
    """
    Engagement, request and amount of the newest brief that was approved for each request.

    Also of one whose successor is still being written: what it planned is being made all the same.
    """
    engagements = {brief.engagement_id for brief in briefs if brief.engagement_id}
    approved = (
        Brief.objects.filter(engagement__in=engagements, approved_at__isnull=False)
        if engagements
        else Brief.objects.none()
    )
    newest = approved.order_by("request", "-number").distinct("request")
    return list(newest.values_list("engagement_id", "request_id", "amount"))


def _left(brief: Brief, spent: Collection[tuple[int, int, Decimal]]) -> Decimal | None:
    """
    Of the engagement, besides what an earlier brief of the same request planned: this one takes its
    place.
    """
    if brief.engagement is None or brief.engagement.amount is None:
        return None
    others = (
        amount
        for engagement, request, amount in spent
        if engagement == brief.engagement_id and request != brief.request_id
    )
    return brief.engagement.amount - sum(others, Decimal(0))


def _replaceable(clients: Collection[int | None]) -> set[tuple[int, int, int | None, int | None]]:
    """
    Client, deliverable, where it is and the request that replaces it, if one does: what is live,
    and what its own successor replaced.
    """
    taken = Deliverable.objects.exclude(state=Deliverable.State.CANCELLED).filter(
        replaces=OuterRef("pk")
    )
    found = Deliverable.objects.filter(item__client__in=clients).annotate(
        taken_by=Subquery(taken.values("request")[:1])
    )
    found = found.filter(Q(state=Deliverable.State.LIVE) | Q(taken_by__isnull=False))
    return set(found.values_list("item__client_id", "pk", "destination_id", "taken_by"))


def submitted(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Through the door as the author's, with what the plan needs held."""
    inner, author = step.with_details(AuthorDetails), AuthorDetails(by.user_id)
    with _held(ids):
        return move(inner, ids, by=by, at=at, reason=reason, details=author)


def approved(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Through the door as an approver's, with what the plan needs held."""
    inner, approver = step.with_details(ApproverDetails), ApproverDetails(by.user_id)
    with _held(ids):
        return move(inner, ids, by=by, at=at, reason=reason, details=approver)


@contextmanager
def _held(ids: Sequence[int]) -> Iterator[None]:
    """
    In a transaction: the engagements, whose rest two briefs could otherwise both spend, and what
    the briefs replace are locked.
    """
    with transaction.atomic(savepoint=False):
        sold = Engagement.objects.filter(briefs__in=ids).order_by("pk")
        list(
            Engagement.objects.filter(pk__in=sold.values("pk"))
            .order_by("pk")
            .select_for_update(no_key=True)
            .values_list("pk")
        )
        plans = Brief.objects.filter(pk__in=ids).values_list("planned", flat=True)
        lock(
            Deliverable,
            [pk for plan in plans for each in plan if isinstance(pk := each.get("replaces"), int)],
        )
        yield


def write_anew(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """
    Supersede briefs, and open the next number of each with the same text, and the plan without what
    was called off.
    """
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason)
        old = {result.row.pk: result.row for result in results if result.done}
        if old:
            rows = Brief.objects.filter(
                request__in=[row.request_id for row in old.values()]
            ).values_list("request")
            last = dict(rows.annotate(last=Max("number")).values_list("request", "last"))
            gone = Deliverable.objects.filter(
                request__in=last, state=Deliverable.State.CANCELLED
            ).values_list("request_id", "key")
            dropped = {request: {key for each, key in gone if each == request} for request in last}
            made = [
                _next(row, last[row.request_id] + 1, dropped[row.request_id])
                for row in old.values()
            ]
            create(made, by=by, at=at, reason=reason)
    return results


def _next(row: Brief, number: int, dropped: Collection[str]) -> Brief:
    """:param dropped: keys of what was called off, which no plan makes again"""
    plan = [each for each in row.plan if each.key not in dropped]
    return Brief(
        item=new_item(row.item.title, like=row.item),
        request_id=row.request_id,
        engagement_id=row.engagement_id,
        number=number,
        body=row.body,
        planned=[each.as_json() for each in plan],
        amount=amount_of(plan),
    )


edit = operation(
    Brief,
    "edit",
    _("Edit"),
    done=_("%(who)s edited the brief"),
    may=_BOTH,
    gates=(gates.edit_is_readable,),
    facts=brief_facts,
    details=EditBriefDetails,
)
submit = operation(
    Brief,
    "submit",
    _("Request approval"),
    done=_("%(who)s requested approval of the brief"),
    may=_BOTH,
    gates=(gates.says_what_will_be_made, gates.plan_still_fits, gates.request_is_accepted),
    facts=brief_facts,
    verb_details=AuthorDetails,
    run=submitted,
)
approve = operation(
    Brief,
    "approve",
    _("Approve"),
    done=_("%(who)s approved the brief"),
    may=_BOTH,
    gates=(gates.not_the_author, gates.plan_still_fits, gates.within_budget_or_second),
    facts=brief_facts,
    verb_details=ApproverDetails,
    run=approved,
)
approve_first = operation(
    Brief,
    "approve_first",
    _("Give first approval"),
    done=_("%(who)s gave the first approval"),
    may=_BOTH,
    gates=(gates.not_the_author, gates.is_above_budget),
    facts=brief_facts,
    verb_details=ApproverDetails,
    run=approved,
)
request_changes = operation(
    Brief,
    "request_changes",
    _("Request changes"),
    done=_("%(who)s requested changes to the brief"),
    may=_BOTH,
    needs_reason=True,
)
supersede = operation(
    Brief,
    "supersede",
    _("Write new brief"),
    done=_("%(who)s replaced the brief with a new one"),
    may=_BOTH,
    gates=(gates.request_goes_on,),
    facts=brief_facts,
    needs_reason=True,
    danger=True,
    run=write_anew,
)
cancel = operation(
    Brief,
    "cancel",
    _("Cancel"),
    done=_("%(who)s cancelled the brief"),
    may=_BOTH,
    needs_reason=True,
    through_hold=True,
    danger=True,
)
