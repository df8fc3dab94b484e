"""Store which external object a work item became."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from integrations.base.links import ExternalLink
from integrations.outbox.models import Outbound
from routing.people.actors import Actor
from routing.people.saving import save_with_reason


class AlreadyLinked(Exception):
    """The external object is linked to another object here."""


def keep_link(row: Outbound, *, by: Actor, at: datetime) -> None:
    """
    Link the message's work item to the external object, with its address and content digest.

    :raises AlreadyLinked: if the object is linked to other work; then nothing is changed
    """
    if not (row.item_id and row.object_type and row.remote_id):
        return
    there = {
        "connection_id": row.connection_id,
        "object_type": row.object_type,
        "remote_id": row.remote_id,
    }
    # Locked against another message that links the same external object at the same time.
    kept = ExternalLink.objects.select_for_update(of=("self",)).filter(**there).first()
    link = ExternalLink(**there, item_id=row.item_id) if kept is None else kept
    if link.item_id != row.item_id and not _ours(row):
        names = {"type": row.object_type, "id": row.remote_id}
        raise AlreadyLinked(
            _("The %(type)s %(id)s is already linked to another object here.") % names
        )
    if kept is None or (link.item_id, link.url, link.digest) != (row.item_id, row.url, row.digest):
        link.item_id, link.url, link.digest = row.item_id, row.url, row.digest
        save_with_reason(link, by=by, at=at, reason=f"Written to {row.connection.name}")


def _ours(row: Outbound) -> bool:
    """Return whether earlier work wrote the same object, as for a change to a live page."""
    same = Outbound.objects.filter(
        connection=row.connection_id, object_key=row.object_key, remote_id=row.remote_id
    )
    return same.filter(state=Outbound.State.DELIVERED).exclude(pk=row.pk).exists()
