"""The lines of a template: one for each deliverable that it plans. Read from JSON and validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from delivery.deliverables.formats import Format
from delivery.engagements.limits import MOST_HOURS
from delivery.plans.relative import BadOffset, DayOffset, DayUnit, checked
from delivery.requests.texts import storable
from routing.kernel.clean_text import one_line
from routing.kernel.roles import Role

MOST_LINES = 50  # as many as a brief can plan
MOST_TITLE = 200  # as long as the title of a work item


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """
    One deliverable that a template plans.

    ``role`` is the role that makes it, or empty. ``offset`` is its due date relative to D, or None
    for no due date.
    """

    title: str
    format: str
    role: str = ""
    offset: DayOffset | None = None
    hours: Decimal = Decimal(0)

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "format": self.format,
            "role": self.role,
            "days": self.offset.days if self.offset else None,
            "unit": self.offset.unit.value if self.offset else DayUnit.WORKING.value,
            "hours": str(self.hours),
        }

    @property
    def format_label(self) -> str:
        return str(Format(self.format).label)

    @property
    def role_label(self) -> str:
        return str(Role(self.role).label) if self.role else ""


class BadLines(ValueError):
    """Lines that cannot be read. ``faults`` has one sentence for each reason."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


def read_lines(value: Any) -> tuple[TemplateLine, ...]:
    """
    Read the lines in a template's JSON.

    :raises BadLines: with all faults, not only the first one
    """
    if not isinstance(value, list) or len(value) > MOST_LINES:
        raise BadLines([_("A template can have at most %(most)s lines.") % {"most": MOST_LINES}])
    faults: list[str] = []
    found = []
    for place, each in enumerate(value, start=1):
        try:
            found.append(_read(each if isinstance(each, Mapping) else {}))
        except ValueError as error:
            faults.append(_("Line %(place)s: %(why)s") % {"place": place, "why": error})
    if faults:
        raise BadLines(faults)
    return tuple(found)


def _read(value: Mapping[str, Any]) -> TemplateLine:
    """:raises ValueError: saying what to enter instead"""
    title = one_line(str(value.get("title") or ""))
    if not title or len(title) > MOST_TITLE or not storable(title):
        raise ValueError(_("enter a title of at most %(most)s characters.") % {"most": MOST_TITLE})
    if value.get("format") not in Format.values:
        raise ValueError(_("choose a type."))
    role = value.get("role") or ""
    if role and role not in Role.values:
        raise ValueError(_("choose a role."))
    return TemplateLine(
        title,
        str(value["format"]),
        str(role),
        offset_of(value.get("days"), value.get("unit")),
        _hours(value.get("hours")),
    )


def offset_of(days: Any, unit: Any) -> DayOffset | None:
    """
    Return the relative day of stored values, or None if there are none.

    :raises BadOffset: if they are no relative day
    """
    if days is None:
        return None
    # In Python True is an int, and JSON has true.
    if not isinstance(days, int) or isinstance(days, bool):
        raise BadOffset(_("enter the days from D as a whole number."))
    if unit and unit not in set(DayUnit):
        raise BadOffset(_("choose working days or calendar days."))
    return checked(days, DayUnit(unit or DayUnit.WORKING))


def _hours(value: Any) -> Decimal:
    try:
        hours = Decimal(str(value or 0))
    except InvalidOperation:
        hours = Decimal("NaN")
    if not hours.is_finite() or not 0 <= hours <= MOST_HOURS:
        raise ValueError(_("the hours must be 0 or more."))
    return hours.quantize(Decimal("0.01"))
