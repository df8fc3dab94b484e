"""An e-mail that the client accepted is a first response, unless it was sent by itself."""

from __future__ import annotations

from datetime import datetime

from integrations.adapters.mail.client_emails import ClientEmail
from integrations.adapters.mail.writer import NOBODY
from integrations.outbox.models import Outbound
from integrations.outbox.outcomes import on_delivered
from routing.people.actors import Actor
from routing.sla.operations.first_response import ResponseChannel, reached_client

# A receipt leaves by itself. It says that something arrived, and answers nothing.
AUTOMATIC = {ClientEmail.RECEIPT, ClientEmail.REMINDER}
RESPONSES = [kind.value for kind in ClientEmail if kind not in AUTOMATIC]


@on_delivered(*RESPONSES)
def respond(row: Outbound, by: Actor, at: datetime) -> None:
    if row.item_id is not None and row.remote_id != NOBODY:
        reached_client([row.item_id], ResponseChannel.EMAIL, by=by, at=at)
