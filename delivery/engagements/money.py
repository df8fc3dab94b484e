"""Money in words."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format


def money(amount: Decimal, currency: str) -> str:
    """Two decimals in groups of three, with its currency where one is known."""
    return f"{number_format(amount, 2, use_l10n=True, force_grouping=True)} {currency}".rstrip()
