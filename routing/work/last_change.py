"""Those who became owner, backup or assignee of work by its last change, and those who were."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.people.staff import User
from routing.work.items import WorkItem
from routing.work.turns import Party, People, nobodys_turn

PLACES = ("owner_id", "backup_id", "doer_id")


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
    active = _active_before(items)
    return {pk: [person] for pk, person in left.items() if person in active}


def _active_before(items: Sequence[WorkItem]) -> Collection[int]:
    """
    Return those whom the last change replaced and who still work here.

    They are asked for once and kept with the values before the change, because a step notifies
    former owners, backups and assignees one after another.
    """
    kept = [item.active_before for item in items if item.active_before is not None]
    if len(kept) == len(items):
        return frozenset().union(*kept)
    left: set[Any] = set()
    for place in PLACES:
        left.update(was(items, place).values())
    # Somebody who has left reads nothing any more.
    staff = User.objects.staff().filter(pk__in=left - {None})
    active = frozenset(staff.values_list("pk", flat=True))
    for item in items:
        item.active_before = active
    return active


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
