"""Proofs that runs must have, as rows on the page of a flow version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.lists import CommaList
from routing.flows.admin.version_parts import PartOfVersion
from routing.flows.admin.versions import part_of_version
from routing.runs.proofs import MOST_VALUES, VALUE_LENGTH, VersionProof


class VersionProofForm(forms.ModelForm[VersionProof]):
    values = CommaList(
        label=VersionProof._meta.get_field("values").verbose_name,
        help_text=VersionProof._meta.get_field("values").help_text,
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        field, values = cleaned.get("field", ""), cleaned.get("values", [])
        if cleaned.get("kind") != VersionProof.Kind.INVOICE_SENT:
            for name in ("field", "values"):
                if cleaned.get(name):
                    self.add_error(name, _("Leave this empty. The clocks of the run prove it."))
        elif field and not values and "values" not in self.errors:
            self.add_error("values", _("Enter the values that prove it, such as sent, paid."))
        elif values and not field and "field" not in self.errors:
            self.add_error("field", _("Enter the field that has these values."))
        if len(values) > MOST_VALUES or any(len(each) > VALUE_LENGTH for each in values):
            words = _("Enter at most %(most)s values of at most %(signs)s characters.")
            self.add_error("values", words % {"most": MOST_VALUES, "signs": VALUE_LENGTH})
        return cleaned


@part_of_version
class ProofsOfVersion(PartOfVersion):
    model = VersionProof
    form = VersionProofForm
    fields = ("kind", "field", "values")
    verbose_name = gettext_lazy("proof")
    verbose_name_plural = gettext_lazy(
        "Proofs of each run, beside live pages and files that the client has"
    )
