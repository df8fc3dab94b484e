"""System checks of what rooms and packages registered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.db import models

from routing.kernel.transitions import transitions_of
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
            hint="Correct the kind: the app, the model and the verb. An event that is no step of "
            "work is declared with routing.work.registry.announce.",
            id="throughline.E021",
        )
        for kind, found in reacted_to().items()
        if kind not in known
        for reaction in found
    ]


@register()
def every_step_says_in_the_activity_what_was_done(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse an operation without a sentence for the activity of a page."""
    return [
        Error(
            f"{step.kind} does not say in the activity what was done.",
            hint="Give the operation ``done``, a past-tense sentence that begins with %(who)s.",
            id="throughline.E022",
        )
        for step in all_operations()
        if not str(step.done).startswith("%(who)s ")
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
        for verb in transitions_of(model):
            yield f"{_label(model)}.{verb}"


def _label(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.{model._meta.model_name}"
