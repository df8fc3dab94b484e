"""The numbers of the rows of the views in the sidebar."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import QueryDict

from routing.desk.change_list import COUNTED
from routing.desk.named_lists import UnknownList, named_list, rows_of
from routing.desk.saved_views import View
from routing.people.actors import Actor

MOST_PINNED = 12  # of one person, in the order of their names


def counts_of(by: Actor, user: Any) -> dict[str, str]:
    """
    Return for the slug of each view in the sidebar how many rows it has, in one query each.

    At most ``COUNTED`` are counted; more are shown with a plus. A view whose list the person may
    not see, or whose filters are no longer there, has no number.
    """
    found = {}
    for view in View.objects.in_sidebar_of(by).order_by("name", "id")[:MOST_PINNED]:
        try:
            rows = rows_of(named_list(view.list_name), user, QueryDict(view.query))
        except (UnknownList, PermissionDenied, SuspiciousOperation):
            continue
        number = rows.order_by()[: COUNTED + 1].count()
        found[view.slug] = f"{COUNTED}+" if number > COUNTED else str(number)
    return found
