"""
Lists of the desk by name, for commands, exports and saved views: the rows that the page shows.

A page of the desk names its list in ``list_name``. Its filters and search are those of the page,
and so is what a person sees of it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict

from routing.desk.addresses import address
from routing.desk.base import DeskAdmin
from routing.people.staff import User


class UnknownList(ValueError):
    """No list has this name."""


def named_lists() -> dict[str, DeskAdmin[Any]]:
    pages = admin.site._registry.values()  # noqa: SLF001  # Django has no public list
    named = (page for page in pages if isinstance(page, DeskAdmin) and page.list_name)
    return {page.list_name: page for page in sorted(named, key=lambda page: page.list_name)}


def named_list(name: str) -> DeskAdmin[Any]:
    """
    Return the page whose list has this name.

    :raises UnknownList: if there is none; the message names similar ones
    """
    found = named_lists()
    if name in found:
        return found[name]
    near = get_close_matches(name, found) or found
    raise UnknownList(f"There is no list “{name}”. Choose one of: {', '.join(near)}.")


def request_of(page: DeskAdmin[Any], user: User, query: QueryDict) -> HttpRequest:
    """Return a request for the list as ``user`` would send it, with nothing but its query."""
    request = HttpRequest()
    request.method, request.path = "GET", address(page.model, "changelist")
    request.user = user
    request.GET = query.copy()  # type: ignore[assignment]
    return request


def rows_of(page: DeskAdmin[Any], user: User, query: QueryDict) -> QuerySet[Any]:
    """
    Return the rows that the list shows to ``user``, in its order, narrowed by ``query``.

    :raises PermissionDenied: if they may not see this list
    :raises SuspiciousOperation: if the query cannot be read
    """
    request = request_of(page, user, query)
    if not page.has_view_permission(request):
        raise PermissionDenied(f"{user} may not see this list.")
    return page.filtered(request)
