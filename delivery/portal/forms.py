"""Forms of the portal: an answer, and a request with the fields of its flow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from secrets import token_urlsafe
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.portal.submissions import PortalForm
from delivery.portal.uploads import WithFiles, files_field
from delivery.progress.operations.submissions import KNOWN
from delivery.requests.reach import ASKING
from routing.flows.fields import FieldSpec, FieldType
from routing.kernel.entered import Day, Lines, OneLine
from routing.kernel.past_dates import AsksAboutPast
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.merges import current_merges
from routing.work.visibility import clients_seen_by

LINE = 200  # characters, as in the title of a work item
LONG = 5_000
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


class PortalAnswerForm(WithFiles):
    details = Lines(
        label=gettext_lazy("Your answer"),
        max_length=LONG,
        widget=forms.Textarea({"rows": 5}),
        error_messages={"required": gettext_lazy("Enter your answer.")},
    )


class RequestForm(AsksAboutPast):
    """
    Form with the fields of a flow, except those known from the sign-in.

    It ignores all other posted data. ``token`` stays the same when the form is sent again, so that
    it is captured once.
    """

    def __init__(
        self, form: PortalForm, by: Actor, data: QueryDict | None = None, uploaded: Any = None
    ) -> None:
        self.stale = data is not None and not TOKEN.fullmatch(data.get("token", ""))
        # The form is shown again with the text that was entered, and needs a valid token then.
        if data is not None and self.stale:
            data = data.copy()
            data["token"] = token_urlsafe(16)
        super().__init__(data, uploaded, label_suffix="")
        self.fields["token"] = forms.CharField(
            widget=forms.HiddenInput(), initial=lambda: token_urlsafe(16)
        )
        mine = by.clients_as(*ASKING)
        # What is sent for an alias goes to the client that it was merged into.
        aliases = [alias for alias, into in current_merges(mine).items() if into.pk in mine]
        clients = clients_seen_by(by).filter(pk__in=mine).exclude(pk__in=aliases)
        # Most contacts have one client, and are not asked for it.
        self.only_client = clients[0] if len(clients) == 1 else None
        if self.only_client is None:
            self.fields["client"] = forms.ModelChoiceField(
                label=_("Client"),
                queryset=clients,
                empty_label=_("Choose"),
                error_messages=_wrong(_("Choose who this is for.")),
            )
        self.coming = [spec.name for spec in form.plan.fields if spec.type is FieldType.DATE]
        self.asked = [spec for spec in form.plan.fields if spec.name not in KNOWN]
        for spec in self.asked:
            label = spec.label
            if not spec.required:
                label = _("%(label)s (optional)") % {"label": label}
            shared = {"label": label, "required": spec.required}
            self.fields[spec.name] = FIELDS[spec.type](spec, shared)
        self.fields["uploads"] = files_field()

    def clean(self) -> None:
        super().clean()
        if self.stale:
            raise ValidationError(
                _(
                    "This form was out of date, so nothing was sent. Your text is still here. Send "
                    "it again."
                )
            )

    @property
    def client(self) -> Client:
        chosen: Client = self.only_client or self.cleaned_data["client"]
        return chosen

    @property
    def answers(self) -> Mapping[str, Any]:
        """Return the entered values as JSON."""
        given = {spec.name: self.cleaned_data[spec.name] for spec in self.asked}
        return {name: _plain(value) for name, value in given.items() if value not in (None, "")}


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    # Without an exponent: str(Decimal("1E+3")) is no number that a person would write.
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _wrong(required: str, **more: str) -> dict[str, str]:
    return {
        "required": required,
        "invalid_choice": _("This choice is no longer available. Choose another one."),
        **more,
    }


def _line(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    return OneLine(max_length=LINE, error_messages=_wrong(_("Fill in this field.")), **shared)


def _long(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    return Lines(
        max_length=LONG,
        widget=forms.Textarea({"rows": 7}),
        error_messages=_wrong(_("Fill in this field.")),
        **shared,
    )


def _number(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    wrong = _wrong(_("Enter a number."), invalid=_("Enter a number such as 12000 or 12000.50."))
    widget = forms.TextInput({"inputmode": "decimal"})
    return forms.DecimalField(
        min_value=0,
        max_digits=20,
        decimal_places=4,
        widget=widget,
        error_messages={
            "min_value": _("Enter a number of zero or more."),
            "max_digits": _("This number is too large."),
            "max_whole_digits": _("This number is too large."),
            "max_decimal_places": _("Enter at most four digits after the point."),
            **wrong,
        },
        **shared,
    )


def _date(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    wrong = _wrong(_("Choose a date."), invalid=_("Enter a date such as 2027-03-31."))
    return Day(
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages=wrong,
        **shared,
    )


def _boolean(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    return forms.ChoiceField(
        choices=[("", _("Choose")), ("yes", _("Yes")), ("no", _("No"))],
        error_messages=_wrong(_("Choose one.")),
        **shared,
    )


def _email(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    wrong = _wrong(
        _("Enter an e-mail address."),
        invalid=_("Enter an e-mail address such as name@company.com."),
        max_length=_("This address is too long."),
    )
    return forms.EmailField(max_length=254, error_messages=wrong, **shared)


def _choice(spec: FieldSpec, shared: dict[str, Any]) -> forms.Field:
    choices = [("", _("Choose")), *((each, each) for each in spec.choices)]
    return forms.ChoiceField(choices=choices, error_messages=_wrong(_("Choose one.")), **shared)


FIELDS: Mapping[FieldType, Callable[[FieldSpec, dict[str, Any]], forms.Field]] = {
    FieldType.TEXT: _line,
    FieldType.LONG_TEXT: _long,
    FieldType.NUMBER: _number,
    FieldType.DATE: _date,
    FieldType.BOOLEAN: _boolean,
    FieldType.EMAIL: _email,
    FieldType.CHOICE: _choice,
}
