"""The form of a check, with a field for each parameter of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from delivery.checks.kinds.base import BadParams, CheckRule, Param, ParamType
from delivery.checks.kinds.catalogue import check, find_kind
from delivery.checks.models import Check
from delivery.deliverables.formats import Format
from routing.desk.forms import choice, line, picked
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.work.visibility import clients_seen_by

PREFIX = "param_"
MOST_SIGNS = 100_000
COLUMNS = ("name", "format", "client", "only_in_flows", "position", "is_active")


class CheckForm(forms.Form):
    """Form for a new or existing check. ``row`` does not change before ``filled()``."""

    name = line(
        gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("Shown when a version or a brief fails."),
    )
    format = choice(
        gettext_lazy("Applies to"),
        [("", gettext_lazy("All deliverables")), *Format.choices],
        required=False,
    )
    client = picked(
        gettext_lazy("Client"),
        Client.objects.none(),
        required=False,
        empty=gettext_lazy("All clients"),
    )
    only_in_flows = forms.BooleanField(
        label=gettext_lazy("Only in flows that name it"),
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text=gettext_lazy(
            "Such a check looks at the work of flows whose version lists it, and at no other."
        ),
    )
    position = forms.IntegerField(
        label=gettext_lazy("Position"),
        min_value=0,
        max_value=32_000,
        widget=UnfoldAdminTextInputWidget({"inputmode": "numeric"}),
        help_text=gettext_lazy("Lower positions are listed first."),
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text=gettext_lazy(
            "Checks cannot be deleted because results refer to them. Deactivate the check instead."
        ),
    )
    reason = line(
        gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Shown in the history."),
    )

    def __init__(self, row: Check, actor: Actor, data: Any = None, *, may: bool = True) -> None:
        self.row, self.kind = row, find_kind(row.kind)
        known = {name: getattr(row, name) for name in COLUMNS}
        super().__init__(data, initial=known)
        self.fields["client"].queryset = clients_seen_by(actor)  # type: ignore[attr-defined]
        params = self.kind.params if self.kind else ()
        made = {
            PREFIX + param.name: _field(param, row.params.get(param.name, param.default))
            for param in params
        }
        # The parameters follow the name, which is the first field.
        [first, *others] = self.fields.items()
        self.fields = dict([first, *made.items(), *others])
        if self.kind and self.kind.about_briefs:
            del self.fields["format"]  # a brief has no format
        for field in self.fields.values():
            field.disabled = not may

    def clean(self) -> None:
        super().clean()
        if self.kind is None:
            self.add_error(None, _("This kind of check no longer exists. Deactivate the check."))
            return
        if self.errors:
            return
        try:
            check(CheckRule(self.kind.name, self.params()))
        except BadParams as error:
            self.add_error(None, str(error))
        same = Check.objects.filter(
            name=self.cleaned_data["name"], client=self.cleaned_data["client"]
        ).exclude(pk=self.row.pk)
        if same.exists():
            self.add_error("name", _("Another check already has this name."))
        if self.cleaned_data["only_in_flows"] and self.cleaned_data["client"]:
            self.add_error("client", _("A check that flows name is for all clients."))

    def params(self) -> dict[str, Any]:
        """Return the parameters as JSON, without those that equal their defaults."""
        # Without them, a check follows a default that a later release changes.
        params = self.kind.params if self.kind else ()
        values = {
            param.name: _value(param, self.cleaned_data[PREFIX + param.name]) for param in params
        }
        return {
            param.name: values[param.name]
            for param in params
            if values[param.name] != _plain(param.default)
        }

    def filled(self) -> Check:
        """Return the row with the values of the form, not saved."""
        for name in COLUMNS:
            if name in self.fields:
                setattr(self.row, name, self.cleaned_data[name])
        self.row.params = self.params()
        return self.row

    def lines(self) -> Iterator[forms.BoundField]:
        yield from self.visible_fields()


def _field(param: Param, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": param.label, "required": False}
    match param.type:
        case ParamType.BOOLEAN:
            return forms.BooleanField(**common, initial=bool(value), widget=UnfoldBooleanWidget())
        case ParamType.CHOICE:
            return choice(
                param.label,
                [(each, each.replace("_", " ").capitalize()) for each in param.choices],
                initial=value,
            )
        case ParamType.TERMS:
            return forms.CharField(
                **common,
                initial="\n".join(value),
                widget=_lines(),
                max_length=MOST_SIGNS,
                help_text=_("One per line."),
            )
        case ParamType.COUNTS:
            shown = "\n".join(f"{name}: {number}" for name, number in value.items())
            words = _("One per line with its count, such as hero: 1.")
            return forms.CharField(
                **common, initial=shown, widget=_lines(), max_length=MOST_SIGNS, help_text=words
            )
        case _:
            return forms.CharField(
                **common, initial=str(value), max_length=200, widget=UnfoldAdminTextInputWidget()
            )


def _lines() -> UnfoldAdminTextareaWidget:
    return UnfoldAdminTextareaWidget({"rows": 5})


def _value(param: Param, value: Any) -> Any:
    """Return the entered text as JSON. The kind of check validates it."""
    match param.type:
        case ParamType.TERMS:
            return [each.strip() for each in str(value).splitlines() if each.strip()]
        case ParamType.COUNTS:
            lines = (each.rpartition(":") for each in str(value).splitlines() if each.strip())
            return {name.strip(): _whole(number.strip()) for name, _colon, number in lines}
        case ParamType.INTEGER:
            return _whole(str(value).strip()) if str(value).strip() else param.default
        case ParamType.DECIMAL:
            return str(value).strip() or param.default
        case _:
            return value


def _whole(text: str) -> int | str:
    # Anything else is passed on as text: the kind of check refuses it with a message of its own.
    if text.isdecimal() and len(text) < 10:  # noqa: PLR2004
        return int(text)
    return text


def _plain(value: Any) -> Any:
    """Return a default as JSON would give it back."""
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "items"):
        return dict(value)
    return value
