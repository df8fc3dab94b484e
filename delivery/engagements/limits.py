"""
The largest amount, in the engagement's currency, and the most hours that any plan or change may
name.
"""

from __future__ import annotations

from decimal import Decimal

MOST_AMOUNT, MOST_HOURS = Decimal("999999999.99"), Decimal("99999.99")
