"""How triggers compare the field of an event with their value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from django.utils.translation import gettext as _

from routing.flows.event_catalogue import EventField, field_of
from routing.flows.fields import FieldType
from routing.flows.trigger_operators import TriggerOperator

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = range(11, 15)  # digits of an instant in milliseconds; shorter ones are numbers


_TYPES: Mapping[TriggerOperator, frozenset[FieldType]] = {
    TriggerOperator.AT_LEAST: frozenset({FieldType.NUMBER, FieldType.DATE}),
    TriggerOperator.CHANGED_BY_MORE: frozenset({FieldType.NUMBER}),
}


class TriggerLike(Protocol):
    """What a trigger compares: a row, or the values of a form or a file."""

    @property
    def kind(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def values(self) -> Sequence[str]: ...


class Unseen:
    """Stands for the earlier value of a field that no earlier event had."""


UNSEEN = Unseen()


def trigger_fault(trigger: TriggerLike) -> str:
    """Return why a trigger could never match, in words that say what to do, or an empty string."""
    operator = TriggerOperator(trigger.operator)
    if not trigger.field:
        needless = operator is not TriggerOperator.EQUALS or trigger.value or trigger.values
        return _("Choose the field that has this value.") if needless else ""
    if operator is TriggerOperator.ONE_OF:
        return "" if trigger.values else _("Enter the values, separated by commas.")
    known = field_of(trigger.kind, trigger.field)
    types = _TYPES.get(operator)
    if types is None:
        needs_value = operator is TriggerOperator.CHANGED_TO and not trigger.value
        return _("Enter the value that the field changes to.") if needs_value else ""
    if known is not None and known.type not in types:
        return _wrong_type(operator, known)
    return _wrong_value(trigger, operator, known)


def _wrong_type(operator: TriggerOperator, field: EventField) -> str:
    words = (
        _("“%(field)s” is no number and no date. Choose another field or operator.")
        if operator is TriggerOperator.AT_LEAST
        else _("“%(field)s” is no number. Choose another field or operator.")
    )
    return words % {"field": field.label}


def _wrong_value(trigger: TriggerLike, operator: TriggerOperator, field: EventField | None) -> str:
    number, day = number_of(trigger.value), _day_of(trigger.value)
    if operator is TriggerOperator.CHANGED_BY_MORE:
        if number is None or number < 0:
            return _("Enter a number that is not negative, such as 5000.")
        return ""
    wants_day = field is not None and field.type is FieldType.DATE
    if wants_day and day is None:
        return _("Enter a date such as 2027-03-31.")
    if not wants_day and number is None and (field is not None or day is None):
        return _("Enter a number such as 12000 or 12000.50.")
    return ""


def matches(trigger: TriggerLike, now: Any, before: Callable[[], Any]) -> bool:
    """
    Return whether the value of an event's field is the one a trigger waits for.

    :param now: the value in the event, None if it has none
    :param before: returns the value in the newest earlier event about the same subject that has the
        field, or UNSEEN
    """
    match TriggerOperator(trigger.operator):
        case TriggerOperator.EQUALS:
            return str(now) == trigger.value
        case TriggerOperator.ONE_OF:
            return now is not None and str(now) in trigger.values
        case TriggerOperator.AT_LEAST:
            return is_at_least(now, trigger.value)
        case TriggerOperator.CHANGED_TO:
            return str(now) == trigger.value and str(before()) != trigger.value
        case TriggerOperator.CHANGED_BY_MORE:
            return _differ_by_more(now, before, trigger.value)


def may_match(trigger: TriggerLike, now: Any) -> bool:
    """Return whether a trigger would match if the value before allowed it."""
    if trigger.operator == TriggerOperator.CHANGED_BY_MORE:
        return number_of(now) is not None
    return matches(trigger, now, lambda: UNSEEN)


def is_at_least(now: Any, least: str) -> bool:
    """Return whether a value is at least another one: both numbers, or both days."""
    wanted, found = number_of(least), number_of(now)
    if wanted is not None:
        return found is not None and found >= wanted
    day, found_day = _day_of(least), _day_of(now)
    return day is not None and found_day is not None and found_day >= day


def _differ_by_more(now: Any, before: Callable[[], Any], limit: str) -> bool:
    found, most = number_of(now), number_of(limit)
    if found is None or most is None:
        return False
    earlier = number_of(before())
    return earlier is not None and abs(found - earlier) > most


def number_of(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _day_of(value: Any) -> date | None:
    text = str(value).strip()
    # A CRM sends days as midnight in UTC, in milliseconds.
    if text.isascii() and text.isdigit() and len(text) in INSTANT:
        return (_1970 + timedelta(milliseconds=int(text))).date()
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
