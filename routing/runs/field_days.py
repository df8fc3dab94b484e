"""Days of facts: an instant that a system sends for a date is its day in the agency's zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from routing.flows.fields import FieldSpec, FieldType
from routing.flows.versions import published
from routing.kernel.days import is_instant, read_day
from routing.sla.calendars import agency_zone


def has_instants(facts: Mapping[str, Any]) -> bool:
    """Return whether a fact is a time with an offset, which is another day in another zone."""
    return any(isinstance(each, str) and is_instant(each.strip()) for each in facts.values())


def with_days(facts: Mapping[str, Any], version: int) -> dict[str, Any]:
    """
    Return facts in which the instants of date fields are days in the agency's zone.

    Whoever sends them may not know which fields of a flow are dates. A year far away stays as it
    was, so that the flow says that it is no date.

    :param version: id of the flow version of the run
    """
    if not has_instants(facts):
        return dict(facts)
    return with_days_of(facts, published(version).fields)


def with_days_of(facts: Mapping[str, Any], fields: Sequence[FieldSpec]) -> dict[str, Any]:
    """Return the same for the fields of a version that need not be published."""
    found = dict(facts)
    for spec in fields:
        value = found.get(spec.name)
        if spec.type is FieldType.DATE and isinstance(value, str) and is_instant(value.strip()):
            with suppress(ValueError):
                found[spec.name] = read_day(value, agency_zone()).isoformat()
    return found
