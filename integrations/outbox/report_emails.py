"""
E-mails with a report, queued in the transaction that makes it.

Each recipient has a message of their own, so that a failed one holds back no other. All e-mails of
one report have one Message-ID, also when one is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.models import Report, ReportRecipient
from delivery.reports.operations.making import SENT, recipients_of
from integrations.adapters.mail.report_emails import REPORT
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.notification_emails import mail_connection
from integrations.outbox.verbs import called
from routing.models import User
from routing.people.actors import Actor
from routing.work.registry import react

called(REPORT, _("E-mail with a report"))


@react(SENT)
def write_reports(rows: Sequence[Report], by: Actor, at: datetime) -> None:
    """Queue an e-mail to every recipient of the report's schedule, once to each address."""
    mail = mail_connection(at)
    wanted = []
    for row in rows:
        shared = f"{REPORT}:{row.pk}"
        found: dict[tuple[str, int], None] = {}
        for recipient in _recipients(row):
            found |= dict.fromkeys(_people(recipient))
        for kind, pk in found:
            key = f"{shared}:{kind}:{pk}"
            content = {"report": row.pk, "message_id": shared, kind: pk}
            wanted.append(NewMessage(mail.pk, key, REPORT, key, content))
    enqueue(wanted, by=Actor.system(), at=at)


def _recipients(row: Report) -> Sequence[ReportRecipient]:
    return recipients_of(row.schedule) if row.schedule is not None else ()


def _people(recipient: ReportRecipient) -> Iterator[tuple[str, int]]:
    """Yield each person or contact; whether they may see it is asked when it leaves."""
    if recipient.contact_id is not None:
        yield "contact", recipient.contact_id
    elif recipient.user_id is not None:
        yield "to", recipient.user_id
    else:
        people = User.objects.people().filter(is_active=True, groups__name=recipient.role)
        for pk in people.order_by("pk").values_list("pk", flat=True):
            yield "to", pk
