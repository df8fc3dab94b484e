"""
The change list of every page of rows: keyset paging, and a count with an upper limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from routing.desk.paging import Term, UnreadablePlace, beyond, keyed, place_of, terms_of

AFTER, BEFORE, NUMBER = "after", "before", "page"
PICKED = "picked"  # ids of rows that are selected when the list is shown again
COLUMNS = "cols"  # the chosen columns, in their order
VIEW = "view"  # the slug of the saved view that the list was opened with
COUNTED = 1_000  # rows that are counted; the page says if there are more
SECOND = 2  # the first page with another one before it
MOST_DIGITS = 6


class DeskList(ChangeList):
    """
    A list whose pages are found by the last row of the page before (``after``) or the first row of
    the page behind (``before``), without the paginators of Django and Unfold.

    ``page`` in an address is only a number for people to read.
    """

    turn: dict[str, str]
    faults: list[Any]  # what the address asks for and the list does not have
    view: Any = None  # the saved view whose name is shown
    picked: frozenset[str]
    number: int
    earlier: str  # query strings of the neighbouring pages, empty if there is none
    later: str
    first: str

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        if not hasattr(self, "turn"):  # Django calls this again for each facet
            self.turn = {
                name: self.params.pop(name)
                for name in (AFTER, BEFORE, NUMBER)
                if name in self.params
            }
            self.picked = frozenset(str(self.params.pop(PICKED, "")).split(","))
            for name in (*self.turn, PICKED):
                self.filter_params.pop(name, None)
        found: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        return found

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Return the parameters of filters. Columns and the name of a view narrow nothing."""
        found: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in {COLUMNS, VIEW}}

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        self.faults = list(self.model_admin.unknown_columns(request))
        for spec in found[0]:
            self.faults += getattr(spec, "unknown", ())
        return found

    def _get_deterministic_ordering(self, ordering: list[Any]) -> list[Any]:
        """Order by the key last, in the direction of the column before it."""
        # Empty values come last in both directions: nobody sorts by due times to see work without.
        for place, part in enumerate(ordering):
            term = Term.of(self.model, part)
            if term.descending and isinstance(term.expression, Coalesce) and not term.nullable:
                [empty, *_rest] = term.expression.get_source_expressions()
                ordering[place] = OrderBy(empty, descending=True, nulls_last=True)
            elif term.descending and term.nullable:
                ordering[place] = OrderBy(term.expression, descending=True, nulls_last=True)
        # Django always appends ``-pk``. One index can answer both columns only if they have the
        # same direction.
        found = list(super()._get_deterministic_ordering(ordering))
        if found[-1] == "-pk" and len(found) > 1 and not Term.of(self.model, found[-2]).descending:
            found[-1] = "pk"
        return found

    def get_results(self, request: HttpRequest) -> None:
        size, queryset = self.list_per_page, self.queryset
        terms = terms_of(self.model, queryset.query.order_by)
        shown = self.model_admin.for_page(request, queryset)
        if related := related_of(self.model_admin, self.list_display):
            shown = shown.select_related(*related)
        rows, back, more = self._page(keyed(shown, terms), terms, size)
        self.number = self._number() if self.turn.keys() & {AFTER, BEFORE} else 1
        turned = bool(self.turn.keys() & {AFTER, BEFORE})
        self._count(queryset, rows, whole=not turned and not more)
        self.earlier = self.later = self.first = ""
        if back and rows:
            self.first = self.get_query_string()
            self.earlier = self.first
            if self.number > SECOND:
                before = place_of(rows[0], terms)
                self.earlier = self._address(BEFORE, before, self.number - 1)
        elif turned and not rows:
            self.first = self.earlier = self.get_query_string()
        if more:
            self.later = self._address(AFTER, place_of(rows[-1], terms), self.number + 1)
        self.multi_page = bool(self.earlier or self.later)
        self.result_list = rows
        self.show_full_result_count, self.full_result_count = False, None
        self.show_admin_actions, self.can_show_all = True, False

    def _page(
        self, rows: QuerySet[Any], terms: list[Term], size: int
    ) -> tuple[list[Any], bool, bool]:
        """
        Return the rows, and if there are earlier and later ones.

        A place that cannot be read leads to the first page.
        """
        # One row more than the page tells if there is another page, without counting.
        try:
            if AFTER in self.turn:
                found = list(beyond(rows, terms, self.turn[AFTER])[: size + 1])
                return found[:size], True, len(found) > size
            if BEFORE in self.turn:
                backwards = [term.turned() for term in terms]
                found = list(
                    beyond(keyed(rows, backwards), backwards, self.turn[BEFORE])[: size + 1]
                )
                if len(found) > size:
                    return found[:size][::-1], True, True
        except UnreadablePlace:
            pass
        self.turn = {}
        found = list(rows[: size + 1])
        return found[:size], False, len(found) > size

    def _number(self) -> int:
        given = self.turn.get(NUMBER, "")
        if given.isascii() and given.isdecimal() and len(given) <= MOST_DIGITS:
            return max(int(given), SECOND)
        return SECOND

    def _count(self, queryset: QuerySet[Any], rows: list[Any], *, whole: bool) -> None:
        found = len(rows) if whole else queryset.order_by()[: COUNTED + 1].count()
        self.result_count = min(found, COUNTED)
        self.counted_all = found <= COUNTED

    def _address(self, way: str, place: str, number: int) -> str:
        return str(self.get_query_string({way: place, NUMBER: str(number)}))

    @property
    def counted(self) -> str:
        """Return the number of rows in words: “3 requests”, “more than 1,000 requests”."""
        name = self.opts.verbose_name if self.result_count == 1 else self.opts.verbose_name_plural
        count = number_format(self.result_count, use_l10n=True, force_grouping=True)
        words = _("%(count)s %(what)s") if self.counted_all else _("more than %(count)s %(what)s")
        return words % {"count": count, "what": name}


def related_of(page: Any, columns: Iterable[Any]) -> list[str]:
    """Return the relations that the shown columns read, beside those that the list always reads."""
    found = []
    for name in columns:
        method = getattr(page, name, None) if isinstance(name, str) else None
        if related := getattr(method, "related", ""):
            found.append(str(related))
    return found
