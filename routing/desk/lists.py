"""Lists of short texts in one line, separated by commas."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget


class CommaList(forms.CharField):
    """A list of texts, written and shown with commas."""

    def __init__(self, **options: Any) -> None:
        defaults = {"required": False, "max_length": 500, "widget": UnfoldAdminTextInputWidget()}
        super().__init__(**(defaults | options))

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(str(each) for each in value)
        return value  # the text of a form that was sent with errors

    def to_python(self, value: Any) -> Any:
        return split(super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != split(data or "")


def split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
