"""
Whole state machines as they are declared, for documents and tests.
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
    """Return every model with a state machine, by name. History tables only copy the column."""
    found = [
        model
        for model in apps.get_models()
        if hasattr(model, "State") and state_field(model) is not None
    ]
    return tuple(sorted(found, key=noun))


def noun(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name)


def states(model: type[models.Model]) -> tuple[str, ...]:
    """Return the states in the order of their declaration, which is the order of the work."""
    return tuple(str(value) for value, _label in state_field(model).flatchoices)


def moves(model: type[models.Model]) -> Mapping[str, Mapping[str, str]]:
    """
    Return for each verb the target by source. A verb that keeps the state leads to the same one.
    """
    return {verb: change.targets for verb, change in transitions_of(model).items()}


def in_words(name: str) -> str:
    return name.replace("_", " ")


def gates_of(step: Operation[Any]) -> Mapping[str, str]:
    """
    Return the gates of a step in the order in which they are asked: the meaning by name.
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
    # A gate with bound arguments is a partial, which has neither a name nor a docstring of its own.
    while isinstance(gate, partial):
        gate = gate.func
    return gate


@dataclass(frozen=True, slots=True)
class Callers:
    """
    Roles that may call a verb: of the agency, and of contacts at a client.

    Both are empty for a verb that only follows from another step.
    """

    roles: tuple[Role, ...]
    contacts: tuple[Membership.Role, ...]


def callers_of(model: type[models.Model], verb: str) -> Callers:
    """
    Return the roles that may call a verb, directly or through a step that may become it.

    A verb without an operation is guarded by the permission with its name, if there is one.
    """
    steps = [step for step in operations_of(model).values() if verb in {step.verb, *step.becomes}]
    own = f"{model._meta.app_label}.{verb}_{model._meta.model_name}"
    permissions = {own, *(step.permission for step in steps)}
    roles: set[Role] = set()
    for permission in permissions:
        roles |= matrix().get(permission, frozenset())
    contacts: set[str] = set()
    for step in steps:
        contacts |= set(step.contacts)
    return Callers(
        tuple(role for role in Role if role in roles),
        tuple(role for role in Membership.Role if role in contacts),
    )
