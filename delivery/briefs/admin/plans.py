"""The plan and the budget of a brief, as shown on its page."""

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
from routing.kernel.roles import Role
from routing.people.destinations import Destination


@dataclass(frozen=True, slots=True)
class PlanRow:
    """
    One planned deliverable for display. ``replaces`` is the live deliverable it replaces, and
    ``role`` who makes it. ``follows`` says how far from D it is due.
    """

    title: str
    what: str
    goes_to: str
    amount: Decimal
    hours: Decimal
    due: date | None
    replaces: Deliverable | None
    role: str = ""
    follows: str = ""


def plan_of(row: Brief) -> Sequence[PlanRow]:
    """Return the plan of a brief, with the names of all rows loaded at once."""
    plan = _read(row)
    destinations = {each.destination_id for each in plan if each.destination_id}
    places = Destination.objects.in_bulk(destinations)
    replaced = {each.replaces_id for each in plan if each.replaces_id}
    live = Deliverable.objects.select_related("item").in_bulk(replaced) if replaced else {}
    return [_row(each, places, live) for each in plan]


def strays_of(row: Brief) -> QuerySet[Deliverable]:
    """Return unfinished deliverables of the request that its current brief no longer plans."""
    # They are shown and not cancelled: only a person decides that work stops.
    if not row.is_current:
        return Deliverable.objects.none()
    made = Deliverable.objects.filter(
        request=row.request_id, state__in=Deliverable.open_states
    ).select_related("item__owner", "item__doer")
    return made.exclude(key__in=[each.key for each in _read(row)]).order_by("pk")


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
        role_of(each),
        follows_words(each),
    )


def role_of(each: Planned) -> str:
    return str(Role(each.role).label) if each.role else ""


def follows_words(each: Planned) -> str:
    """Return how far from the launch date something is due, or that it was moved by hand."""
    if each.offset is None:
        return ""
    if each.by_hand:
        return _("moved by hand, was %(day)s") % {"day": each.offset}
    return str(each.offset)


def _read(row: Brief) -> Sequence[Planned]:
    try:
        return row.plan
    except BadPlan:
        # Plans were once stored without validation. Such a page must open, so it can be corrected.
        return ()


@dataclass(frozen=True, slots=True)
class Budget:
    """
    Cost of a brief's plan, and the budget it uses.

    ``left`` remains of the engagement beside this brief, or is None if no amount was sold.
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
