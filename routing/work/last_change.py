"""Those who became owner, backup or assignee of work by its last change, and those who were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from routing.people.staff import User
from routing.work.items import WorkItem
from routing.work.turns import Party, People, nobodys_turn


def before(items: Sequence[WorkItem], column: str) -> Mapping[int, Any]:
    """Return by item the value of a tracked column before the last change, if that changed it."""
    rows = WorkItem.history.filter(id__in=[item.pk for item in items]).annotate(
        nth=Window(RowNumber(), partition_by=F("id"), order_by=F("history_id").desc())
    )
    # The two newest rows of each item: as it is, and as it was.
    newest = rows.filter(nth__lte=2).order_by("id", "nth")
    found: dict[int, list[tuple[Any, Any]]] = {}
    for pk, at, value in newest.values_list("id", "history_date", column):
        found.setdefault(pk, []).append((at, value))
    changed = {}
    for item in items:
        # A change that touched no tracked column has written no row of its own.
        match found.get(item.pk, []):
            case [(at, now), (_earlier, was)] if at == item.changed_at and was != now:
                changed[item.pk] = was
    return changed


def _new(items: Sequence[WorkItem], place: str) -> People:
    changed = before(items, place)
    people = {item.pk: getattr(item, place) for item in items if item.pk in changed}
    return {pk: [person] for pk, person in people.items() if person}


def _former(items: Sequence[WorkItem], place: str) -> People:
    was = {pk: person for pk, person in before(items, place).items() if person}
    # Somebody who has left reads nothing any more.
    active = set(User.objects.staff().filter(pk__in=was.values()).values_list("pk", flat=True))
    return {pk: [person] for pk, person in was.items() if person in active}


NEW_OWNER = Party("owner", _("New owner"), lambda items: _new(items, "owner_id"), nobodys_turn)
NEW_BACKUP = Party("backup", _("New backup"), lambda items: _new(items, "backup_id"), nobodys_turn)
NEW_ASSIGNEE = Party(
    "assignee", _("New assignee"), lambda items: _new(items, "doer_id"), nobodys_turn
)
FORMER_OWNER = Party(
    "former_owner", _("Former owner"), lambda items: _former(items, "owner_id"), nobodys_turn
)
FORMER_BACKUP = Party(
    "former_backup", _("Former backup"), lambda items: _former(items, "backup_id"), nobodys_turn
)
FORMER_ASSIGNEE = Party(
    "former_assignee", _("Former assignee"), lambda items: _former(items, "doer_id"), nobodys_turn
)
