"""
The state machines as they are declared, for whoever must see a whole one at once: documents and
tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.db import models

from routing.kernel.roles import Role, matrix
from routing.kernel.transitions import state_field, transitions_of
from routing.people.clients import Membership
from routing.work.door import Operation, operations_of


def machines() -> tuple[type[models.Model], ...]:
    """Every noun that has a state machine, by name; history tables only copy its column."""
    found = [
        model
        for model in apps.get_models()
        if hasattr(model, "State") and state_field(model) is not None
    ]
    return tuple(sorted(found, key=noun))


def noun(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name)


def states(model: type[models.Model]) -> tuple[str, ...]:
    """In the order they are declared in, which is the order of the work."""
    return tuple(str(value) for value, _label in state_field(model).flatchoices)


def moves(model: type[models.Model]) -> Mapping[str, Mapping[str, str]]:
    """
    For each verb, to which state it leads from which; a verb that keeps the state leads to the
    same.
    """
    return {verb: change.targets for verb, change in transitions_of(model).items()}


def in_words(name: str) -> str:
    return name.replace("_", " ")


def gates_of(step: Operation[Any]) -> Mapping[str, str]:
    """
    Return each gate of a step in the order they are asked: its name, and its one-line meaning.
    """
    return {in_words(gate_name(gate)): meaning(gate) for gate in step.all_gates}


def gate_name(gate: Any) -> str:
    """
    Return the gate's own name; a gate with roles bound to it keeps the name it was written with.
    """
    bare = _bare(gate)
    return str(getattr(bare, "__name__", type(bare).__name__))


def meaning(gate: Any) -> str:
    """Return the first paragraph of the gate's docstring, on one line."""
    return " ".join((_bare(gate).__doc__ or "").strip().partition("\n\n")[0].split())


def _bare(gate: Any) -> Any:
    while isinstance(gate, partial):
        gate = gate.func
    return gate


@dataclass(frozen=True, slots=True)
class Callers:
    """
    Who may call a verb: roles of the agency, and roles that contacts have at a client.

    Both are empty for a verb that only follows from another step.
    """

    roles: tuple[Role, ...]
    contacts: tuple[Membership.Role, ...]


def callers_of(model: type[models.Model], verb: str) -> Callers:
    """
    Return who may call a verb, itself or by a step that may become it.

    Verbs without an operation are guarded by the permission that is named after them, if there is
    one.
    """
    steps = [step for step in operations_of(model).values() if verb in {step.verb, *step.becomes}]
    own = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
    permissions = {own, *(step.permission for step in steps)}
    holding = set().union(*(matrix().get(permission, frozenset()) for permission in permissions))
    contacts = {role for step in steps for role in step.contacts}
    return Callers(
        tuple(role for role in Role if role in holding),
        tuple(role for role in Membership.Role if role in contacts),
    )
