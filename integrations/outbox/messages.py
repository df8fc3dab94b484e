"""Translate a row of the outbox for adapters, with what is known of the external object."""

from __future__ import annotations

from integrations.base.adapter import OutboxMessage, Over, Written
from integrations.base.links import ExternalLink
from integrations.outbox.assets import FileRef, assets_of
from integrations.outbox.models import Outbound


def message_of(row: Outbound) -> tuple[OutboxMessage, Written | None]:
    """
    Return the message and the external object as our last write left it.

    The object is None while its id is unknown.

    :raises NoSuchFile: if a file of the message is gone
    """
    last = (
        Outbound.objects.filter(
            connection=row.connection_id, object_key=row.object_key, state=Outbound.State.DELIVERED
        )
        .order_by("-pk")
        .first()
    )
    over = Over.of(row.content)
    if over is not None and over.choice == Over.ANEW and not row.remote_id:
        # The objects that we know are gone, and another one takes their place.
        last, remote_id = None, ""
    else:
        remote_id = row.remote_id or _linked(row) or (last.remote_id if last else "")
    assets = assets_of([FileRef(**ref) for ref in row.assets])
    message = OutboxMessage(row.key, row.verb, row.object_key, remote_id, row.content, assets)
    if not remote_id:
        return message, None
    if last is not None and last.remote_id == remote_id:
        return message, Written(remote_id, last.url, last.evidence)
    return message, Written(remote_id)


def _linked(row: Outbound) -> str:
    if not (row.item_id and row.object_type):
        return ""
    links = ExternalLink.objects.filter(
        connection=row.connection_id, item=row.item_id, object_type=row.object_type
    )
    return links.order_by("-pk").values_list("remote_id", flat=True).first() or ""
