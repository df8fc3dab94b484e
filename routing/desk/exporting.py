"""
The rows of a named list in a file, for a page, a job and a command: those that the page shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import IO, Any, cast
from zoneinfo import ZoneInfo

from django.contrib.admin import FieldListFilter, SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.core.exceptions import SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import QueryDict

from routing.desk.base import DeskAdmin
from routing.desk.change_list import AFTER, BEFORE, NUMBER, PICKED
from routing.desk.export_columns import ExportColumn, chosen, columns_for
from routing.desk.exports import FORMATS, WRITERS, ExportedList
from routing.desk.named_lists import named_list, request_of, rows_of
from routing.people.actors import Actor
from routing.people.staff import User

CHUNK = 1_000
# Parts of a list's address that say which page of it is shown, not which rows it has.
OF_A_PAGE = frozenset({AFTER, BEFORE, NUMBER, PICKED, "e", "_changelist_filters"})
Progress = Callable[[int], None]


class UnknownFilter(ValueError):
    """The list has no filter of this name."""


class UnknownFormat(ValueError):
    """No file is written in this format."""


@dataclass(frozen=True, slots=True)
class ListToExport:
    """A list with its rows and columns as one person sees them, narrowed and ordered by a query."""

    page: DeskAdmin[Any]
    user: User
    query: QueryDict
    rows: QuerySet[Any]
    columns: Sequence[ExportColumn]

    @property
    def name(self) -> str:
        return self.page.list_name

    @property
    def filters(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for name, values in self.query.lists():
            found += [(name, str(value)) for value in values]
        return found

    def count(self, most: int | None = None) -> int:
        """Return the number of rows, or ``most`` + 1 if there are more than ``most``."""
        rows = self.rows.order_by()
        return rows.count() if most is None else rows[: most + 1].count()


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """What is in a file: the number of rows, and the SHA-256 of its bytes as hex."""

    rows: int
    sha256: str
    size: int


def list_to_export(
    name: str, user: User, query: QueryDict, keys: Sequence[str] = ()
) -> ListToExport:
    """
    Return a list as ``user`` sees it.

    :param query: as in the address of the page; what only turns its pages is left out
    :param keys: keys of the columns in their order, all columns if there are none
    :raises UnknownList: if there is no such list
    :raises NoSuchColumn: if there is no such column for this person
    :raises PermissionDenied: if they may not see the list
    :raises SuspiciousOperation: if the query cannot be read
    """
    page = named_list(name)
    narrowed = QueryDict(mutable=True)
    for each, values in query.lists():
        if each not in OF_A_PAGE:
            narrowed.setlist(each, cast("list[str | bytes]", values))
    rows = rows_of(page, user, narrowed)
    request = request_of(page, user, narrowed)
    shown = page.for_page(request, rows)
    if page.export_related:
        shown = shown.select_related(*page.export_related)
    columns = columns_for(page.export_columns, Actor.of(user))
    return ListToExport(page, user, narrowed, shown, chosen(columns, keys))


def write_list(
    found: ListToExport,
    form: str,
    out: IO[bytes],
    *,
    at: datetime,
    progress: Progress | None = None,
) -> ExportedFile:
    """
    Write all rows of a list. Memory does not grow with the list.

    :param form: csv, xlsx or json
    :param out: written from where it stands; the digest is of what is written
    :param progress: called with the number of rows written so far, after each thousand
    :raises TooManyRows: if the format cannot hold the list
    """
    zone = ZoneInfo(found.user.timezone)
    request = request_of(found.page, found.user, found.query)
    about = ExportedList(
        name=found.name,
        title=found.page.list_title(request),
        filters=found.filters,
        columns=found.columns,
        by=found.user.full_name,
        zone=zone,
        at=at,
    )
    counted, digested = _Counted(found, progress), _Digested(out)
    WRITERS[form](cast("IO[bytes]", digested), about, counted)
    return ExportedFile(counted.rows, digested.hexdigest(), digested.size)


class _Counted:
    """The rows of a list, counted while they are read in chunks."""

    def __init__(self, found: ListToExport, progress: Progress | None) -> None:
        self.found, self.progress, self.rows = found, progress, 0

    def __iter__(self) -> Iterator[Model]:
        # One statement, whose rows wait in the database: what changes meanwhile neither repeats a
        # row nor leaves one out.
        chunk: list[Model] = []
        for row in self.found.rows.iterator(chunk_size=CHUNK):
            chunk.append(row)
            if len(chunk) == CHUNK:
                yield from self._done(chunk)
                chunk = []
        yield from self._done(chunk)

    def _done(self, chunk: list[Model]) -> Iterator[Model]:
        if not chunk:
            return
        self.found.page.for_export(chunk)
        yield from chunk
        self.rows += len(chunk)
        if self.progress is not None:
            self.progress(self.rows)


class _Digested:
    """A file that notes the digest and the size of what is written to it from front to back."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out, self.size, self._digest = out, 0, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        self.size += len(content)
        return self.out.write(content)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()

    def flush(self) -> None:
        self.out.flush()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False  # so that XLSX, a ZIP archive, is written from front to back as well

    closed = False


# -- Filters by name, for commands -----------------------------------------------------------------


def form_called(name: str) -> str:
    """
    Return a format by its name.

    :raises UnknownFormat: if there is none; the message names all
    """
    if name not in FORMATS:
        raise UnknownFormat(f"There is no format “{name}”. Choose one of: {', '.join(FORMATS)}.")
    return name


def query_called(name: str, user: User, given: Sequence[tuple[str, str]]) -> QueryDict:
    """
    Return the query of a list's address for filters by name, such as ``("state", "accepted")``.

    ``q`` searches and ``o`` orders, as on the page.

    :raises UnknownList: if there is no such list
    :raises UnknownFilter: if it has no such filter; the message names similar ones
    """
    page = named_list(name)
    known = filters_of(page, user)
    query = QueryDict(mutable=True)
    for each, value in given:
        if each not in known:
            near = get_close_matches(each, known) or sorted(known)
            raise UnknownFilter(f"{name} has no filter “{each}”. Choose one of: {', '.join(near)}.")
        query.appendlist(known[each], value)
    return query


def filters_of(page: DeskAdmin[Any], user: User) -> dict[str, str]:
    """Return the parameter of the address for each name of a filter, short names included."""
    request = request_of(page, user, QueryDict())
    known = {ORDER_VAR: ORDER_VAR}
    if page.get_search_fields(request):
        known[SEARCH_VAR] = SEARCH_VAR
    for entry in page.get_list_filter(request):
        if isinstance(entry, type) and issubclass(entry, SimpleListFilter):
            known[str(entry.parameter_name)] = str(entry.parameter_name)
            continue
        path, make = (entry, FieldListFilter.create) if isinstance(entry, str) else entry
        field = get_fields_from_path(page.model, path)[-1]
        for name in make(
            field, request, {}, page.model, page, field_path=path
        ).expected_parameters():
            known[str(name)] = str(name)
            # The first one chooses, such as ``state__exact``. Others ask for empty values.
            known.setdefault(path, str(name))
    return known


__all__ = [
    "ExportedFile",
    "ListToExport",
    "SuspiciousOperation",
    "UnknownFilter",
    "UnknownFormat",
    "filters_of",
    "form_called",
    "list_to_export",
    "query_called",
    "write_list",
]
