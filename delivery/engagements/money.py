"""Formatting of money."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _


def money(amount: Decimal, currency: str) -> str:
    """Format an amount with two decimals and, if known, its currency."""
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}".rstrip()


def currency_of(brief: Any) -> str:
    """Return the currency of the engagement that a brief is charged to, if there is one."""
    sold = brief.engagement
    return str(sold.currency) if sold is not None else ""


def hours_in_words(hours: Decimal) -> str:
    """Format hours with their unit, without zeros that say nothing."""
    shown = number_format(hours.normalize() + 0, use_l10n=True, force_grouping=True)
    return _("%(hours)s h") % {"hours": shown}


def said_with_unit(column: str, value: Any, currency: Callable[[], str]) -> str | None:
    """
    Return an amount with its currency or hours with their unit, by the end of the column's name;
    None for any other value.
    """
    if value in (None, ""):
        return None
    if column.endswith("amount"):
        return money(Decimal(value), currency())
    if column.endswith("hours") or column.startswith("hours"):
        return hours_in_words(Decimal(value))
    return None
