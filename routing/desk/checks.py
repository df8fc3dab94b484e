"""System checks of the forms of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from routing.desk.forms import StepForm, step_forms
from routing.work.door import operations_of


@register()
def every_form_has_the_fields_of_its_details(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """
    Refuse a form whose fields are not those of the operation's details.

    A form with other fields overrides ``as_details`` and calls the dataclass, so that mypy compares
    them.
    """
    return [
        Error(
            f"{form.__module__}.{form.__qualname__} does not fit {details}: {', '.join(strange)}.",
            hint="Name the form's fields like those of the details, or override as_details().",
            id="throughline.E023",
        )
        for (model, verb), form in step_forms().items()
        if (details := operations_of(model)[verb].details) is not None
        and (strange := _strange(form, details))
    ]


def _strange(form: type[StepForm], details: Any) -> list[str]:
    if form.as_details is not StepForm.as_details:
        return []
    known = {each.name for each in fields(details)}
    required = {
        each.name
        for each in fields(details)
        if each.default is MISSING and each.default_factory is MISSING
    }
    asked = set(form.base_fields)
    return sorted((asked - known) | (required - asked))
