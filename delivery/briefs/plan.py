"""The plan of a brief: read from JSON, validated and totalled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.formats import Format
from delivery.engagements.limits import MOST_AMOUNT, MOST_HOURS
from delivery.plans.lines import offset_of
from delivery.plans.relative import BadOffset, DayOffset
from delivery.requests.texts import storable
from routing.kernel.clean_text import one_line
from routing.kernel.days import read_day
from routing.kernel.roles import Role

MOST = 50  # deliverables in one brief


@dataclass(frozen=True, slots=True)
class Planned:
    """
    One planned deliverable.

    ``key`` identifies it in all briefs of its request. ``amount`` is in the currency of the
    engagement, and ``due`` is a day in the client's time zone. ``replaces_id`` is the live
    deliverable that it replaces.

    What a template planned has the ``role`` that makes it and an ``offset``, by which its due date
    follows the launch date of the brief, unless somebody moved it ``by_hand``.
    """

    key: str
    title: str
    format: str
    destination_id: int | None = None
    amount: Decimal = Decimal(0)
    hours: Decimal = Decimal(0)
    due: date | None = None
    replaces_id: int | None = None
    role: str = ""
    offset: DayOffset | None = None
    by_hand: bool = False

    @property
    def follows(self) -> bool:
        """Return whether its due date moves with the launch date of the brief."""
        return self.offset is not None and not self.by_hand

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "key": self.key,
            "title": self.title,
            "format": self.format,
            "destination": self.destination_id,
            "amount": str(self.amount),
            "hours": str(self.hours),
            "due": self.due.isoformat() if self.due else None,
            "replaces": self.replaces_id,
        }
        # Plans that no template filled stay as they were before there were templates.
        if self.role:
            found["role"] = self.role
        if self.offset is not None:
            found |= {"days": self.offset.days, "unit": self.offset.unit.value}
        if self.by_hand:
            found["by_hand"] = True
        return found


class BadPlan(ValueError):
    """A plan that cannot be read. ``faults`` has one sentence for each reason."""

    def __init__(self, faults: Sequence[Any]) -> None:
        super().__init__(" ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def read_plan(value: Any) -> tuple[Planned, ...]:
    """
    Read the plan in a brief's JSON.

    :raises BadPlan: with all faults, not only the first one
    """
    if not isinstance(value, list) or len(value) > MOST:
        raise BadPlan([_("A plan can have at most %(most)s deliverables.") % {"most": MOST}])
    # All faults are collected, so that a plan is corrected in one go.
    faults: list[Any] = []
    found = [_read(place, each, faults) for place, each in enumerate(value, start=1)]
    keys = [each.key for each in found if each]
    if len(set(keys)) < len(keys):
        faults.append(_("Two deliverables have the same key."))
    replaced = [each.replaces_id for each in found if each and each.replaces_id]
    if len(set(replaced)) < len(replaced):
        faults.append(_("Two deliverables replace the same deliverable."))
    if faults:
        raise BadPlan(faults)
    return tuple(each for each in found if each)


def _read(place: int, value: Any, faults: list[Any]) -> Planned | None:
    """Read one entry of a plan. Add its faults to the list, and return None if there are any."""
    before = len(faults)

    def fault(words: str | Promise) -> None:
        faults.append(_("Deliverable %(place)s: %(what)s") % {"place": place, "what": words})

    if not isinstance(value, Mapping):
        fault(_("invalid entry."))
        return None
    title = one_line(str(value.get("title") or ""))
    if not title or len(title) > 200 or not storable(title):  # noqa: PLR2004  # as long as a work item's title
        fault(_("enter a title of at most 200 characters."))
    if value.get("format") not in Format.values:
        fault(_("choose a type."))
    key = str(value.get("key") or "")
    if not key or len(key) > 12 or not key.isalnum():  # noqa: PLR2004  # as long as the column
        fault(_("the key is missing."))
    planned = Planned(
        key=key,
        title=title,
        format=str(value.get("format")),
        destination_id=_id(value.get("destination"), fault, _("the destination is invalid.")),
        amount=_number(value.get("amount"), MOST_AMOUNT, fault, _("the amount must be 0 or more.")),
        hours=_number(value.get("hours"), MOST_HOURS, fault, _("the hours must be 0 or more.")),
        due=_day(value.get("due"), fault),
        replaces_id=_id(value.get("replaces"), fault, _("the replaced deliverable is invalid.")),
        role=_role(value.get("role"), fault),
        offset=_offset(value, fault),
        by_hand=value.get("by_hand") is True,
    )
    return planned if len(faults) == before else None


def _id(value: Any, fault: Any, words: Any) -> int | None:
    if value is None or value == "":
        return None
    # In Python True is an int, and JSON has true. A bigint ends below 2**63.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        fault(words)
        return None
    return value


def _number(value: Any, most: Decimal, fault: Any, words: Any) -> Decimal:
    # Through text: Decimal(0.1) would keep the inaccuracy of the float that JSON gave.
    try:
        number = Decimal(str(value or 0))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= most:
        fault(words)
        return Decimal(0)
    return number.quantize(Decimal("0.01"))


def _day(value: Any, fault: Any) -> date | None:
    try:
        return read_day(value) if value else None
    except (AttributeError, ValueError):
        fault(_("enter the due date in the form 2026-12-31."))
        return None


def _role(value: Any, fault: Any) -> str:
    if value and value not in Role.values:
        fault(_("choose a role."))
        return ""
    return str(value or "")


def _offset(value: Mapping[str, Any], fault: Any) -> DayOffset | None:
    try:
        return offset_of(value.get("days"), value.get("unit"))
    except BadOffset as error:
        fault(str(error))
        return None


def amount_of(plan: Sequence[Planned]) -> Decimal:
    return sum((each.amount for each in plan), Decimal(0))


def hours_of(plan: Sequence[Planned]) -> Decimal:
    return sum((each.hours for each in plan), Decimal(0))
