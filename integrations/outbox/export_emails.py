"""
E-mails about exports, queued in the transaction that makes a file ready or says why there is none.

They leave a minute later, so that who waited for the file and has it by then gets none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from integrations.adapters.mail.export_emails import EXPORT
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.notification_emails import mail_connection
from integrations.outbox.verbs import called
from routing.desk.operations.exports import FINISHED
from routing.models import Export
from routing.people.actors import Actor
from routing.work.registry import react

WAIT = timedelta(minutes=1)

called(EXPORT, _("Send an e-mail about an export"))


@react(FINISHED)
def write_export_emails(rows: Sequence[Export], by: Actor, at: datetime) -> None:
    """Queue one e-mail to the person of each export."""
    mail = mail_connection(at)
    wanted = []
    for row in rows:
        key = f"{EXPORT}:{row.pk}"
        content = {"to": row.user_id, "export": row.pk}
        wanted.append(NewMessage(mail.pk, key, EXPORT, key, content, due_at=at + WAIT))
    enqueue(wanted, by=by, at=at)
