"""How rows of a list are named for scripts: by reference, code or number."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from routing.people.clients import Client
from routing.work.items import WorkItem, WorkNoun


def refs_of(rows: QuerySet[Any]) -> list[str]:
    """
    Return the references of rows in their order: ``ACM-142`` for work, the code of a client, and
    the number of anything else, such as an event.
    """
    column = "pk"
    if issubclass(rows.model, WorkItem):
        column = "ref"
    elif issubclass(rows.model, WorkNoun):
        column = "item__ref"
    elif issubclass(rows.model, Client):
        column = "code"
    # Without what only the shown page needs: its related rows.
    return [str(value) for value in rows.select_related(None).values_list(column, flat=True)]
