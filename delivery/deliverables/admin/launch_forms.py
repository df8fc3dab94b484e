"""The form for a launch by hand: its address, a screenshot, or both."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.addresses import address_fault
from delivery.deliverables.details import LaunchByHandDetails, SetEndDetails, TakeDownDetails
from delivery.deliverables.models import Deliverable
from delivery.progress.operations import launching, taking_down
from delivery.requests.evidence_form import EvidenceForm
from routing.desk.forms import StepForm, date, line, step_form

ENDS_HELP = gettext_lazy(
    "The day on which it is to be taken down, such as the end of an ad. Its owner is reminded on "
    "that day. Leave it empty if it stays."
)


@step_form(launching.launch_by_hand)
class LaunchByHandForm(EvidenceForm):
    submit = gettext_lazy("Launched")
    field_order = ("address", "evidence", "ends")
    coming = ("ends",)

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

    ends = date(gettext_lazy("Ends on"), required=False, help_text=ENDS_HELP)

    def known(self, row: Deliverable) -> dict[str, Any]:
        return {"address": row.live_url, "ends": row.ends_date}

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
            self.cleaned_data["address"],
            self.kept.pk if self.kept else None,
            self.cleaned_data["ends"],
        )


@step_form(taking_down.take_down)
class TakeDownForm(EvidenceForm):
    submit = gettext_lazy("Taken down")

    evidence = forms.FileField(
        label=gettext_lazy("Evidence"),
        required=False,
        help_text=gettext_lazy("A screenshot of the ended ad or the removed post, for example."),
    )

    def clean(self) -> None:
        super().clean()
        self.keep_evidence()

    def as_details(self) -> TakeDownDetails:
        return TakeDownDetails(self.kept.pk if self.kept else None)


@step_form(taking_down.set_end)
class SetEndForm(StepForm):
    coming = ("ends",)

    ends = date(gettext_lazy("Ends on"), required=False, help_text=ENDS_HELP)

    def known(self, row: Deliverable) -> dict[str, Any]:
        return {"ends": row.ends_date}

    def as_details(self) -> SetEndDetails:
        return SetEndDetails(self.cleaned_data["ends"])
