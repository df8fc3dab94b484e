"""Fields of forms for what people type: visible text, and days within reason."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from routing.kernel.clean_text import lines, one_line
from routing.kernel.days import can_be_meant, other_years

TOO_LONG = gettext_lazy("Use at most %(limit_value)d characters. These are %(show_value)d.")


class OneLine(forms.CharField):
    """A name or title. Line breaks would break lists, titles and the subjects of e-mails."""

    default_error_messages: ClassVar[dict[str, Any]] = {"max_length": TOO_LONG}

    def to_python(self, value: Any) -> Any:
        return one_line(super().to_python(value) or "") or self.empty_value


class Lines(forms.CharField):
    """A longer text."""

    default_error_messages: ClassVar[dict[str, Any]] = {"max_length": TOO_LONG}

    def to_python(self, value: Any) -> Any:
        return lines(super().to_python(value) or "") or self.empty_value


class Day(forms.DateField):
    """A day of the years in which anything here can happen, written so that it has one meaning."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": gettext_lazy("This is not a date, or can be two. Enter one such as 2026-12-24.")
    }

    def to_python(self, value: Any) -> date | None:
        found: date | None = super().to_python(value)
        if found is not None and not can_be_meant(found):
            raise ValidationError(other_years(), code="year")
        return found
