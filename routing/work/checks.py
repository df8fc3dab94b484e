"""System checks of what rooms and packages registered."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_type_hints

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.db import models

from routing.kernel.transitions import transitions_of
from routing.work.door import Operation, all_operations
from routing.work.items import WorkNoun
from routing.work.registry import Reaction, announced, reacted_to
from routing.work.visibility import file_places


@register()
def every_reaction_waits_for_an_event_that_can_happen(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a reaction to a kind of event that nothing records: it would never run."""
    known = _kinds()
    found: list[CheckMessage] = []
    for kind, waiting in reacted_to().items():
        if kind not in known:
            found += [_never_runs(reaction, kind) for reaction in waiting]
    return found


def _never_runs(reaction: Reaction, kind: str) -> CheckMessage:
    name = f"{reaction.__module__}.{reaction.__qualname__}"
    return Error(
        f"{name} reacts to “{kind}”, which no step records.",
        hint="Name a declared operation or a transition of the model. An event that is no step "
        "of work is declared with routing.work.registry.announce.",
        id="throughline.E021",
    )


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


@register()
def every_verb_takes_the_details_of_its_operation(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a verb whose parameters are not the fields of the details: a call would fail."""
    found: list[CheckMessage] = []
    for step in all_operations():
        given = _given(step)
        for verb in (step.verb, *step.becomes):
            taken = _parameters(step, verb)
            if taken != given:
                found.append(_mismatch(step, verb, taken, given))
    return found


def _mismatch(
    step: Operation[Any], verb: str, taken: Mapping[str, Any], given: Mapping[str, Any]
) -> CheckMessage:
    return Error(
        f"{step.model.__name__}.{verb} takes {_in_words(taken)}, but {step.kind} gives "
        f"{_in_words(given)}.",
        hint="Name and annotate the verb's parameters like the fields of the details. A field "
        "that only gates read is named in for_gates.",
        id="throughline.E024",
    )


def _given(step: Operation[Any]) -> Mapping[str, Any]:
    """Return the types of the fields that a verb is given."""
    details: Any = step.verb_details or step.details
    types = get_type_hints(details) if details else {}
    # A misspelt name in ``for_gates`` would go unnoticed, so it counts as a field nobody takes.
    unknown = dict.fromkeys(set(step.for_gates) - set(types), "not a field")
    return {name: kind for name, kind in types.items() if name not in step.for_gates} | unknown


def _parameters(step: Operation[Any], verb: str) -> Mapping[str, Any]:
    """Return the types of a verb's parameters, except ``at``."""
    method = inspect.unwrap(getattr(step.model, verb))
    types = get_type_hints(method)
    return {
        _name(each): types.get(name)
        for name, each in inspect.signature(method).parameters.items()
        if name not in {"self", "at"}
    }


def _name(parameter: inspect.Parameter) -> str:
    return f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name


def _in_words(types: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {kind}" for name, kind in sorted(types.items())) or "nothing"


@register()
def every_file_belongs_to_work(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a reference to files from which nobody can tell whose work they belong to."""
    return [
        Error(
            f"{model.__name__}.{column} refers to files, and the model does not name their work.",
            hint="Set ``work_of_file`` to the lookup of the work item, such as ``note__item``: "
            "who may see the work may see the file.",
            id="throughline.E026",
        )
        for model, column, work in file_places()
        if not work
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
