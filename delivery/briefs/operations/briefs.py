"""Operations on a brief, from draft to approval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from delivery.briefs import gates
from delivery.briefs.checking import checks_of, run_checks
from delivery.briefs.details import ApproverDetails, AuthorDetails, EditBriefDetails
from delivery.briefs.models import Brief
from delivery.briefs.plan import amount_of
from delivery.deliverables.models import Deliverable
from delivery.engagements.models import Engagement
from delivery.plans.models import PlanTemplate
from routing.kernel.events import Event
from routing.kernel.roles import AM, AUDITOR, EVERYONE, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.destinations import Destination
from routing.people.staff import User
from routing.work.creation import create
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.locking import lock
from routing.work.new_items import new_item

grant("delivery.view_brief", *EVERYONE)
grant("delivery.view_engagement", AM, QA, OPS, INTEGRATIONS, AUDITOR)
grant("delivery.add_engagement", AM, OPS)
grant("delivery.change_engagement", AM, OPS)
grant(
    gates.ABOVE_BUDGET,
    OPS,
    name="Can give the second approval to a brief above its engagement's budget",
)

_BOTH = (AM, OPS)
# Verbs by which a person writes a brief, and so may not approve it.
_WRITING = ("edit", "use_template", "move_launch")


def brief_facts(
    rows: Sequence[Brief], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.BriefGateFacts]:
    """Load the facts for the gates of briefs, in a few queries for any number of them."""
    briefs = list(
        Brief.objects.filter(pk__in=[row.pk for row in rows]).select_related(
            "request", "engagement", "item"
        )
    )
    spent = _spent(briefs)
    kinds = [f"delivery.brief.{verb}" for verb in _WRITING]
    edits = Event.objects.filter(item__in=[brief.item_id for brief in briefs], kind__in=kinds)
    wrote = set(edits.values_list("item_id", "actor_id"))
    clients = {row.item.client_id for row in rows}
    active = Destination.objects.filter(client__in=clients, is_active=True)
    places = set(active.values_list("client_id", "pk"))
    live = _replaceable(clients)
    templates = PlanTemplate.objects.filter(is_active=True).filter(
        Q(client=None) | Q(client__in=clients)
    )
    planners = set(templates.values_list("client_id", flat=True).distinct())
    checks = checks_of(briefs)
    facts = {}
    for brief in briefs:
        client = brief.item.client_id
        facts[brief.pk] = gates.BriefGateFacts(
            request_state=brief.request.state,
            left=_left(brief, spent),
            currency=brief.engagement.currency if brief.engagement else "",
            destinations=frozenset(place for owner, place in places if owner == client),
            # What the request's own earlier brief replaces stays available to the next one.
            replaceable={
                pk: place
                for owner, pk, place, taken_by in live
                if owner == client and taken_by in {None, brief.request_id}
            },
            writers=frozenset(user for item, user in wrote if item == brief.item_id),
            has_template=bool(planners & {None, client}),
            checks=tuple(checks[brief.pk]),
        )
    return _with_approvers(briefs, facts)


def _with_approvers(
    briefs: Sequence[Brief], facts: Mapping[int, gates.BriefGateFacts]
) -> Mapping[int, gates.BriefGateFacts]:
    """Add who may approve, if any plan is above its budget."""
    open_briefs = [brief for brief in briefs if brief.state in Brief.open_states]
    if not any(gates.needs_two(brief.amount, facts[brief.pk]) for brief in open_briefs):
        return facts
    staff = User.objects.staff().who_may(gates.APPROVE)
    above = frozenset(staff.who_may(gates.ABOVE_BUDGET).values_list("pk", flat=True))
    approvers = frozenset(staff.values_list("pk", flat=True))
    return {key: replace(each, approvers=approvers, above=above) for key, each in facts.items()}


def _spent(briefs: Collection[Brief]) -> list[tuple[int, int, Decimal]]:
    """Return engagement, request and amount of the newest approved brief of each request."""
    engagements = {brief.engagement_id for brief in briefs if brief.engagement_id}
    if not engagements:
        return []
    # By the time of approval and not by the state: a superseded brief counts until its successor is
    # approved, because its deliverables are still being made.
    approved = Brief.objects.filter(engagement__in=engagements, approved_at__isnull=False)
    newest = approved.order_by("request", "-number").distinct("request")
    return list(newest.values_list("engagement_id", "request_id", "amount"))


def _left(brief: Brief, spent: Collection[tuple[int, int, Decimal]]) -> Decimal | None:
    """Return the budget that the plans of other requests leave, or None if no amount was sold."""
    if brief.engagement is None or brief.engagement.amount is None:
        return None
    # This brief takes the place of the request's earlier one, so that one does not count.
    others = (
        amount
        for engagement, request, amount in spent
        if engagement == brief.engagement_id and request != brief.request_id
    )
    return brief.engagement.amount - sum(others, Decimal(0))


def _replaceable(clients: Collection[int | None]) -> set[tuple[int, int, int | None, int | None]]:
    """
    Return deliverables that are live or replaced.

    Each is given as client, deliverable, destination, and the request that replaces it, if any.
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
    """Request approval, with the actor as the author."""
    inner, author = step.with_details(AuthorDetails), AuthorDetails(by.user_id)
    with _plan_locked(ids):
        # The day of the last run may be long past, and a date of the plan with it.
        run_checks(ids, by=by, at=at)
        return move(inner, ids, by=by, at=at, reason=reason, details=author)


