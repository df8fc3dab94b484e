"""
The columns of exported lists: a key that never changes, a title, a type, and where the value is.

A page of the desk names them in ``export_columns``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from operator import attrgetter
from typing import Any

from routing.people.actors import Actor
from routing.work.gates import Words


class ColumnType(Enum):
    """
    The type of a column. Values are text, a number, an aware instant, or an amount of money with
    its currency as a pair. None is an empty cell of any type.
    """

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    MONEY = "money"


class NoSuchColumn(ValueError):
    """No column of the list has this key, or the person may not see it."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """
    One column of a list.

    ``of`` is the path of an attribute, such as ``item.ref``, or a function of the row. A path ends
    early, with an empty cell, where there is nothing, such as the name of no client. ``permission``
    is what a person needs to see the column beside the list, as for personal data.
    """

    key: str
    title: Words
    of: str | Callable[[Any], Any]
    type: ColumnType = ColumnType.TEXT
    permission: str = ""

    def reader(self) -> Callable[[Any], Any]:
        """Return a function that reads the value from a row of the list."""
        if not isinstance(self.of, str):
            return self.of
        read = attrgetter(self.of)

        def reader(row: Any) -> Any:
            try:
                return read(row)
            except AttributeError:
                return _as_far(row, self.of)

        return reader


def _as_far(row: Any, path: Any) -> Any:
    """
    Return None where the path meets None on its way.

    :raises AttributeError: if the path is wrong
    """
    for name in path.split("."):
        if row is None:
            return None
        row = getattr(row, name)
    return row


def columns_for(columns: Sequence[ExportColumn], by: Actor) -> tuple[ExportColumn, ...]:
    """Return the columns that the person may see."""
    return tuple(each for each in columns if not each.permission or by.may(each.permission))


def chosen(columns: Sequence[ExportColumn], keys: Sequence[str]) -> tuple[ExportColumn, ...]:
    """
    Return the columns of these keys in their order, or all if there are none.

    :raises NoSuchColumn: if there is none of a key; the message names similar ones
    """
    if not keys:
        return tuple(columns)
    known = {each.key: each for each in columns}
    found = []
    for key in dict.fromkeys(keys):
        if key not in known:
            near = get_close_matches(key, known) or known
            raise NoSuchColumn(f"There is no column “{key}”. Choose one of: {', '.join(near)}.")
        found.append(known[key])
    return tuple(found)
