"""A field for JSON that a person types, which refuses what Python or the database cannot read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

MAX_SIZE = 20_000  # characters
MAX_WHOLE = 2**63


class JSONText(forms.JSONField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "too_long": _("This is too long."),
        "unreadable": _("This cannot be stored: it is nested too deep, or has an unusual value."),
    }

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > MAX_SIZE:
            raise ValidationError(self.error_messages["too_long"], code="too_long")
        try:
            found = super().to_python(value)
            good = all(_is_storable(each) for each in _parts(found))
        except (RecursionError, ValueError):
            good = False
        if not good:
            raise ValidationError(self.error_messages["unreadable"], code="unreadable")
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        # Shown again as it was typed: some values could be neither read nor written a second time.
        try:
            self.to_python(data)
        except ValidationError:
            return InvalidJSONInput(data or "")
        return super().bound_data(data, initial)


def _parts(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
        else:
            yield each


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and value.isprintable()
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) < MAX_WHOLE
