"""
State machines as django-fsm declares them: the one place that reads them, and that changes states.

Sources and target of a verb stand in its ``@transition`` alone. The door asks here about a row in
memory, and statements about many rows take their guard and their new state from here. The machine
is read with ``get_all_transitions`` of its field, the class-wide form of django-fsm's
``get_all_FIELD_transitions``: ``can_proceed`` and ``get_available_FIELD_transitions`` answer for
one row and look it up each time. django-fsm's own conditions stay unused, because no statement
could ask them: docs/decisions/0016 says more.
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
    """A verb that cannot be taken by one statement over many rows."""


@dataclass(frozen=True, slots=True)
class Transition:
    """
    One verb of a state machine.

    ``targets`` holds the state it leads to by the state it starts from; a verb that keeps the state
    leads to the same. ``is_still`` is true for a verb that keeps every state.
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
        """:raises NotInSets: if it depends on the row where the verb leads"""
        found = set(self.targets.values())
        if self.is_still or len(found) != 1:
            raise NotInSets(f"{self.verb} leads to no single state.")
        return found.pop()

    @property
    def guard(self) -> models.Q:
        """The rows that the verb starts from."""
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
    for change in field.get_all_transitions(model):
        declared.setdefault(change.name, []).append(change)
    return {verb: _read(verb, field, changes, every) for verb, changes in sorted(declared.items())}


def transition_of(model: type[models.Model], verb: str) -> Transition | None:
    """Return a verb's transition; None for a method that leaves the machine alone."""
    return transitions_of(model).get(verb)


def verb_of(model: type[models.Model], verb: str) -> Transition:
    """:raises KeyError: if the method is no transition of the model"""
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
    """As in django-fsm a state that is named outranks ``*``, and that ``+``: the last one stays."""
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
    Call the verb on a row in memory; False, and the row as it was, if its state does not allow it.

    The caller writes the row, which it holds locked or guards by its version.
    """
    try:
        getattr(row, verb)(**details)
    except TransitionNotAllowed:
        return False
    return True


def turn_all(rows: models.QuerySet[Any], verb: str, **details: Any) -> int:
    """
    Take every row of a queryset through a verb in one statement; how many were taken.

    Rows in a state that the verb does not start from are left out, whatever the queryset says.

    :raises NotInSets: see ``written``
    """
    guard = verb_of(rows.model, verb).guard
    return rows.filter(guard).update(**written(rows.model, verb, **details))


def written(model: type[models.Model], verb: str, **details: Any) -> dict[str, Any]:
    """
    Return the columns that a verb sets, with their values, as ``update`` takes them.

    The verb runs once, on a row of which nothing is loaded but the state, so that what it sets
    stands in the verb alone.

    :raises NotInSets: if the verb reads the row, or leads to different states
    """
    change = verb_of(model, verb)
    start = next(iter(change.targets))
    key = model._meta.pk.attname
    names = [f.attname for f in model._meta.concrete_fields if f.attname in {key, change.field}]
    blank = model.from_db(None, names, [None if name == key else start for name in names])
    try:
        getattr(blank, verb)(**details)
    except ObjectDoesNotExist:  # Django looked for the rest of a row that is none
        raise NotInSets(f"{verb} reads the row, so it is taken row by row.") from None
    values = {name: value for name, value in vars(blank).items() if name not in {key, "_state"}}
    if change.is_still:
        del values[change.field]
    else:
        values[change.field] = change.target
    return values


def literals(states: Collection[str]) -> str:
    """
    States as a statement's own text, for plans that must see them: a partial index is not used for
    a parameter.
    """
    return ", ".join(sql.Literal(str(state)).as_string(None) for state in sorted(states))
