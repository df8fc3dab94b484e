"""Mail: what people are told at the desk, brought to them by e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.adapters.mail.writer import MailWriter
from integrations.base.adapter import Adapter, Writer

if TYPE_CHECKING:
    from integrations.base.connections import Connection


class MailAdapter(Adapter):
    """
    Sends through Django's e-mail settings: the connection holds no address, only the state of the
    mail server's health.
    """

    kind = "mail"

    def writer(self, connection: Connection) -> Writer | None:
        return MailWriter()
