"""Saved views in addresses of lists, and lists as values of views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest, QueryDict

from routing.desk.change_list import COLUMNS, VIEW
from routing.desk.choosing import numbered_sort, sort_of
from routing.desk.refining import still
from routing.desk.saved_views import View
from routing.people.actors import Actor

if TYPE_CHECKING:
    from routing.desk.base import DeskAdmin

NO_VIEW = "-"  # in an address: the list as it is, without the default of a role


@dataclass(frozen=True, slots=True)
class ListState:
    """What a view keeps of a list: its filters and search, its columns and its order."""

    query: str
    columns: str
    sort: str

    @classmethod
    def of_view(cls, view: View) -> ListState:
        return cls(view.query, view.columns, view.sort)

    @classmethod
    def of_address(cls, page: DeskAdmin[Any], request: HttpRequest, given: QueryDict) -> ListState:
        """:param given: the query of an address of the list"""
        sort, query = sort_of(page, request, given), still(given)
        columns = ",".join(query.getlist(COLUMNS))
        for name in (COLUMNS, ORDER_VAR, VIEW):
            query.pop(name, None)
        return cls(sorted_query(query), columns, sort)


def sorted_query(query: QueryDict) -> str:
    found = QueryDict(mutable=True)
    for name in sorted(query):
        if any(query.getlist(name)):
            found.setlist(name, query.getlist(name))
    return found.urlencode(safe=",")


def query_of(view: View, page: DeskAdmin[Any], request: HttpRequest) -> QueryDict:
    """Return the query of the list that a view stands for, as an address of this person has it."""
    query = QueryDict(view.query, mutable=True)
    if view.columns:
        query[COLUMNS] = view.columns
    if order := numbered_sort(page, request, query, view.sort):
        query[ORDER_VAR] = order
    query[VIEW] = view.slug
    return query


def opened(page: DeskAdmin[Any], request: HttpRequest, by: Actor) -> QueryDict | None:
    """
    Return the query that an address with nothing but a view stands for, or an address without any
    query if the reader's role has a default. Otherwise None: the address is whole.
    """
    given, view = request.GET, None
    if not page.list_name or request.method != "GET":
        return None
    if not given:
        view = View.objects.default_of(by, page.list_name)
    elif set(given) == {VIEW}:
        view = view_in(page, given, by)
    if view is None:
        return None
    query = query_of(view, page, request)
    return None if query == given else query


def view_in(page: DeskAdmin[Any], query: QueryDict, by: Actor) -> View | None:
    """Return the view of this list that an address names, if the reader may see it."""
    slug = query.get(VIEW, "")
    if not slug or slug == NO_VIEW:
        return None
    seen = View.objects.seen_by(by).select_related("owner", "team")
    return seen.filter(slug=slug, list_name=page.list_name).first()
