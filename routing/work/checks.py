"""System checks of what rooms and packages registered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.db import models
from django_fsm import FSMFieldMixin

from routing.work.door import all_operations
from routing.work.items import WorkNoun
from routing.work.registry import announced, reacted_to


@register()
def every_reaction_waits_for_an_event_that_can_happen(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a reaction to a kind of event that nothing records: it would never run."""
    known = _kinds()
    return [
        Error(
            f"{reaction.__module__}.{reaction.__qualname__} reacts to “{kind}”, which no step "
            "records.",
            hint="Name a declared operation or a transition of the model. An event that is no step "
            "of work is declared with routing.work.registry.announce.",
            id="throughline.E021",
        )
        for kind, found in reacted_to().items()
        if kind not in known
        for reaction in found
    ]


def _kinds() -> Collection[str]:
    steps = {step.kind for step in all_operations()}
    return steps | announced() | set(_created()) | set(_transitions())


def _created() -> Iterator[str]:
    for model in apps.get_models():
        if issubclass(model, WorkNoun):
            yield f"{_label(model)}.create"


def _transitions() -> Iterator[str]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, FSMFieldMixin):
                for transition in field.get_all_transitions(model):
                    yield f"{_label(model)}.{transition.name}"


def _label(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.{model._meta.model_name}"
