"""Forms that ask before a date in the past is taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

SURE = "past_is_meant"


class AsksAboutPast(forms.Form):
    """
    A date before today is a typing error more often than not, so the form asks once. The box that
    appears then confirms these very dates: another date in the past is asked about again.
    """

    coming: Sequence[str] = ()  # fields with dates that are to come

    def zone_of_dates(self) -> ZoneInfo | None:
        """Return the time zone in which the dates are meant, or None for the reader's."""
        return None

    def was_saved(self, name: str, day: date) -> bool:
        """Return whether the date was saved before, so that it need not be asked about again."""
        return name not in self.changed_data

    def clean(self) -> None:
        # Before the form's own checks: some of them depend on whether there are errors.
        today = timezone.localdate(timezone=self.zone_of_dates())
        past = {}
        for name in self.coming:
            day = self.cleaned_data.get(name)
            if isinstance(day, date) and day < today and not self.was_saved(name, day):
                past[name] = day
        if past:
            dates = ",".join(sorted({day.isoformat() for day in past.values()}))
            self._ask(past, dates, confirmed=self.data.get(self.add_prefix(SURE)) == dates)
        super().clean()

    def _ask(self, past: dict[str, date], dates: str, *, confirmed: bool) -> None:
        box = forms.CheckboxInput({"value": dates}, check_test=lambda value: confirmed)
        self.fields[SURE] = forms.BooleanField(
            label=_("A date in the past is meant"), required=False, widget=box
        )
        for name, day in past.items() if not confirmed else ():
            message = _("%(date)s is in the past. Are you sure? Correct it, or confirm it below.")
            self.add_error(name, message % {"date": date_format(day, "D j M Y")})
