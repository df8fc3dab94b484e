"""Reasons why a message has not been sent yet, in words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from integrations.outbox.models import Outbound
from routing.work.display import exact

State = Outbound.State


def why_waiting(row: Outbound, now: datetime) -> str:
    """
    Return the reason why a message waits, or an empty string.

    :param row: with its connection, work item and run's work item
    """
    if row.state in {State.DELIVERED, State.DISCARDED, State.SUPERSEDED, State.LEASED}:
        return ""
    if row.state == State.DEAD:
        return _("A person, who must retry or discard it.")
    if reason := _blocked(row) or _connection_resting(row, now):
        return reason
    if row.due_at > now:
        return _("Its scheduled time: %(at)s.") % {"at": exact(row.due_at)}
    return _("A worker.")


def _blocked(row: Outbound) -> str:
    older = older_than(row)
    if older is not None and older.state == State.DEAD:
        return _("Message #%(older)s for the same object, which failed.") % {"older": older.pk}
    if older is not None:
        return _("Message #%(older)s for the same object.") % {"older": older.pk}
    for item in (row.item, row.run.item if row.run else None):
        if item is not None and item.held_at:
            return _("%(ref)s is on hold.") % {"ref": item.ref}
    return ""


def _connection_resting(row: Outbound, now: datetime) -> str:
    connection = row.connection
    if not connection.is_active:
        return _("%(connection)s is inactive.") % {"connection": connection.name}
    if connection.paused_until is not None and connection.is_paused(now):
        until = {"connection": connection.name, "at": exact(connection.paused_until)}
        return _("%(connection)s failed too often and is paused until %(at)s.") % until
    return ""


def older_than(row: Outbound) -> Outbound | None:
    """Return the lowest unfinished message of the same object before this one."""
    mine = Outbound.objects.unfinished().filter(
        connection=row.connection_id, object_key=row.object_key, pk__lt=row.pk
    )
    return mine.order_by("pk").first()
