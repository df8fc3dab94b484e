"""A brief's plan and its budget, as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from delivery.briefs.gates import needs_two
from delivery.briefs.models import Brief
from delivery.briefs.operations.briefs import brief_facts
from delivery.briefs.plan import BadPlan, Planned, hours_of
from delivery.deliverables.formats import Format
from delivery.deliverables.models import Deliverable
from routing.desk.offers import PageFacts
from routing.people.destinations import Destination


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One planned deliverable in words; ``replaces`` is the live one that it changes."""

    title: str
    what: str
    goes_to: str
    amount: Decimal
    hours: Decimal
    due: date | None
    replaces: Deliverable | None


def plan_of(row: Brief) -> Sequence[PlanRow]:
    """The plan as it stands, names looked up once for all rows."""
    plan = _read(row)
    places = Destination.objects.in_bulk(
        {each.destination_id for each in plan if each.destination_id}
    )
    replaced = {each.replaces_id for each in plan if each.replaces_id}
    live = Deliverable.objects.select_related("item").in_bulk(replaced) if replaced else {}
    return [_row(each, places, live) for each in plan]


def strays_of(row: Brief) -> QuerySet[Deliverable]:
    """Return deliverables in production that no current brief plans. Only a person cancels work."""
    made = Deliverable.objects.filter(
        request=row.request_id, state__in=Deliverable.open_states
    ).select_related("item__owner", "item__doer")
    return (
        made.exclude(key__in=[each.key for each in _read(row)]).order_by("pk")
        if row.is_current
        else made.none()
    )


def _row(each: Planned, places: dict[int, Destination], live: dict[int, Deliverable]) -> PlanRow:
    place = places.get(each.destination_id or 0)
    goes_to = place.name if place else _("Files handed over")
    return PlanRow(
        each.title,
        str(Format(each.format).label),
        goes_to,
        each.amount,
        each.hours,
        each.due,
        live.get(each.replaces_id or 0),
    )


def _read(row: Brief) -> Sequence[Planned]:
    try:
        return row.plan
    except BadPlan:  # from before plans were read when they are kept
        return ()


@dataclass(frozen=True, slots=True)
class Budget:
    """
    ``left`` of the engagement besides this brief, in ``currency``; None where nobody said what was
    sold.
    """

    amount: Decimal
    hours: Decimal
    left: Decimal | None
    currency: str
    needs_two: bool
    waits_for_second: bool


def budget_of(row: Brief, facts: PageFacts) -> Budget:
    known = facts.of(brief_facts, [row])[row.pk]
    approved = row.state == Brief.State.APPROVED
    above = not approved and needs_two(row.amount, known)
    waits = above and row.state == Brief.State.IN_REVIEW and row.first_approver_id is not None
    return Budget(row.amount, hours_of(_read(row)), known.left, known.currency, above, waits)
