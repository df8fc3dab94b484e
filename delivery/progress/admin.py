"""The form that records the invoice of a run."""

from __future__ import annotations

from datetime import date as day_type

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.progress.details import InvoiceDetails
from delivery.progress.operations.invoices import LONGEST_NUMBER, latest_day, record_invoice
from delivery.requests.evidence_form import EvidenceForm
from routing.desk.forms import date, line, step_form


@step_form(record_invoice)
class RecordInvoiceForm(EvidenceForm):
    submit = gettext_lazy("Record")

    number = line(gettext_lazy("Invoice number"), max_length=LONGEST_NUMBER)
    day = date(gettext_lazy("Invoice date"), required=True)
    evidence = forms.FileField(
        label=gettext_lazy("Invoice"),
        help_text=gettext_lazy("The document as the client got it, such as a PDF."),
        error_messages={"required": gettext_lazy("Add the invoice as a file.")},
    )
    field_order = ("number", "day", "evidence")

    def prepare(self) -> None:
        self.fields["number"].error_messages["required"] = _("Enter the number of the invoice.")
        self.fields["day"].error_messages["required"] = _("Enter the date of the invoice.")
        self.fields["evidence"].required = not self.data.get("evidence_kept")

    def clean_day(self) -> day_type:
        day: day_type = self.cleaned_data["day"]
        if day > latest_day(timezone.now()):
            raise forms.ValidationError(_("Enter the date of the invoice, today or earlier."))
        return day

    def clean(self) -> None:
        super().clean()
        self.keep_evidence()
        if self.kept is None and "evidence" not in self.errors:
            self.add_error("evidence", _("Add the invoice as a file."))

    def as_details(self) -> InvoiceDetails:
        data = self.cleaned_data
        document = self.kept.pk if self.kept else 0
        return InvoiceDetails(data["number"], data["day"], document)
