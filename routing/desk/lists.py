"""Lists of short texts, in one line separated by commas or one a line."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from routing.kernel.clean_text import one_line


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


class LineList(forms.CharField):
    """A list of texts, one a line. A text that stands twice is kept once."""

    def __init__(self, *, longest: int = 200, most: int = 50, **options: Any) -> None:
        self.longest, self.most = longest, most
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        super().__init__(**({"required": False, "widget": widget} | options))

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(str(each) for each in value)
        return value  # the text of a form that was sent with errors

    def to_python(self, value: Any) -> Any:
        return _lines(super().to_python(value) or "")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if len(value) > self.most:
            raise forms.ValidationError(_("Enter at most %(most)s lines.") % {"most": self.most})
        if any(len(each) > self.longest for each in value):
            words = _("A line has at most %(longest)s characters.")
            raise forms.ValidationError(words % {"longest": self.longest})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != _lines(data or "")


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(one_line(each) for each in text.splitlines() if one_line(each)))


def split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
