"""The first brief of a request that no flow briefed, such as one by phone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.briefs.details import WriteBriefDetails
from delivery.briefs.filling import with_text
from delivery.briefs.gates import LONGEST
from delivery.briefs.models import Brief
from delivery.briefs.operations.templates import Filling, filling_of, is_for
from delivery.engagements.models import Engagement
from delivery.plans.queries import newest_versions
from delivery.plans.relative import NoWorkingDay
from delivery.requests.models import Request
from routing.kernel.days import can_be_meant, other_years
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
    """
    The reference of the current brief, the ids of the client's engagements, and why the chosen
    template cannot fill the plan.
    """

    brief: str
    engagements: frozenset[int]
    fault: str = ""


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
        row.pk: FirstBriefFacts(
            briefs.get(row.pk, ""),
            frozenset(sold[row.item.client_id]),
            _fault(row, details) if details else "",
        )
        for row in rows
    }


def _fault(row: Request, details: WriteBriefDetails) -> str:
    """Return why the chosen template cannot fill the plan, in words for whoever chose it."""
    if details.launch is not None and not can_be_meant(details.launch):
        return other_years()
    try:
        filling = _filling(row, details)
    except NoWorkingDay as error:
        return str(error)
    if details.plan_template is not None and filling is None:
        return str(_("Choose an active template that is for this client or for all clients."))
    if filling and len(with_text(details.body, filling.text)) > LONGEST:
        return str(_("With the template's text, the brief would be too long. Shorten it first."))
    return ""


def _filling(row: Request, details: WriteBriefDetails) -> Filling | None:
    """
    Return what the chosen template makes of a brief, or None without one that fits.

    :raises NoWorkingDay: if the client's calendar has none where a line needs it
    """
    if details.plan_template is None:
        return None
    version = newest_versions([details.plan_template]).get(details.plan_template)
    client = row.item.client_id
    if version is None or not is_for(version.template, client):
        return None
    return filling_of(version, client, details.launch)


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


def template_fills_the_plan(row: Request, context: ContextWith[WriteBriefDetails]) -> GateResult:
    """Refuses a template of another client, and a date from which nothing can be counted."""
    if fault := context.facts[row.pk].fault:
        return refused("template", fault, clears_by=_("You"))
    return passed("template")


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
    made = Brief(
        item=item,
        request=row,
        engagement_id=details.engagement,
        body=details.body,
        launch_date=details.launch,
    )
    if filling := _filling(row, details):
        filling.put_into(made)
    return made


write_brief = operation(
    Request,
    "write_brief",
    _("Write brief"),
    done=_("%(who)s wrote a brief"),
    may=(AM, OPS),
    gates=(
        has_no_brief,
        says_what_to_make,
        is_charged_to_the_client,
        template_fills_the_plan,
    ),
    facts=first_brief_facts,
    details=WriteBriefDetails,
    for_gates=("body", "engagement", "plan_template", "launch"),
    run=write_first,
)
