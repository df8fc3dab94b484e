"""
Send notifications by e-mail.

Those that follow within five minutes of the first go into one e-mail. It leaves in the recipient's
working time, unless something in it is urgent. Invitations leave at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from integrations.adapters.mail.content import INVITE
from integrations.base.connections import Connection
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.rows import digest_of
from integrations.outbox.verbs import called
from routing.cover.operations.portal_access import INVITED
from routing.messages.channels import channel
from routing.models import Contact, Notification, User, WorkItem
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.sla.working_time import client_opens, staff_opens
from routing.work.registry import react

KIND, VERB = "mail", called("mail.tell", _("Send an e-mail"))
called(INVITE, _("Send an invitation"))
TOGETHER = timedelta(minutes=5)


# These come in working time by themselves, and somebody must act now.
URGENT = frozenset(
    {
        Notification.Words.WARNING.value,
        Notification.Words.BREACH.value,
        Notification.Words.ESCALATION.value,
    }
)


@channel
def write_emails(notifications: Sequence[Notification], at: datetime) -> None:
    """
    Write one e-mail for each person, or add to the one that is already waiting.

    The person who caused a notification does not get it, and so gets no e-mail.
    """
    mail = mail_connection(at)
    by_person: dict[int, list[int]] = defaultdict(list)
    for each in notifications:
        by_person[each.recipient_id].append(each.pk)
    dues = _dues(notifications, at)
    waiting = _waiting(mail, by_person, at)
    for person, row in waiting.items():
        row.content = {
            "to": person,
            "messages": list(dict.fromkeys([*row.content["messages"], *by_person[person]])),
        }
        row.digest = digest_of(row.content, row.assets)
        # Urgent news takes along what waits for the morning.
        row.due_at = min(row.due_at, dues[person])
    Outbound.objects.bulk_update(waiting.values(), ["content", "digest", "due_at"])
    fresh = [
        _new_email(mail, person, ids, dues[person])
        for person, ids in sorted(by_person.items())
        if person not in waiting
    ]
    enqueue(fresh, by=Actor.system(), at=at)


def _dues(notifications: Sequence[Notification], at: datetime) -> Mapping[int, datetime]:
    """
    Return when the e-mail of each recipient is due: five minutes on, or when they work next. That
    an incident was opened leaves at once.
    """
    soon = at + TOGETHER
    dues = {row.recipient_id: soon for row in notifications if row.words in URGENT}
    opened = Notification.Words.INCIDENT
    dues |= {row.recipient_id: at for row in notifications if row.words == opened}
    # A sweep tells of a thousand clocks at once. Nothing more is read about what is urgent.
    ids = [row.pk for row in notifications if row.recipient_id not in dues]
    return {**dues, **_patient_dues(ids, soon)} if ids else dues


def _patient_dues(ids: Sequence[int], soon: datetime) -> Mapping[int, datetime]:
    rows = list(
        Notification.objects.filter(pk__in=ids)
        .select_related("recipient", "item__client")
        .order_by("pk")
    )
    patient = [row for row in rows if row.item.priority != WorkItem.Priority.URGENT]
    staff = {row.recipient_id: row.recipient for row in patient if row.recipient.is_staff}
    clients = [row.item.client for row in patient if not row.recipient.is_staff]
    opens = staff_opens(staff.values(), soon) if staff else {}
    at_client = client_opens([each for each in clients if each], soon) if clients else {}
    dues: dict[int, datetime] = {}
    for row in rows:
        if row.item.priority == WorkItem.Priority.URGENT:
            due = soon
        elif row.recipient.is_staff:
            due = opens[row.recipient_id]
        else:
            due = at_client.get(row.item.client_id or 0, soon)
        dues[row.recipient_id] = min(dues.get(row.recipient_id, due), due)
    return dues


@react(INVITED)
def write_invitations(rows: Sequence[Contact], by: Actor, at: datetime) -> None:
    """Send each invitation at once, in an e-mail of its own: the person is waiting for it."""
    mail = mail_connection(at)
    wanted = []
    for row in rows:
        key = f"{INVITE}:{row.pk}:{at.isoformat()}"
        content = {"to": row.user_id, "contact": row.pk, "by": by.user_id}
        wanted.append(NewMessage(mail.pk, key, INVITE, key, content))
    enqueue(wanted, by=Actor.system(), at=at)


def _waiting(mail: Connection, people: dict[int, list[int]], at: datetime) -> dict[int, Outbound]:
    """
    Return the e-mails that are still waiting, by person.

    One that another transaction has locked is skipped, because a second e-mail costs less than a
    wait here: work that notifies people must not wait for a worker.
    """
    rows = Outbound.objects.filter(
        connection=mail,
        state=Outbound.State.PENDING,
        verb=VERB,
        due_at__gt=at,
        attempts=0,
        content__to__in=list(people),
    )
    return {
        row.content["to"]: row for row in rows.order_by("-pk").select_for_update(skip_locked=True)
    }


def _new_email(
    mail: Connection, person: int, notifications: Sequence[int], due_at: datetime
) -> NewMessage:
    # Each e-mail is an object of its own, so that a failed one blocks no other.
    key = f"{VERB}:{person}:{notifications[0]}"
    content = {"to": person, "messages": list(notifications)}
    return NewMessage(mail.pk, key, VERB, key, content, due_at=due_at)


def mail_connection(at: datetime) -> Connection:
    """
    Return the connection for e-mails, which is created with the first one.

    While it is inactive, e-mails wait.
    """
    found = Connection.objects.filter(kind=KIND).order_by("pk").first()
    if found is not None:
        return found
    try:
        # A savepoint, so that the conflict below does not abort the caller's transaction.
        with transaction.atomic():
            made = Connection(
                slug=KIND,
                kind=KIND,
                name="Mail",
                service_user=User.objects.service("mail@connection.throughline.invalid", "Mail"),
            )
            save_with_reason(made, by=Actor.system(), at=at, reason="The first e-mail was queued.")
            return made
    except IntegrityError:  # another transaction created it at the same moment
        return Connection.objects.get(slug=KIND)
