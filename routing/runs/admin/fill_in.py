"""
The form that asks a person for the missing or invalid facts of a run, each with a field of its
type.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from routing.desk.forms import line, long_text, picked
from routing.flows.fields import FieldProblem, FieldSpec, FieldType
from routing.kernel.entered import Day
from routing.kernel.facts import UNREAD
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import RunStep
from routing.runs.operations.runs import WrongValues
from routing.runs.snapshots import RunSnapshot, field_problems, run_snapshots
from routing.work.visibility import clients_for_new_work

CLIENT = "client"
MOST_DIGITS = 18  # any number of 18 digits fits into a bigint
CLIENT_IS_OPEN = {Reason.MISSING_CONTEXT, Reason.DUPLICATE}


class FillInForm(forms.Form):
    partial = True  # facts may come one by one, so no field is marked as optional

    def __init__(
        self, case: ExceptionCase, snapshot: RunSnapshot, by: Actor, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        specs = {spec.name: spec for spec in snapshot.plan.fields}
        # Before the enrich step has read anything, no fact can be wrong. Only the client is asked.
        for fault in field_problems(snapshot) if case.step == RunStep.Name.VALIDATE else ():
            self.fields[fault.name] = _field(specs[fault.name], fault, snapshot.found.sources)
        if case.reason in CLIENT_IS_OPEN:
            every = clients_for_new_work(by)
            fits = every.filter(pk__in=case.evidence.get("clients", ()))
            # A client that was chosen on the page, such as a new one, can be chosen here, too.
            chosen = str(self.initial.get(CLIENT) or self.data.get(CLIENT) or "")
            if chosen.isdecimal() and len(chosen) <= MOST_DIGITS and fits.exists():
                fits |= every.filter(pk=int(chosen))
            clients = fits if fits.exists() else every
            self.fields[CLIENT] = picked(
                _("Client"), clients, required=False, help_text=_("The client this work is for.")
            )
        self.fields["reason"] = long_text(
            gettext_lazy("Source"), error=gettext_lazy("Enter the source."), rows=2, max_length=200
        )

    def clean(self) -> None:
        super().clean()
        if not self.errors and not self.values and self.client_id is None:
            raise ValidationError(_("Fill in at least one field. You can add the others later."))

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the entered values in the form the operation takes."""
        values = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in {CLIENT, "reason"} and value not in (None, "")
        }
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in values.items()
        }

    @property
    def client_id(self) -> int | None:
        chosen: Client | None = self.cleaned_data.get(CLIENT)
        return chosen.pk if chosen else None

    def refuse(self, wrong: WrongValues) -> None:
        """Show the operation's errors beside their fields."""
        for name, message in wrong.faults.items():
            field = name if name in self.fields else None
            self.add_error(field, message)

    @property
    def asks(self) -> bool:
        """Return whether the form has any field besides the reason."""
        return len(self.fields) > 1


def form_for(
    case: ExceptionCase, by: Actor, at: datetime, data: Any = None, *, client: str = ""
) -> FillInForm | None:
    """
    Return the form if filling in facts could help and the person may do so, otherwise None.

    :param client: id of the client that is chosen at first
    """
    can_help = (
        case.is_open
        and case.run_id is not None
        and case.step in {RunStep.Name.VALIDATE, RunStep.Name.ENRICH}
    )
    if not can_help or not by.may("routing.fill_in_run"):
        return None
    found = run_snapshots([case.run_id] if case.run_id else [])
    form = FillInForm(case, found[0], by, data, initial={CLIENT: client})
    return form if form.asks else None


def _field(spec: FieldSpec, fault: FieldProblem, sources: Mapping[str, str]) -> forms.Field:
    help_text = ""
    if fault.problem == "type":
        help_text = _("Currently “%(value)s”, from %(source)s. This value is invalid.") % {
            "value": fault.found,
            "source": sources.get(fault.name) or _("unknown source"),
        }
    elif unread := sources.get(f"{fault.name}{UNREAD}"):
        help_text = _("The value could not be read. %(source)s.") % {"source": unread}
    shared: dict[str, Any] = {"label": spec.label, "required": False, "help_text": help_text}
    return _FIELDS[spec.type](spec, shared)


def _text(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    return line(shared["label"], max_length=500, required=False, help_text=shared["help_text"])


def _long_text(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    return long_text(
        shared["label"], error="", max_length=5_000, required=False, help_text=shared["help_text"]
    )


def _number(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal"})
    wrong = {"invalid": _("Enter a number such as 12000 or 12000.50.")}
    return forms.DecimalField(
        min_value=0,
        max_digits=20,
        decimal_places=4,
        widget=widget,
        error_messages=wrong,
        **shared,
    )


def _date(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    widget = forms.DateInput({"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")
    return Day(
        widget=widget, error_messages={"invalid": _("Enter a date such as 2027-03-31.")}, **shared
    )


def _boolean(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    # Not a checkbox: one that is left empty would say “no” and not “unknown”.
    return forms.ChoiceField(
        choices=[("", _("Choose")), ("yes", _("Yes")), ("no", _("No"))],
        widget=UnfoldAdminSelectWidget(),
        **shared,
    )


def _email(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    wrong = {"invalid": _("Enter a valid e-mail address.")}
    return forms.EmailField(widget=UnfoldAdminEmailInputWidget(), error_messages=wrong, **shared)


def _choice(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    choices = [("", _("Choose")), *((each, each) for each in spec.choices)]
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **shared)


_FIELDS = {
    FieldType.TEXT: _text,
    FieldType.LONG_TEXT: _long_text,
    FieldType.NUMBER: _number,
    FieldType.DATE: _date,
    FieldType.BOOLEAN: _boolean,
    FieldType.EMAIL: _email,
    FieldType.CHOICE: _choice,
}
