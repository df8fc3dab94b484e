"""Gates of a change: the agency states its impact, and the client accepts it before work starts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.engagements.limits import MOST_AMOUNT, MOST_HOURS
from delivery.requests.details import ContactAnswerDetails, StateImpactDetails
from delivery.requests.models import Request
from routing.kernel.days import can_be_meant
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused

MOST_NOTE = 2_000


def seal_of(row: Request) -> str:
    """Return the seal of a stated impact. Any change of the statement gives another seal."""
    stated = (row.pk, row.impact_hours, row.impact_amount, row.impact_date, row.impact_note)
    # A seal tells statements apart. It guards nothing, so 64 bits are enough.
    return sha256("|".join(map(str, stated)).encode()).hexdigest()[:16]


def impact_is_accepted(row: Request, context: GateContext) -> GateResult:
    """Refuses to accept a change before the client has agreed to its impact."""
    # Without a target there is nothing to estimate against: it is accepted like any request.
    if (
        row.kind != Request.Kind.CHANGE
        or row.target_id is None
        or row.impact == Request.Impact.ACCEPTED
    ):
        return passed("impact")
    if row.impact == Request.Impact.STATED:
        words = _("The client has not yet accepted or declined the impact.")
        return refused("impact", words, clears_by=_("The client's approvers, in the portal"))
    if row.impact == Request.Impact.DECLINED:
        words = _("The client declined the impact.")
        return refused(
            "impact", words, clears_by=_("You: state a new impact or reject the request")
        )
    return refused(
        "impact", _("The impact has not been stated."), clears_by=_("You: state the impact")
    )


def is_a_change(row: Request, context: GateContext) -> GateResult:
    """Refuses requests that do not change an existing deliverable."""
    if row.kind == Request.Kind.CHANGE and row.target_id is not None:
        return passed("change")
    return refused("change", _("This is not a change request."))


def impact_is_readable(row: Request, context: ContextWith[StateImpactDetails]) -> GateResult:
    """Refuses an impact that is incomplete or does not fit its columns."""
    stated = context.details
    if stated is None:
        return passed("statement")
    if (
        _is_number(stated.hours, MOST_HOURS)
        and _is_number(stated.amount, MOST_AMOUNT)
        and _is_day(stated.date)
        and _is_text(stated.note)
    ):
        return passed("statement")
    words = _("Enter the extra hours and cost, both 0 or more, and the date it will be ready.")
    return refused("statement", words, clears_by=_("You"))


def _is_number(value: Any, most: Decimal) -> bool:
    # NaN and infinity are decimals too.
    return isinstance(value, Decimal) and value.is_finite() and 0 <= value <= most


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and can_be_meant(value)


def _is_text(value: Any) -> bool:
    # PostgreSQL cannot store NUL in a text.
    return isinstance(value, str) and len(value) <= MOST_NOTE and "\x00" not in value


def impact_is_asked(row: Request, context: GateContext) -> GateResult:
    """Refuses an answer if no impact is stated or it has been answered already."""
    if row.impact == Request.Impact.STATED:
        return passed("impact")
    if row.impact:
        return refused("impact", _("This has already been answered."), clears_by=_("Nobody"))
    return refused(
        "impact",
        _("We have not yet sent you an estimate for this change."),
        clears_by=_("The agency"),
    )


def saw_this_impact(row: Request, context: ContextWith[ContactAnswerDetails]) -> GateResult:
    """Refuses an answer to an outdated statement."""
    if context.details is None or context.details.seal == seal_of(row):
        return passed("seal")
    return refused(
        "seal",
        _("The estimate for this change was updated. Review it first."),
        clears_by=_("You: reload the page"),
    )


def says_why_not(row: Request, context: ContextWith[ContactAnswerDetails]) -> GateResult:
    """Refuses to decline an impact without a comment."""
    if context.details is None or context.details.comment.strip():
        return passed("comment")
    return refused("comment", _("Describe what should be different."), clears_by=_("You"))