def approved(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Approve, with the actor as the approver."""
    inner, approver = step.with_details(ApproverDetails), ApproverDetails(by.user_id)
    with _plan_locked(ids):
        run_checks(ids, by=by, at=at)
        return move(inner, ids, by=by, at=at, reason=reason, details=approver)


@contextmanager
def _plan_locked(ids: Sequence[int]) -> Iterator[None]:
    """Open a transaction in which the engagements and the replaced deliverables are locked."""
    with transaction.atomic(savepoint=False):
        # Two briefs of one engagement could otherwise both spend what is left of it. Engagements
        # are locked before any item.
        sold = Engagement.objects.filter(briefs__in=ids).order_by("pk")
        list(
            Engagement.objects.filter(pk__in=sold.values("pk"))
            .order_by("pk")
            .select_for_update(no_key=True)
            .values_list("pk")
        )
        # Two briefs could otherwise both replace the same live deliverable.
        lock(Deliverable, _replaced(ids))
        yield


def _replaced(ids: Sequence[int]) -> list[int]:
    """Return the ids of the deliverables that the plans of these briefs replace."""
    found: list[int] = []
    for plan in Brief.objects.filter(pk__in=ids).values_list("planned", flat=True):
        replaced = [each.get("replaces") for each in plan]
        found += [pk for pk in replaced if isinstance(pk, int)]
    return found


def write_anew(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Supersede briefs, and create their successors with the same text and plan."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason)
        old = {result.row.pk: result.row for result in results if result.done}
        if old:
            last = _last_numbers(old.values())
            dropped = _cancelled_keys(last)
            made = [
                _next(row, last[row.request_id] + 1, dropped[row.request_id])
                for row in old.values()
            ]
            create(made, by=by, at=at, reason=reason)
    return results


def _last_numbers(rows: Collection[Brief]) -> dict[int, int]:
    """Return the highest number of a brief by request."""
    of_requests = Brief.objects.filter(request__in=[row.request_id for row in rows])
    numbered = of_requests.values_list("request").annotate(last=Max("number"))
    return dict(numbered.values_list("request", "last"))


def _cancelled_keys(requests: Collection[int]) -> dict[int, set[str]]:
    """Return the keys of cancelled deliverables by request."""
    gone = Deliverable.objects.filter(request__in=requests, state=Deliverable.State.CANCELLED)
    keys: dict[int, set[str]] = defaultdict(set)
    for request, key in gone.values_list("request_id", "key"):
        keys[request].add(key)
    return keys


def _next(row: Brief, number: int, dropped: Collection[str]) -> Brief:
    """:param dropped: keys of cancelled deliverables, which no plan makes again"""
    plan = [each for each in row.plan if each.key not in dropped]
    return Brief(
        item=new_item(row.item.title, like=row.item),
        request_id=row.request_id,
        engagement_id=row.engagement_id,
        number=number,
        body=row.body,
        template_id=row.template_id,
        launch_date=row.launch_date,
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
    gates=(
        gates.says_what_will_be_made,
        gates.plan_still_fits,
        gates.checks_passed,
        gates.request_is_accepted,
        gates.can_be_approved,
    ),
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
    gates=(
        gates.not_the_author,
        gates.plan_still_fits,
        gates.checks_passed,
        gates.within_budget_or_second,
    ),
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
    gates=(gates.not_the_author, gates.checks_passed, gates.is_above_budget),
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
