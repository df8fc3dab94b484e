"""Search all text of the database for one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from routing.audit.places import REASON, Person, TextPlace, own_rows, spared_rows
from routing.audit.rewriting import without_person
from routing.people.finder import MARK, Finder

MOST_LISTED = 200  # near matches of one table that are worth a person's time


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A column of one row, in which something was found. It holds no text."""

    table: str
    row: str
    column: str
    why: str

    def __str__(self) -> str:
        return f"{self.table}:{self.row}:{self.column}"


@dataclass(slots=True)
class TableFindings:
    """
    What was found in one table.

    ``own`` are the keys of rows that are the person's, ``acts`` those of the history of what they
    did. ``rewrites`` has the columns that change, by key. ``spared`` lists rows that are never
    rewritten. ``undeclared`` lists columns that hold the person although they are declared to hold
    nobody. ``near`` lists what a person must look at, with an excerpt.
    """

    place: TextPlace
    own: set[Any] = field(default_factory=set)
    acts: set[Any] = field(default_factory=set)
    rewrites: dict[Any, list[str]] = field(default_factory=dict)
    spared: list[FoundPlace] = field(default_factory=list)
    undeclared: list[FoundPlace] = field(default_factory=list)
    near: list[tuple[FoundPlace, str]] = field(default_factory=list)
    too_many: int = 0

    def new_values(self, key: Any, row: Mapping[str, Any], finder: Finder) -> dict[str, Any]:
        """Return the new values of those columns of a row that change."""
        new = without_person(self.place, key, row, finder, whole=key in self.own)
        if key in self.acts and row[REASON] not in {"", MARK}:
            new[REASON] = MARK
        return new


def scan_table(
    place: TextPlace, person: Person, finder: Finder, *, using: str, keep_words: bool = False
) -> TableFindings:
    """
    Search one table.

    :param keep_words: leave the other words in rows that are the person's own
    """
    found = TableFindings(place)
    if not keep_words:
        found.own, found.acts = own_keys(place, person, using), _act_keys(place, person, using)
    spared = spared_rows(place, using)
    for key, row in place.rows(using):
        if key in spared:
            if person.is_row(place.model, key):  # the app's part takes care of it
                continue
            found.spared += _matches(place, place.fields, key, row, finder, spared[key])
            _add_near(found, key, row, finder)
            continue
        new = found.new_values(key, row, finder)
        if new:
            found.rewrites[key] = list(new)
        found.undeclared += _matches(place, place.others, key, row, finder, "undeclared")
        _add_near(found, key, {**row, **new}, finder)
    return found


def own_keys(place: TextPlace, person: Person, using: str) -> set[Any]:
    """Return the keys of the rows that are the person's, or the history of such rows."""
    condition = own_rows().get(place.tracked or place.model)
    if condition is None:
        return set()
    model = place.tracked or place.model
    keys = set(
        model._base_manager.using(using).filter(condition(person)).values_list("pk", flat=True)
    )
    if place.tracked is None:
        return keys
    return _history_keys(place, using, {f"{model._meta.pk.attname}__in": keys})


def _act_keys(place: TextPlace, person: Person, using: str) -> set[Any]:
    """Return the history of what the person did. Its reasons are their words."""
    if place.tracked is None or not person.user_ids:
        return set()
    return _history_keys(place, using, {"history_user_id__in": person.user_ids})


def _history_keys(place: TextPlace, using: str, where: Mapping[str, Any]) -> set[Any]:
    rows = place.model._base_manager.using(using).filter(**where)
    return set(rows.values_list("pk", flat=True))


def _matches(
    place: TextPlace,
    names: tuple[str, ...],
    key: Any,
    row: Mapping[str, Any],
    finder: Finder,
    why: str,
) -> Iterator[FoundPlace]:
    for name in names:
        if row[name] and finder.has(row[name]):
            yield FoundPlace(place.table, str(key), name, why)


def _add_near(found: TableFindings, key: Any, row: Mapping[str, Any], finder: Finder) -> None:
    for name in found.place.fields:
        excerpts = finder.near(row[name]) if row[name] else []
        if excerpts and len(found.near) >= MOST_LISTED:
            found.too_many += 1
        elif excerpts:
            found.near.append((FoundPlace(found.place.table, str(key), name, "near"), excerpts[0]))
