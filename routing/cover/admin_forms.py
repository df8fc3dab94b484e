"""The form of an absence, whose days are those of the absent person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldBooleanSwitchWidget,
)

from routing.cover.absences import Absence, is_half, midnight, noon
from routing.cover.operations.absences import refusals_of
from routing.cover.periods import Period, WallTime
from routing.desk.forms import line, long_text, picked
from routing.desk.saved import SavedForm
from routing.people.rights import OWN_WORK
from routing.people.staff import User

# Beside which field a refusal of an absence stands, by its code.
FIELD_OF: Mapping[str, str | None] = {
    "period": "ends_at",
    "overlap": None,
    "substitute": "substitute",
}


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
            return WallTime.read(text)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"]) from None


def substitute_field() -> Any:
    return picked(
        _("Substitute"),
        User.objects.staff().who_may(OWN_WORK),
        required=False,
        empty=_("Nobody"),
        help_text=_("Stands in, and is the first choice where nobody covers the work."),
    )


class AbsenceForm(SavedForm):
    starts_at = WallTimeField(
        label=_("First day away"),
        help_text=_("In the time zone of the person. Without a time, the whole day."),
    )
    starts_half = forms.BooleanField(
        label=_("On the first day, only the afternoon"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    ends_at = WallTimeField(
        label=_("Last day away"),
        help_text=_("Without a time, the whole day. A time is the first moment back."),
    )
    ends_half = forms.BooleanField(
        label=_("On the last day, only the morning"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
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
        halves = found.pop("starts_half", False), found.pop("ends_half", False)
        timed = [bool(entered and entered.clock) for entered in (starts, ends)]
        for name, half, has_time in zip(("starts_half", "ends_half"), halves, timed, strict=True):
            if half and has_time:
                self.add_error(name, _("Enter either a time or a half day."))
        person = found.get("user")
        if person and starts and ends and not self.errors:
            zone = ZoneInfo(person.timezone)
            if halves[0]:
                starts = WallTime(starts.day, None, "afternoon")
            if halves[1]:
                ends = WallTime(ends.day, None, "morning")
            found |= {"starts_at": starts.starts(zone), "ends_at": ends.ends(zone)}
            draft = Absence(pk=self.instance.pk, user=person, substitute=found.get("substitute"))
            draft.starts_at, draft.ends_at = found["starts_at"], found["ends_at"]
            _refuse(self, draft)
        return found


class AwayNowForm(forms.Form):
    """Until when the reader is away, from this moment on."""

    ends_at = WallTimeField(
        label=_("Last day away"),
        help_text=_("In your time zone. Without a time, the whole day; a time is the first back."),
    )
    substitute = substitute_field()
    reason = line(_("Reason"), max_length=200, required=False, help_text=_("Shown in the history."))

    def __init__(self, who: User, at: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.who, self.at = who, at

    def clean(self) -> None:
        ends = self.cleaned_data.get("ends_at")
        if ends is None or self.errors:
            return
        zone = ZoneInfo(self.who.timezone)
        draft = Absence(user=self.who, starts_at=self.at, ends_at=ends.ends(zone))
        draft.substitute = self.cleaned_data["substitute"]
        _refuse(self, draft)
        self.cleaned_data["absence"] = draft


class SeveralForm(forms.Form):
    """Several absences of several people, one a line. All are entered, or none."""

    people = forms.ModelMultipleChoiceField(
        label=_("People"),
        queryset=User.objects.none(),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("Each of them is away at all of these times, in their own time zone."),
    )
    lines = long_text(
        _("Absences, one a line"),
        error=_("Enter at least one day."),
        max_length=4000,
        help_text=_(
            "Such as 2027-06-02, 2027-06-02 morning, 2027-06-02 to 2027-06-04, 2027-06-02 13:00 to "
            "2027-06-03, or 2027-06-04 afternoon every week until 2027-07-30. A day without a time "
            "is away as a whole."
        ),
    )
    substitute = substitute_field()
    reason = line(_("Reason"), max_length=200, required=False, help_text=_("Shown in the history."))

    def __init__(self, people: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["people"].queryset = people  # type: ignore[attr-defined]

    def clean_lines(self) -> list[Period]:
        """:raises ValidationError: with each line that is no absence"""
        found: list[Period] = []
        faults = []
        entered = [line for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        for number, text in enumerate(entered, start=1):
            try:
                found += Period.read_all(text)
            except ValueError:
                words = gettext("Line %(number)s is not understood: %(text)s")
                faults.append(words % {"number": number, "text": text.strip()})
        if faults:
            raise ValidationError(faults)
        return found

    def absences(self) -> list[Absence]:
        """Return the absences that are to be entered. Call it after ``is_valid()``."""
        found = []
        for person in self.cleaned_data["people"]:
            for period in self.cleaned_data["lines"]:
                starts, ends = period.in_zone(ZoneInfo(person.timezone))
                row = Absence(user=person, starts_at=starts, ends_at=ends)
                row.substitute = self.cleaned_data["substitute"]
                found.append(row)
        return found


class EndForm(forms.Form):
    reason = line(_("Reason"), max_length=200, required=False, help_text=_("Shown in the history."))


def _refuse(form: forms.BaseForm, draft: Absence) -> None:
    """Say beside the fields what the operation would refuse."""
    for against in refusals_of(draft):
        form.add_error(FIELD_OF[against.code], str(against.message))


def _on_their_wall(row: Absence) -> Mapping[str, Any]:
    """Return the days of an absence as its form shows them."""
    zone = row.zone
    start, end = (at.astimezone(zone) for at in (row.starts_at, row.ends_at))
    if not (is_half(start, zone) and is_half(end, zone)):
        return {
            "starts_at": WallTime(start.date(), start.time()),
            "ends_at": WallTime(end.date(), end.time()),
        }
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return {
        "starts_at": WallTime(start.date()),
        "starts_half": row.starts_at != midnight(start.date(), zone),
        "ends_at": WallTime(last),
        "ends_half": row.ends_at == noon(end.date(), zone),
    }
