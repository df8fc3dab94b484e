"""
State machines as django-fsm declares them: the one module that reads them.

Declare the state as a ``StateField`` with choices, and each verb as a method with
``@transition(field=state, source=..., target=...)`` that takes ``at`` and sets columns. Declare an
operation for a verb of work, and the door runs it; other code calls ``turn`` for a row it has
locked, or ``turn_all`` for a queryset. A verb for ``turn_all`` may not read its row, and no
transition may have ``conditions`` or a ``permission``: write a gate instead.

The sources and the target of a verb are in its ``@transition`` and nowhere else. Decision 0016 says
why gates take the place of django-fsm's conditions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django_fsm import FSMFieldMixin, TransitionNotAllowed
from psycopg import sql

ANY, ANY_OTHER = "*", "+"  # django-fsm's wildcards for sources


class NotInSets(TypeError):
    """A verb cannot be run for many rows in one statement."""


@dataclass(frozen=True, slots=True)
class Transition:
    """
    One verb of a state machine.

    ``targets`` maps each source state to the state the verb leads to, which is the same one for a
    verb that keeps the state. ``is_still`` is true for a verb that keeps every state.
    """

    verb: str
    field: str
    targets: Mapping[str, str]
    is_still: bool

    @property
    def sources(self) -> frozenset[str]:
        return frozenset(self.targets)

    @property
    def target(self) -> str:
        """:raises NotInSets: if the target depends on the row"""
        found = set(self.targets.values())
        if self.is_still or len(found) != 1:
            raise NotInSets(f"{self.verb} leads to no single state.")
        return found.pop()

    @property
    def guard(self) -> models.Q:
        """Return a condition for the rows that the verb starts from."""
        return models.Q(**{f"{self.field}__in": sorted(self.targets)})


def state_field(model: type[models.Model]) -> Any:
    """Return the field of the model's state machine, or None if it has none."""
    found = (each for each in model._meta.concrete_fields if isinstance(each, FSMFieldMixin))
    return next(found, None)


@cache
def transitions_of(model: type[models.Model]) -> Mapping[str, Transition]:
    """Return the verbs of a model by name, in alphabetical order."""
    field = state_field(model)
    if field is None:
        return {}
    every = [str(value) for value, _label in field.flatchoices]
    declared: dict[str, list[Any]] = {}
    # django-fsm's public, class-wide call. ``can_proceed`` and ``get_available_FIELD_transitions``
    # need a row and look all of this up again in every call.
    for change in field.get_all_transitions(model):
        declared.setdefault(change.name, []).append(change)
    return {verb: _read(verb, field, changes, every) for verb, changes in sorted(declared.items())}


def transition_of(model: type[models.Model], verb: str) -> Transition | None:
    """Return a verb's transition, or None for a method that is not a transition."""
    return transitions_of(model).get(verb)


def verb_of(model: type[models.Model], verb: str) -> Transition:
    """:raises KeyError: if the method is not a transition of the model"""
    return transitions_of(model)[verb]


def _read(verb: str, field: Any, changes: list[Any], every: list[str]) -> Transition:
    found: dict[str, str] = {}
    for change in sorted(changes, key=_rank):
        for source in _sources(change, every):
            found[source] = source if change.target is None else str(change.target)
    targets = {state: found[state] for state in every if state in found}
    still = all(change.target is None for change in changes)
    return Transition(verb, field.attname, targets, still)


def _rank(change: Any) -> int:
    """Return the rank of a source. In django-fsm a named state beats ``*``, which beats ``+``."""
    # ``_read`` overwrites, so the highest rank must come last.
    return {ANY_OTHER: 0, ANY: 1}.get(change.source, 2)


def _sources(change: Any, every: list[str]) -> Iterator[str]:
    if change.source == ANY:
        yield from every
    elif change.source == ANY_OTHER:
        yield from (state for state in every if state != change.target)
    else:
        yield str(change.source)


def turn(row: models.Model, verb: str, **details: Any) -> bool:
    """
    Run the verb on a row in memory. Return False, and leave the row alone, if its state does not
    allow it.

    The caller writes the row. It has locked it, or it guards the write by the row's version.
    """
    try:
        getattr(row, verb)(**details)
    except TransitionNotAllowed:
        return False
    return True


def turn_all(rows: models.QuerySet[Any], verb: str, **details: Any) -> int:
    """
    Run a verb for every row of a queryset in one statement, and return the number of rows.

    Rows in a state that the verb does not start from are left out.

    :raises NotInSets: see ``written``
    """
    guard = verb_of(rows.model, verb).guard
    return rows.filter(guard).update(**written(rows.model, verb, **details))


def written(model: type[models.Model], verb: str, **details: Any) -> dict[str, Any]:
    """
    Return the columns that a verb sets and their values, as ``update`` takes them.

    :raises NotInSets: if the verb reads the row, or leads to different states
    """
    change = verb_of(model, verb)
    start = next(iter(change.targets))
    key = model._meta.pk.attname
    # The verb runs once, on an instance that has a state and no other value. What it sets is what
    # the statement writes, so the columns are named in the verb and nowhere else.
    names = [f.attname for f in model._meta.concrete_fields if f.attname in {key, change.field}]
    blank = model.from_db(None, names, [None if name == key else start for name in names])
    try:
        getattr(blank, verb)(**details)
    except ObjectDoesNotExist:  # the verb read a field, and Django found no row to load it from
        raise NotInSets(f"{verb} reads the row, so it is taken row by row.") from None
    values = {name: value for name, value in vars(blank).items() if name not in {key, "_state"}}
    if change.is_still:
        del values[change.field]
    else:
        values[change.field] = change.target
    return values


def literals(states: Collection[str]) -> str:
    """
    Return states as literals for the text of a statement.
    """
    # PostgreSQL uses a partial index only if the plan can prove its condition. It cannot for a
    # parameter.
    return ", ".join(sql.Literal(str(state)).as_string(None) for state in sorted(states))
