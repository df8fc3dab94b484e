"""Convert text of external systems to typed values that JSON and our columns can hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

Typed = Callable[[str], Any]
MAX_DIGITS = 16
_CURRENCY = re.compile("[A-Za-z]{3}", re.ASCII)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(value: str) -> str:
    """Remove surrounding space and characters that PostgreSQL cannot store."""
    return _UNSTORABLE.sub("", value).strip()


def text(value: str) -> str:
    return value[:500]


def number(value: str) -> str:
    """
    Return a decimal number as text, with at most twelve digits before the point and two after.

    :raises ValueError: if it is not a number
    """
    try:
        read = Decimal(value).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not read.is_finite() or abs(read) >= Decimal(10) ** 12:
        raise ValueError("not a number of at most twelve digits")
    return str(int(read)) if read == read.to_integral_value() else f"{read:f}"


def whole(value: str) -> int:
    """:raises ValueError: if it is not a whole number"""
    read = Decimal(number(value))
    if read != read.to_integral_value():
        raise ValueError("not a whole number")
    return int(read)


def day(value: str) -> str:
    """
    Return an ISO date, from an ISO date or time, or from milliseconds since 1970, in UTC.

    :raises ValueError: if it is not a date
    """
    if value.lstrip("-").isdigit() and len(value) <= MAX_DIGITS:
        instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value))
        return instant.date().isoformat()
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        raise ValueError("not a date") from None


def currency(value: str) -> str:
    """
    Return an ISO 4217 code.

    :raises ValueError: if it cannot be one
    """
    if not _CURRENCY.fullmatch(value):
        raise ValueError("not a currency code of three letters")
    return value.upper()
