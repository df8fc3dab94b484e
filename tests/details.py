"""Details of any operation that say as little as they can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, get_origin, get_type_hints

from tests.world import NOW

BLANK: dict[Any, Any] = {
    str: "",
    int: 0,
    Decimal: Decimal(0),
    date: NOW.date(),
    datetime: NOW,
    dict: {},
    Mapping: {},
    tuple: (0, 0),
    UnionType: None,
}


def blank(details: Any) -> Any:
    """Make details of this type from its defaults and blank values; None where there is no type."""
    if details is None:
        return None
    types = get_type_hints(details)
    required = [each for each in fields(details) if each.default is MISSING]
    return details(
        **{each.name: BLANK[get_origin(types[each.name]) or types[each.name]] for each in required}
    )
