"""Those who became owner, backup or assignee of work by its last change, and those who were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.people.staff import User
from routing.work.items import WorkItem
from routing.work.turns import Party, People, nobodys_turn


def was(items: Sequence[WorkItem], column: str) -> Mapping[int, Any]:
    """Return by item the value of a column before its last verb, if that changed it."""
    changed = {}
    for item in items:
        value = item.before.get(column)
        if item.before and value != getattr(item, column):
            changed[item.pk] = value
    return changed


def _new(items: Sequence[WorkItem], place: str) -> People:
    changed = was(items, place)
    people = {item.pk: getattr(item, place) for item in items if item.pk in changed}
    return {pk: [person] for pk, person in people.items() if person}


def _former(items: Sequence[WorkItem], place: str) -> People:
    left = {pk: person for pk, person in was(items, place).items() if person}
    if not left:
        return {}
    # Somebody who has left reads nothing any more.
    active = set(User.objects.staff().filter(pk__in=left.values()).values_list("pk", flat=True))
    return {pk: [person] for pk, person in left.items() if person in active}


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
