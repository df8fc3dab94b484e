"""The check of the budget: the estimate fits the amount and hours that remain."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.checks.kinds.base import CheckKind, Finding, Param, ParamType, or_passed, said
from delivery.checks.kinds.page import CheckedPage


def budget(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    context, tolerance = page.context, params["tolerance"]
    findings = [
        *_within(
            context.estimated_amount,
            context.remaining_amount,
            tolerance,
            context.currency,
            _("amount"),
        ),
        *_within(context.estimated_hours, context.remaining_hours, tolerance, "h", _("hours")),
    ]
    return or_passed(findings, _("The estimate is within the remaining budget."))


def _within(
    planned: Decimal | None, left: Decimal | None, tolerance: Decimal, unit: str, place: Any
) -> list[Finding]:
    # Nothing was sold in this unit, so there is no limit to exceed.
    if left is None:
        return []
    if planned is None:
        return [Finding(False, _("There is no estimate to compare with the budget."), place=place)]
    # The budget may be overspent already. The tolerance must widen a negative rest as well.
    if planned <= left + abs(left) * tolerance / 100:
        return []
    message = said(
        _("The estimate exceeds the remaining budget by {over} {unit}."),
        over=planned - left,
        unit=unit,
    )
    return [Finding(False, message, f"{planned} {unit} > {left} {unit}", place)]


KINDS = (
    CheckKind(
        "budget",
        _("Budget"),
        _("The estimate must fit the remaining amount and hours."),
        (Param("tolerance", _("Allowed excess in percent"), ParamType.DECIMAL, "0"),),
        budget,
    ),
)
