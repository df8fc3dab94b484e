"""The state machines as they are declared, for whoever must see a whole one at once: documents and tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db import models
from django_fsm import FSMField

from routing.work.door import Operation


def machines() -> tuple[type[models.Model], ...]:
    """Every noun that has a state machine, by name; history tables only copy its column."""
    found = [model for model in apps.get_models() if hasattr(model, "State") and state_field(model) is not None]
    return tuple(sorted(found, key=noun))


def noun(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name)


def state_field(model: type[models.Model]) -> Any:
    return next((field for field in model._meta.fields if isinstance(field, FSMField)), None)


def states(model: type[models.Model]) -> tuple[str, ...]:
    """In the order they are declared in, which is the order of the work."""
    return tuple(str(value) for value, _label in state_field(model).flatchoices)


def moves(model: type[models.Model]) -> Mapping[str, Mapping[str, str]]:
    """For each verb, to which state it leads from which; a verb that keeps the state leads to the same."""
    every = states(model)
    found: dict[str, dict[str, str]] = {}
    for change in state_field(model).get_all_transitions(model):
        for source in sources(change.source, every, change.target):
            found.setdefault(change.name, {})[source] = str(change.target or source)
    return {verb: {state: found[verb][state] for state in every if state in found[verb]} for verb in sorted(found)}


def sources(declared: str, every: tuple[str, ...], target: str | None) -> tuple[str, ...]:
    """django-fsm's wildcards written out: ``*`` is any state, ``+`` any but the target."""
    if declared == "*":
        return every
    return tuple(state for state in every if state != target) if declared == "+" else (str(declared),)


def in_words(name: str) -> str:
    return name.replace("_", " ")


def gates_of(step: Operation) -> Mapping[str, str]:
    """Return the gates of the step in words, each with its explanation if there is one."""
    return {in_words(_name(gate)): _sentence(gate) for gate in step.all_gates}


def _name(gate: Any) -> str:
    return str(getattr(gate, "__name__", type(gate).__name__))


def _sentence(gate: Any) -> str:
    return " ".join((gate.__doc__ or "").strip().partition("\n\n")[0].split())
