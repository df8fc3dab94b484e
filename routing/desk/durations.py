"""The field for durations: hours and minutes as people write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from routing.kernel.durations import BadDuration, in_words, read_duration, write_duration
from routing.sla.calendars import working_day

EXAMPLES = _("Such as 4 h, 4:30, 90 min or 2 working days.")


class WorkTime(forms.Field):
    """Working time. Days are counted as working days of the agency."""

    def __init__(
        self,
        *,
        least: timedelta = timedelta(seconds=1),
        most: timedelta,
        help_text: Any = EXAMPLES,
        **options: Any,
    ) -> None:
        self.least, self.most = least, most
        super().__init__(widget=UnfoldAdminTextInputWidget(), help_text=help_text, **options)

    def prepare_value(self, value: Any) -> Any:
        return write_duration(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        """:raises ValidationError: if the text is no duration, or out of bounds"""
        text = str(value or "").strip()
        if not text:
            return None
        try:
            found = read_duration(text, working_day())
        except BadDuration as bad:
            raise ValidationError(str(bad)) from bad
        if not self.least <= found <= self.most:
            raise ValidationError(
                _("Enter a duration from %(least)s to %(most)s.")
                % {"least": in_words(self.least), "most": in_words(self.most)}
            )
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class WorkMinutes(WorkTime):
    """The same for columns of minutes. Its label names minutes, so a number alone has a unit."""

    def to_python(self, value: Any) -> timedelta | None:
        text = str(value or "").strip()
        return super().to_python(f"{text} min" if text.isascii() and text.isdigit() else text)

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(timedelta(minutes=value) if isinstance(value, int) else value)

    def clean(self, value: Any) -> Any:
        found: timedelta | None = super().clean(value)
        return None if found is None else round(found / timedelta(minutes=1))

    def has_changed(self, initial: Any, data: Any) -> bool:
        minutes = timedelta(minutes=initial) if isinstance(initial, int) else initial
        return super().has_changed(minutes, data)
