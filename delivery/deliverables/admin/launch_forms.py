"""The form for a launch by hand: its address, a screenshot, or both."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.addresses import address_fault
from delivery.deliverables.details import LaunchByHandDetails
from delivery.deliverables.models import Deliverable
from delivery.progress.operations import launching
from delivery.requests.evidence_form import EvidenceForm
from routing.desk.forms import line, step_form


@step_form(launching.launch_by_hand)
class LaunchByHandForm(EvidenceForm):
    submit = gettext_lazy("Launched")
    field_order = ("address", "evidence")

    address = line(
        gettext_lazy("Address"),
        max_length=1000,
        required=False,
        help_text=gettext_lazy(
            "Where anybody can see it, such as the newsletter in a browser. It is fetched from now "
            "on, as published pages are."
        ),
        inputmode="url",
    )
    evidence = forms.FileField(
        label=gettext_lazy("Screenshot"),
        required=False,
        help_text=gettext_lazy("A picture of it. It is needed if there is no public address."),
    )

    def known(self, row: Deliverable) -> dict[str, Any]:
        return {"address": row.live_url}

    def clean(self) -> None:
        super().clean()
        self.keep_evidence()
        address = self.cleaned_data.get("address", "")
        if address and (fault := address_fault(address)):
            self.add_error("address", fault)
        if self.kept is not None and not self.kept.is_image:
            self.add_error("evidence", _("Add a picture, such as a PNG or a JPEG."))
        if not address and self.kept is None and not self.errors:
            self.add_error("address", _("Enter the address, add a screenshot, or both."))

    def as_details(self) -> LaunchByHandDetails:
        return LaunchByHandDetails(
            self.cleaned_data["address"], self.kept.pk if self.kept else None
        )
