"""Mail: notifications and invitations, sent by e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.adapters.mail.writer import MailWriter, open_and_close
from integrations.base.adapter import Adapter, Writer
from integrations.base.settings import schema

if TYPE_CHECKING:
    from integrations.base.connections import Connection


class MailAdapter(Adapter):
    """
    Sends through Django's e-mail settings.

    The connection holds no address of its own, only the health of the mail server.
    """

    kind = "mail"

    def answers(self, connection: Connection) -> bool:
        open_and_close()
        return True

    def writer(self, connection: Connection) -> Writer | None:
        return MailWriter()


schema(MailAdapter.kind)
