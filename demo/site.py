"""The demo's own site: static pages that the product serves."""

from __future__ import annotations

from datetime import datetime

from demo.agency.outside import Outside, register
from integrations.adapters.static.folder import INDEX, folder_of, put
from integrations.connections.operations import ConnectionSettings
from integrations.connections.operations import connect as keep_connection
from integrations.models import Connection, Outbound
from integrations.outbox.deliver import deliver_due
from integrations.outbox.notification_emails import KIND as MAIL
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

KIND, SLUG = "static", "northlight-sites"


def connect(at: datetime) -> tuple[str, str]:
    keep_connection(
        ConnectionSettings(kind=KIND, slug=SLUG, name="Northlight sites"), by=Actor.system(), at=at
    )
    return KIND, SLUG


def deliver(at: datetime) -> None:
    hush(at)
    deliver_due(clock=lambda: at)


def hush(at: datetime) -> None:
    """Discard waiting e-mails: notifications of the demo appear only at the desk."""
    mails = Outbound.objects.filter(connection__kind=MAIL, state=Outbound.State.PENDING)
    rows = list(mails.select_for_update().order_by("pk"))
    for row in rows:
        row.discard(at=at)
        why = "The past of the demo sends no e-mail."
        save_with_reason(row, by=Actor.system(), at=at, reason=why)


def edit(item_id: int, before: str, after: str) -> None:
    row = Outbound.objects.filter(item=item_id, state=Outbound.State.DELIVERED).latest("pk")
    file = folder_of(row.connection) / row.remote_id[1:] / INDEX
    put(file, file.read_bytes().replace(before.encode(), after.encode()))


def occupy(path: str) -> None:
    connection = Connection.objects.get(slug=SLUG)
    put(folder_of(connection) / path / INDEX, b"<!doctype html><title>Hut map</title>An older one")


register(Outside(connect, deliver, hush, edit, occupy))
