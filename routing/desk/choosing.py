"""The columns of a list that a person chose, and the order of its rows by the names of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from routing.desk.change_list import COLUMNS

if TYPE_CHECKING:
    from routing.desk.base import DeskAdmin

PLACE = "place."  # and the name of a column: its place, in the form that chooses columns
BETWEEN = ","


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A name in an address that is no column of the list, and similar ones."""

    name: str
    near: Sequence[str]

    def __str__(self) -> str:
        words = _("“%(name)s” is no column of this list.") % {"name": self.name}
        if self.near:
            words += " " + _("Similar ones: %(near)s.") % {"near": ", ".join(self.near)}
        return words


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that a list can show. ``place`` counts from 1, and is None while it is hidden."""

    name: str
    label: str
    place: int | None


def chosen_columns(page: DeskAdmin[Any], query: QueryDict) -> list[str]:
    """Return the columns that an address asks for, or those of the list if it asks for none."""
    known = set(offered_columns(page))
    return [name for name in _asked(query) if name in known] or list(page.list_display)


def unknown_columns(page: DeskAdmin[Any], query: QueryDict) -> list[UnknownColumn]:
    known = offered_columns(page)
    return [
        UnknownColumn(name, get_close_matches(name, known))
        for name in _asked(query)
        if name not in known
    ]


def offered_columns(page: DeskAdmin[Any]) -> list[str]:
    return list(dict.fromkeys((*page.list_display, *page.more_columns)))


def column_choices(page: DeskAdmin[Any], query: QueryDict) -> list[ColumnChoice]:
    """Return every column of a list: the shown ones in their order, then the others."""
    shown = chosen_columns(page, query)
    hidden = [name for name in offered_columns(page) if name not in shown]
    found = [ColumnChoice(name, label_of(page, name), n) for n, name in enumerate(shown, 1)]
    return found + [ColumnChoice(name, label_of(page, name), None) for name in hidden]


def label_of(page: DeskAdmin[Any], name: str) -> str:
    return capfirst(str(label_for_field(name, page.model, page)))


def placed(page: DeskAdmin[Any], query: QueryDict) -> str:
    """Return the columns that the form gives a place, as in an address. Empty: those of the list"""
    places = []
    for number, name in enumerate(offered_columns(page)):
        given = query.get(PLACE + name, "").strip()
        if given.isascii() and given.isdecimal():
            places.append((int(given[:6]), number, name))
    names = [name for _place, _number, name in sorted(places)]
    return "" if names == list(page.list_display) else BETWEEN.join(names)


def sort_of(page: DeskAdmin[Any], request: HttpRequest, query: QueryDict) -> str:
    """
    Return the order of an address by names, such as ``due_at,-client``.

    An address has the numbers of columns, which differ between people who may take steps with the
    rows and people who may not, and with the chosen columns.
    """
    columns, names = _numbered(page, request, query), []
    for part in query.get(ORDER_VAR, "").split("."):
        digits = part.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and int(digits[:4]) < len(columns):
            names.append(part.removesuffix(digits) + columns[int(digits[:4])])
    return BETWEEN.join(names)


def numbered_sort(page: DeskAdmin[Any], request: HttpRequest, query: QueryDict, sort: str) -> str:
    """Return an order by names as an address of this person has it."""
    columns, parts = _numbered(page, request, query), []
    for part in sort.split(BETWEEN):
        name = part.removeprefix("-")
        if name in columns:
            parts.append(part.removesuffix(name) + str(columns.index(name)))
    return ".".join(parts)


def _numbered(page: DeskAdmin[Any], request: HttpRequest, query: QueryDict) -> list[str]:
    before = ["action_checkbox"] if page.get_actions(request) else []
    return before + chosen_columns(page, query)


def _asked(query: QueryDict) -> list[str]:
    parts = BETWEEN.join(query.getlist(COLUMNS)).split(BETWEEN)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
