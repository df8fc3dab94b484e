"""
Catalogue of events: for each kind its name in words, its source and the fields of its body.

Packages above declare the kinds that they send, when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from routing.flows.fields import FieldType
from routing.flows.registry import sends
from routing.work.gates import Words


def _no_choices() -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class EventField:
    """
    One field of the body of an event.

    ``fact`` is the fact of flows that is read from the same value, and ``personal`` says that it
    identifies a person. ``choices`` returns values with their names, if they are known.
    """

    name: str
    label: Words
    type: FieldType = FieldType.TEXT
    fact: str = ""
    personal: bool = False
    choices: Callable[[], Sequence[tuple[str, str]]] = _no_choices

    def value_of(self, entered: str) -> str:
        """Return the value that was entered by its name, or what was entered."""
        wanted = entered.casefold()
        named = [value for value, name in self.choices() if str(name).casefold() == wanted]
        return named[0] if len(named) == 1 else entered

    def name_of(self, value: str) -> str:
        """Return the name of a value, or the value if it has none or shares it with another."""
        named = str(dict(self.choices()).get(value, value))
        return named if self.value_of(named) == value else value


def _no_fields() -> Sequence[EventField]:
    return ()


@dataclass(frozen=True, slots=True)
class CataloguedKind:
    """
    A kind of event.

    If its events report a change, ``changed`` are the keys of the body that hold the name of the
    changed field and its new value. Such a field is compared like a field of the body itself.
    """

    name: str
    label: Words
    source: Words
    fields: Callable[[], Sequence[EventField]] = _no_fields
    changed: tuple[str, str] | None = None


_kinds: dict[str, CataloguedKind] = {}


def catalogue(*kinds: CataloguedKind) -> None:
    """Declare kinds of events that are sent, with what a person needs to choose them."""
    _kinds.update({kind.name: kind for kind in kinds})
    sends(*(kind.name for kind in kinds))


def catalogued() -> Mapping[str, CataloguedKind]:
    return _kinds


def kind_words(kind: str) -> str:
    """Return the name of a kind of event, or the kind itself if nobody declared it."""
    known = _kinds.get(kind)
    if known is None:
        return kind
    return _("%(event)s (%(source)s)") % {"event": known.label, "source": known.source}


def field_of(kind: str, name: str) -> EventField | None:
    known = _kinds.get(kind)
    fields = known.fields() if known else ()
    return next((field for field in fields if field.name == name), None)


def known_facts() -> Mapping[str, EventField]:
    """Return the facts that fields of declared kinds are read as, by their names, each once."""
    found: dict[str, EventField] = {}
    for kind in _kinds.values():
        for field in kind.fields():
            if field.fact:
                found.setdefault(field.fact, field)
    return dict(sorted(found.items()))


def changed_keys(kind: str) -> tuple[str, str] | None:
    """Return the keys that hold a changed field and its value, None if a kind has none."""
    known = _kinds.get(kind)
    return known.changed if known else None


def value_in(kind: str, body: Mapping[str, Any], field: str) -> Any:
    """Return the value of a field in the body of an event, None if it has none."""
    keys = changed_keys(kind)
    if field not in body and keys is not None and body.get(keys[0]) == field:
        return body.get(keys[1])
    return body.get(field)
