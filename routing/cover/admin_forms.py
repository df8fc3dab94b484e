"""The form of an absence, whose days are those of the absent person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES

from routing.cover.absences import Absence, midnight
from routing.desk.saved import SavedForm


@dataclass(frozen=True, slots=True)
class WallTime:
    """A day, or a time of a day, on somebody's wall."""

    day: date
    clock: time | None = None

    def starts(self, zone: ZoneInfo) -> datetime:
        return midnight(self.day, zone) if self.clock is None else self._at(self.clock, zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Return the first moment after it: without a time, the day is away as a whole."""
        if self.clock is None:
            return midnight(self.day + timedelta(days=1), zone)
        return self._at(self.clock, zone)

    def _at(self, clock: time, zone: ZoneInfo) -> datetime:
        return datetime.combine(self.day, clock, zone).astimezone(UTC)


class WallTimeWidget(forms.MultiWidget):
    """A date, and a time that may stay empty."""

    def __init__(self) -> None:
        attrs = {"class": " ".join(INPUT_CLASSES)}
        day = forms.DateInput({"type": "date", **attrs}, format="%Y-%m-%d")
        clock = forms.TimeInput(
            {"type": "time", "aria-label": _("Time, optional"), **attrs}, format="%H:%M"
        )
        super().__init__({"": day, "time": clock})

    def decompress(self, value: Any) -> list[Any]:
        return [value.day, value.clock] if isinstance(value, WallTime) else [value, None]


class WallTimeField(forms.Field):
    """A date such as 2027-06-02, with a time such as 13:00 or without one."""

    widget = WallTimeWidget
    default_error_messages = {  # noqa: RUF012 - as Django declares them
        "invalid": _("Enter a date such as 2027-06-02 and, if you need it, a time such as 13:00.")
    }

    def to_python(self, value: Any) -> WallTime | None:
        """:raises ValidationError: if it is neither"""
        parts = value if isinstance(value, list) else [value]
        text = "T".join(str(part).strip() for part in parts if part)
        if not text:
            return None
        try:
            # One text may hold both, as in 2027-06-02T13:00.
            day, _sign, clock = text.replace(" ", "T").partition("T")
            found = WallTime(date.fromisoformat(day), time.fromisoformat(clock) if clock else None)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"]) from None
        if found.clock is not None and found.clock.tzinfo is not None:
            raise ValidationError(self.error_messages["invalid"])
        return found


class AbsenceForm(SavedForm):
    starts_at = WallTimeField(
        label=_("First day away"),
        help_text=_("In the time zone of the person. Without a time, the whole day."),
    )
    ends_at = WallTimeField(
        label=_("Last day away"),
        help_text=_("Without a time, the whole day. A time is the first moment back."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at"):
            # The label of a field with two inputs stands above both, and belongs to neither.
            field: Any = self.fields[name]
            field.widget.widgets[0].attrs["aria-label"] = field.label
        if self.instance.pk:
            self.initial = {**self.initial, **_on_their_wall(self.instance)}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        # Without these, Django would write values of the form into the columns.
        starts, ends = found.pop("starts_at", None), found.pop("ends_at", None)
        person = found.get("user")
        if person and starts and ends:
            zone = ZoneInfo(person.timezone)
            found |= {"starts_at": starts.starts(zone), "ends_at": ends.ends(zone)}
            if found["ends_at"] <= found["starts_at"]:
                self.add_error("ends_at", _("The end of an absence must be after its start."))
        return found


def _on_their_wall(row: Absence) -> Mapping[str, WallTime]:
    start, end = (at.astimezone(row.zone) for at in (row.starts_at, row.ends_at))
    if row.is_of_whole_days(row.zone):
        last = (end - timedelta(microseconds=1)).date()
        return {"starts_at": WallTime(start.date()), "ends_at": WallTime(last)}
    return {
        "starts_at": WallTime(start.date(), start.time()),
        "ends_at": WallTime(end.date(), end.time()),
    }
