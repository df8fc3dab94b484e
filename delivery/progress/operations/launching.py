"""
Launches in channels without an adapter, such as newsletters, ads and social media.

A person launches there and records an address, a screenshot or both. A screenshot proves the launch
at once. An address is fetched like a published page, and proves it if there is no screenshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.deliverables.addresses import address_fault
from delivery.deliverables.channels import is_by_hand
from delivery.deliverables.details import LaunchByHandDetails
from delivery.deliverables.gates import DeliverableGateFacts, is_launched_by_hand
from delivery.deliverables.launches import HandLaunch
from delivery.deliverables.models import Deliverable
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.people.destinations import Destination
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused
from routing.work.visibility import files_seen_by

Kind = Outcome.Kind
BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class LaunchFacts:
    """
    Facts for the gates of a launch: those of the destination, whether the proof is still missing,
    and whether the evidence is a stored picture of this client.
    """

    place: DeliverableGateFacts
    is_unproven: bool
    has_picture: bool


def launch_facts(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: LaunchByHandDetails | None
) -> Mapping[int, LaunchFacts]:
    """Load the facts of launches in a few queries for any number of them."""
    places = _places(rows)
    by_hand = [row.item_id for row in rows if places[row.pk].by_hand]
    unproven: set[int] = set()
    if by_hand:  # most work is published, and its page asks nothing more
        expected = Outcome.objects.filter(item__in=by_hand, kind=Kind.LAUNCHED).unmet()
        unproven = set(expected.values_list("item_id", flat=True))
    evidence = details.evidence if details else None
    pictured: set[int | None] = set()
    if evidence:
        pictures = files_seen_by(by).kept().filter(pk=evidence, width__isnull=False)
        pictured = set(pictures.values_list("client_id", flat=True))
    return {
        row.pk: LaunchFacts(
            places[row.pk],
            row.state == Deliverable.State.APPROVED or row.item_id in unproven,
            row.item.client_id in pictured,
        )
        for row in rows
    }


def _places(rows: Sequence[Deliverable]) -> Mapping[int, DeliverableGateFacts]:
    """Return the destination of each deliverable, without a query where it is loaded."""
    loaded = Deliverable._meta.get_field("destination")
    known = {row.pk: row.destination for row in rows if loaded.is_cached(row)}
    wanted = {row.destination_id for row in rows if row.pk not in known and row.destination_id}
    others = Destination.objects.in_bulk(wanted) if wanted else {}
    found = {}
    for row in rows:
        place = known.get(row.pk) or others.get(row.destination_id or 0)
        found[row.pk] = DeliverableGateFacts()
        if place is not None and place.is_active:
            by_hand = is_by_hand(place.kind)
            found[row.pk] = DeliverableGateFacts(destination=place.name, by_hand=by_hand)
    return found


def goes_live_by_hand(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses work whose destination an adapter serves, and work without an active destination."""
    place = {row.pk: context.facts[row.pk].place}
    return is_launched_by_hand(row, GateContext(context.by, context.at, facts=place))


def is_unproven(row: Deliverable, context: GateContext) -> GateResult:
    """Refuses a launch that is proven already."""
    if context.facts[row.pk].is_unproven:
        return passed("proof", _("The launch is not proven yet."))
    return refused("proof", _("The launch is proven already."), clears_by=_("Nobody"))


def launch_is_shown(row: Deliverable, context: ContextWith[LaunchByHandDetails]) -> GateResult:
    """Refuses a launch that neither a public address nor a picture shows."""
    details = context.details
    if details is None:
        return passed("evidence")
    if not details.address and not details.evidence:
        words = _("Enter the address, add a screenshot, or both.")
        return refused("evidence", words, clears_by=_("You"))
    if details.address and (fault := address_fault(details.address)):
        return refused("address", fault, clears_by=_("You"))
    if details.evidence and not context.facts[row.pk].has_picture:
        words = _("Add a picture of this client as the screenshot.")
        return refused("evidence", words, clears_by=_("You"))
    return passed("evidence", _("Something shows the launch."))


def launch(
    step: Operation[LaunchByHandDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: LaunchByHandDetails,
) -> list[OperationResult]:
    """Record launches. A screenshot proves them at once, and an address is fetched from now on."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        rows = [result.row for result in results if result.done]
        made = HandLaunch.objects.bulk_create(
            HandLaunch(
                deliverable=row,
                address=details.address,
                evidence_id=details.evidence,
                by_id=by.user_id,
                at=at,
            )
            for row in rows
        )
        if details.evidence:
            _prove(made, by, at)
        if details.address:
            outcomes.look_at([row.item_id for row in rows], Kind.LAUNCHED, at)
    return results


def _prove(launches: Sequence[HandLaunch], by: Actor, at: datetime) -> None:
    rows = {each.deliverable.item_id: each for each in launches}
    expected = Outcome.objects.filter(item__in=rows, kind=Kind.LAUNCHED).unmet()
    for pk, item in expected.values_list("pk", "item_id"):
        outcomes.prove(pk, launch_evidence(rows[item]), by=by, at=at)


def launch_evidence(row: HandLaunch) -> dict[str, Any]:
    """Return what a launch shows, as JSON for the evidence of its outcome."""
    found: dict[str, Any] = {"launch": BY_HAND, "by": row.by_id, "recorded_at": row.at.isoformat()}
    if row.evidence is not None:
        found["screenshot"] = row.evidence.sha256
    approved = Approval.objects.filter(
        version=row.deliverable.version_id, state=Approval.State.APPROVED
    )
    if approval := approved.select_related("item").order_by("-stage").first():
        found |= {"approval": approval.item.ref, "digest": approval.digest}
    return found


def ends_later(row: Deliverable, context: ContextWith[LaunchByHandDetails]) -> GateResult:
    """Refuses an end before the launch is recorded, as the client counts."""
    details, client = context.details, row.item.client
    if details is None or details.ends is None or client is None:
        return passed("ends")
    if details.ends >= context.at.astimezone(ZoneInfo(client.timezone)).date():
        return passed("ends")
    return refused("ends", _("Enter today or a later day."), clears_by=_("You"))


launch_by_hand = operation(
    Deliverable,
    "launch_by_hand",
    _("Launch by hand"),
    done=_("%(who)s launched the deliverable by hand"),
    may=(AM, OPS),
    gates=(goes_live_by_hand, is_unproven, launch_is_shown, ends_later),
    facts=launch_facts,
    details=LaunchByHandDetails,
    for_gates=("evidence",),
    run=launch,
)
