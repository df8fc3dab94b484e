"""Forms that name people: who is away is said, and confirmed on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from routing.cover.absences import Absence
from routing.people.staff import User

SURE = "absence_is_known"
SOON = timedelta(days=1)  # who leaves tomorrow is away, too


class AsksAboutAbsence(forms.Form):
    """
    Work for somebody absent lies until they are back, so the form asks once. The box that appears
    confirms these very people.
    """

    people: ClassVar[Sequence[str]] = ()  # fields that name people

    def clean(self) -> None:
        named = {name: self.cleaned_data.get(name) for name in self.people}
        chosen = {name: each for name, each in named.items() if isinstance(each, User)}
        now = timezone.now()
        rows = Absence.objects.filter(
            user__in=chosen.values(), starts_at__lte=now + SOON, ends_at__gt=now
        ).select_related("user")
        absences = {row.user_id: row for row in rows.order_by("-starts_at")}
        away = {name: each for name, each in chosen.items() if each.pk in absences}
        if away:
            self._ask({name: absences[each.pk] for name, each in away.items()})
        super().clean()

    def _ask(self, away: dict[str, Absence]) -> None:
        people = ",".join(sorted({str(row.user_id) for row in away.values()}, key=int))
        confirmed = self.data.get(self.add_prefix(SURE)) == people
        box = forms.CheckboxInput({"value": people}, check_test=lambda value: confirmed)
        self.fields[SURE] = forms.BooleanField(
            label=_("Assign although they are away"), required=False, widget=box
        )
        for name, row in away.items() if not confirmed else ():
            message = _("%(who)s is away: %(period)s. Choose someone else, or confirm it below.")
            self.add_error(name, message % {"who": row.user, "period": row.words()})
