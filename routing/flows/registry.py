"""
Registries of flows: rows that are stored with a version, kinds of events with the facts they bring,
facts about money, and facts that name an owner. Kinds of actions are in ``routing.flows.actions``.

Packages above this one fill them in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# -- Versions: rows that packages above store with them --------------------------------------------


@dataclass(frozen=True, slots=True)
class Reference:
    """
    A key of a row that names something, with a function for the names that exist. ``words`` say in
    English what is wrong with any other.
    """

    key: str
    known: Callable[[], set[str]]
    words: str


@dataclass(frozen=True, slots=True)
class VersionRows:
    """
    Rows of one kind that a package above stores with a flow version, such as approval stages.

    ``name`` is their key in the file of a flow, ``shape`` a pydantic model of one row, and
    ``model`` the model whose columns have the names of its keys, or those of ``columns``. ``read``
    returns the rows of a version in their order, ``write`` adds rows to a draft. ``checkpoint``
    says whether the workflow map shows them among what a run must pass. ``refers`` are the keys of
    a row whose names must exist before a file can be imported.
    """

    name: str
    model: Any
    shape: Any
    read: Callable[[Any], Sequence[Any]]
    write: Callable[[Any, Sequence[Any]], None]
    checkpoint: bool = True
    refers: Sequence[Reference] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


_version_rows: dict[str, VersionRows] = {}


def with_version(rows: VersionRows) -> VersionRows:
    """Register rows that are copied with a version, exported and compared."""
    _version_rows[rows.name] = rows
    return rows


def version_rows() -> Sequence[VersionRows]:
    return tuple(_version_rows.values())


# -- Events: the kinds that connected systems and our own forms send -------------------------------

_event_kinds: set[str] = set()


def sends(*kinds: str) -> None:
    """Declare kinds of events, so that a trigger of another kind is found to be a mistake."""
    _event_kinds.update(kinds)


def event_kinds() -> frozenset[str]:
    return frozenset(_event_kinds)


_facts_of: dict[str, frozenset[str]] = {}


def fills(kinds: Iterable[str], facts: Iterable[str]) -> None:
    """
    Declare the only facts that are known of the subjects of these kinds of events.

    A kind without a declaration, such as a form, may bring any fact.
    """
    _facts_of.update(dict.fromkeys(kinds, frozenset(facts)))


def facts_of_kind(kind: str) -> frozenset[str] | None:
    """Return the facts that events of a kind can bring, None if they may bring any."""
    return _facts_of.get(kind)


# -- Facts: which of them are about money ----------------------------------------------------------

_money_facts: set[str] = set()


def about_money(*facts: str) -> None:
    """Declare facts that set what a client pays, so that a change of them is one of money."""
    _money_facts.update(facts)


def money_facts() -> frozenset[str]:
    return frozenset(_money_facts)


# -- Facts: which of them name whom another system calls the owner ---------------------------------

_owner_facts: dict[str, None] = {}


def names_owner(*facts: str) -> None:
    """
    Declare facts with the e-mail address of whom another system calls the owner.

    A flow with a field for such a fact considers that person first.
    """
    _owner_facts.update(dict.fromkeys(facts))


def owner_facts() -> Sequence[str]:
    return tuple(_owner_facts)
