"""A row of the outbox in the words of adapters, with what we know of the remote object already."""

from __future__ import annotations

from integrations.base.adapter import OutboxMessage, Written
from integrations.base.links import ExternalLink
from integrations.outbox.assets import FileRef, assets_of
from integrations.outbox.models import Outbound


def intent_of(row: Outbound) -> tuple[OutboxMessage, Written | None]:
    """
    Return the intent with the remote object as our last write left it, or None for the object while
    its id is unknown.

    :raises NoSuchFile: if a file to be sent is gone
    """
    last = (
        Outbound.objects.filter(
            connection=row.connection_id, object_key=row.object_key, state=Outbound.State.DELIVERED
        )
        .order_by("-pk")
        .first()
    )
    remote_id = row.remote_id or _linked(row) or (last.remote_id if last else "")
    assets = assets_of([FileRef(**ref) for ref in row.assets])
    intent = OutboxMessage(row.key, row.verb, row.object_key, remote_id, row.content, assets)
    if not remote_id:
        return intent, None
    same = last is not None and last.remote_id == remote_id
    return intent, Written(
        remote_id, last.url, last.evidence
    ) if last is not None and same else Written(remote_id)


def _linked(row: Outbound) -> str:
    if not (row.item_id and row.object_type):
        return ""
    links = ExternalLink.objects.filter(
        connection=row.connection_id, item=row.item_id, object_type=row.object_type
    )
    return links.order_by("-pk").values_list("remote_id", flat=True).first() or ""
