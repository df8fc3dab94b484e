"""Formatting of money."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format


def money(amount: Decimal, currency: str) -> str:
    """Format an amount with two decimals and, if known, its currency."""
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}".rstrip()
