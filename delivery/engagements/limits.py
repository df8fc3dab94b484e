"""Upper limits for the amount and the hours of a planned deliverable or a change."""

from __future__ import annotations

from decimal import Decimal

# In the engagement's currency. The sum of a full plan still fits the column of its brief.
MOST_AMOUNT = Decimal("999999999.99")
MOST_HOURS = Decimal("99999.99")
