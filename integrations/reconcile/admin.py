"""The form in which a person decides about external objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from integrations.outbox.discrepancies import Discrepancy
from integrations.reconcile.details import SettleDetails
from integrations.reconcile.settle import offered, settle
from integrations.reconcile.words import sentence
from routing.desk.forms import StepForm, step_form

MOST_SHOWN = 20


@step_form(settle)
class SettleForm(StepForm):
    submit = gettext_lazy("Decide")

    choice = forms.ChoiceField(
        label=gettext_lazy("What should become of it?"), widget=UnfoldAdminRadioSelectWidget()
    )

    def prepare(self) -> None:
        found = offered(self.rows).get(self.rows[0].pk, [])
        field: Any = self.fields["choice"]
        field.choices = _options(found[:MOST_SHOWN]) + _for_all(found)
        field.help_text = " ".join(sentence(row) for row, _words in found[:MOST_SHOWN])

    def as_details(self) -> SettleDetails:
        ids, choice = self.cleaned_data["choice"].split(":")
        numbers = tuple(int(pk) for pk in ids.split(","))
        return SettleDetails(discrepancies=numbers, choice=choice)


def _options(found: list[tuple[Discrepancy, Mapping[str, str]]]) -> list[tuple[str, str]]:
    """Return each choice of each discrepancy, which is named if there are several."""
    options = []
    for row, words in found:
        named = f"{row.object_type}/{row.remote_id}: " if len(found) > 1 else ""
        options += [(f"{row.pk}:{choice}", f"{named}{label}") for choice, label in words.items()]
    return options


def _for_all(found: list[tuple[Discrepancy, Mapping[str, str]]]) -> list[tuple[str, str]]:
    """Return the choices for all discrepancies at once, if there are several of one kind."""
    if len(found) < 2 or len({row.kind for row, _words in found}) > 1:  # noqa: PLR2004
        return []
    ids = ",".join(str(row.pk) for row, _words in found)
    count = len(found)
    return [
        (f"{ids}:{choice}", _("All %(count)s: %(choice)s") % {"count": count, "choice": label})
        for choice, label in found[0][1].items()
    ]
