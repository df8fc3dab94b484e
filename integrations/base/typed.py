"""Convert text of external systems to typed values that JSON and our columns can hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from routing.kernel.clean_text import one_line
from routing.kernel.days import read_day

Typed = Callable[[str], Any]
_CURRENCY = re.compile("[A-Za-z]{3}", re.ASCII)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(value: str) -> str:
    """Remove surrounding space and characters that PostgreSQL cannot store."""
    return _UNSTORABLE.sub("", value).strip()


def storable(value: Any) -> Any:
    """Return JSON without characters that PostgreSQL cannot store, in its texts and names."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, list):
        return [storable(each) for each in value]
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("", name): storable(each) for name, each in value.items()}
    return value


def text(value: str) -> str:
    return one_line(value)[:500]


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


def amount(value: str) -> str:
    """:raises ValueError: if it is not a number of zero or more"""
    read = number(value)
    if Decimal(read) < 0:
        raise ValueError("below zero")
    return read


def whole(value: str) -> int:
    """:raises ValueError: if it is not a whole number"""
    read = Decimal(number(value))
    if read != read.to_integral_value():
        raise ValueError("not a whole number")
    return int(read)


def day(value: str, zone: ZoneInfo | None = None) -> str:
    """
    Return an ISO date from a date or a time, which ``read_day`` explains.

    :param zone: of the agency: a time belongs to the day that it had there
    :raises ValueError: if it is not a date
    """
    return read_day(value, zone).isoformat()


def currency(value: str) -> str:
    """
    Return an ISO 4217 code.

    :raises ValueError: if it cannot be one
    """
    if not _CURRENCY.fullmatch(value):
        raise ValueError("not a currency code of three letters")
    return value.upper()
