"""Forms of incidents: to open one by hand, and for the steps of its owner."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from integrations.incidents.details import AssessDetails, CloseDetails, TickDetails
from integrations.incidents.models import Incident
from integrations.incidents.operations.leading import assess, close, tick
from integrations.incidents.runbook import steps_of
from integrations.models import Connection
from routing.desk.forms import StepForm, choice, line, long_text, picked, step_form

LONGEST = 2000


class OpenIncidentForm(forms.Form):
    """What is wrong, as a person sees it."""

    what = line(
        _("What is wrong?"),
        max_length=150,
        help_text=_("Everybody at the agency reads this. Name no client."),
    )
    connection = picked(
        _("Connection"),
        Connection.objects.none(),
        required=False,
        empty=_("None"),
        help_text=_(
            "The system outside that is in trouble. Its incident is joined if one is open."
        ),
    )
    severity = choice(
        _("Severity"), Incident.Severity.choices, initial=Incident.Severity.MAJOR.value
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connections: Any = self.fields["connection"]
        connections.queryset = Connection.objects.active().order_by("name")


@step_form(assess)
class AssessForm(StepForm):
    severity = choice(_("Severity"), Incident.Severity.choices)

    def known(self, row: Incident) -> dict[str, Any]:
        return {"severity": row.severity}

    def as_details(self) -> AssessDetails:
        return AssessDetails(self.cleaned_data["severity"])


@step_form(tick)
class TickForm(StepForm):
    submit = _("Done")

    done = choice(_("Step"), ())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["done"]
        row = self.rows[0]
        field.choices = [
            (key, words) for key, words in steps_of(row).items() if key not in row.ticked
        ]

    def as_details(self) -> TickDetails:
        return TickDetails(self.cleaned_data["done"])


@step_form(close)
class CloseForm(StepForm):
    checked = long_text(
        _("What did you check?"),
        error="",
        required=False,
        rows=2,
        max_length=300,
        help_text=_("How you know that it is over. A connection is tested instead."),
    )
    found = long_text(_("What caused it?"), error="", required=False, rows=3, max_length=LONGEST)
    measure = long_text(
        _("What is done so that it does not come back?"),
        error="",
        required=False,
        rows=3,
        max_length=LONGEST,
    )

    def prepare(self) -> None:
        if all(row.connection_id for row in self.rows):
            del self.fields["checked"]

    def as_details(self) -> CloseDetails:
        given = self.cleaned_data
        return CloseDetails(given.get("checked", ""), given["found"], given["measure"])
