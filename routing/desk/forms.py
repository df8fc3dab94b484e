"""Forms of steps: a field for each detail that an operation takes, and one for the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from routing.kernel.entered import Day, Lines, OneLine
from routing.people.actors import Actor
from routing.work.door import Operation

_forms: dict[tuple[type[models.Model], str], type[StepForm]] = {}
Form = TypeVar("Form", bound="type[StepForm]")


class StepForm(forms.Form):
    """
    The form of one operation, for one row or for many.

    A subclass declares fields with the names of the operation's ``details``. ``rows`` are rows of
    the operation's model.
    """

    submit: Any = ""  # label of the button, the operation's by default
    template: ClassVar[str] = "desk/_form.html"  # layout of the fields
    after_fields: ClassVar[str] = ""  # template of what the usual layout shows below them
    width: ClassVar[str] = "tl-narrow"  # CSS class of the surrounding element

    def __init__(
        self, step: Operation[Any], rows: list[Any], actor: Actor, *args: Any, **kwargs: Any
    ) -> None:
        self.step, self.rows, self.actor = step, rows, actor
        # Many rows have different values, so their form starts empty.
        kwargs.setdefault("initial", self.known(rows[0]) if len(rows) == 1 else {})
        super().__init__(*args, **kwargs)
        if step.needs_reason:
            self.fields["reason"] = long_text(
                _("Reason"), error=_("Enter a reason."), rows=3, max_length=500
            )
        self.prepare()

    def known(self, row: Any) -> dict[str, Any]:
        """Return the initial values of the form."""
        return {}

    def prepare(self) -> None:
        """Limit the choices to those that fit these rows and this person."""

    def as_details(self) -> Any:
        """
        Return the details of the operation, or None if it takes none. Call it after ``is_valid()``.

        Override it where the details are not the fields of the form, and return the dataclass.
        """
        details: Any = self.step.details
        if details is None:
            return None
        return details(**self.values())

    def values(self) -> dict[str, Any]:
        """Return the fields of the details by name. Override it to convert their values."""
        details: Any = self.step.details
        return {
            each.name: self.cleaned_data[each.name]
            for each in fields(details)
            if each.name in self.cleaned_data
        }

    def done_message(self, row: Any) -> str:
        """Return an additional message for the finished step. ``row`` is the row after it."""
        return ""

    @property
    def reason(self) -> str:
        return str(self.cleaned_data.get("reason", ""))


def step_form(step: Operation[Any]) -> Callable[[Form], Form]:
    """Use the class as the form of this step."""

    def register(form: Form) -> Form:
        _forms[step.model, step.verb] = form
        return form

    return register


def step_forms() -> Mapping[tuple[type[models.Model], str], type[StepForm]]:
    """Return the registered forms by model and verb."""
    return dict(_forms)


def form_of(step: Operation[Any]) -> type[StepForm]:
    return _forms.get((step.model, step.verb), StepForm)


def long_text(
    label: Any,
    *,
    error: Any,
    required: bool = True,
    rows: int = 6,
    max_length: int,
    help_text: Any = "",
) -> forms.CharField:
    return Lines(
        label=label,
        required=required,
        max_length=max_length,
        help_text=help_text,
        widget=UnfoldAdminTextareaWidget({"rows": rows}),
        error_messages={"required": error},
    )


def line(
    label: Any, *, max_length: int, required: bool = True, help_text: Any = "", **attrs: Any
) -> forms.CharField:
    return OneLine(
        label=label,
        required=required,
        max_length=max_length,
        help_text=help_text,
        widget=UnfoldAdminTextInputWidget(attrs),
    )


def choice(label: Any, choices: Any, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, widget=UnfoldAdminSelectWidget(), **options
    )


def picked(
    label: Any, queryset: Any, *, required: bool = True, empty: Any = None, help_text: Any = ""
) -> Any:
    return forms.ModelChoiceField(
        label=label,
        queryset=queryset,
        required=required,
        empty_label=empty or _("Choose"),
        help_text=help_text,
        widget=UnfoldAdminSelectWidget(),
    )


def number(label: Any, *, most: Decimal, help_text: Any = "") -> forms.DecimalField:
    """Return a field for numbers from 0 with two decimals."""
    # A text input: number inputs change their value when somebody scrolls over them.
    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal"})
    return forms.DecimalField(
        label=label,
        min_value=Decimal(0),
        max_value=most,
        decimal_places=2,
        help_text=help_text,
        widget=widget,
    )


def date(label: Any, *, required: bool = False, help_text: Any = "") -> forms.DateField:
    # The browser's own date field works with the keyboard, on a phone and in the reader's language.
    widget = forms.DateInput({"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")
    return Day(label=label, required=required, help_text=help_text, widget=widget)


def with_row(data: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return the data of a table of forms with an empty row more, for browsers without scripts."""
    count = str(data.get(f"{prefix}-TOTAL_FORMS", ""))
    # The count is posted by the browser, so it may be anything.
    valid = count.isdecimal() and len(count) < 4  # noqa: PLR2004
    return dict(data.items()) | {f"{prefix}-TOTAL_FORMS": str(int(count) + 1) if valid else "1"}
