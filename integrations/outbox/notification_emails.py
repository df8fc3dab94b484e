"""
New messages to people become letters: those that come within five minutes of the first go in one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
from routing.models import Contact, Notification, User
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.work.registry import react

KIND, VERB = "mail", called("mail.tell", _("Send an e-mail"))
called(INVITE, _("Send an invitation"))
TOGETHER = timedelta(minutes=5)


@channel
def write_emails(notifications: Sequence[Notification], at: datetime) -> None:
    """
    One letter a person, or a line more in the one that waits already.

    Who caused a message has none, so gets no letter.
    """
    mail = mail_connection(at)
    by_person: dict[int, list[int]] = defaultdict(list)
    for each in notifications:
        by_person[each.recipient_id].append(each.pk)
    waiting = _waiting(mail, by_person, at)
    for person, row in waiting.items():
        row.content = {
            "to": person,
            "messages": list(dict.fromkeys([*row.content["messages"], *by_person[person]])),
        }
        row.digest = digest_of(row.content, row.assets)
    Outbound.objects.bulk_update(waiting.values(), ["content", "digest"])
    fresh = [
        _wanted(mail, person, messages, at)
        for person, messages in sorted(by_person.items())
        if person not in waiting
    ]
    enqueue(fresh, by=Actor.system(), at=at)


@react(INVITED)
def write_invitations(rows: Sequence[Contact], by: Actor, at: datetime) -> None:
    """A letter of its own, at once: who is invited waits for it."""
    mail = mail_connection(at)
    keys = {row.pk: f"{INVITE}:{row.pk}:{at.isoformat()}" for row in rows}
    contents = {row.pk: {"to": row.user_id, "contact": row.pk, "by": by.user_id} for row in rows}
    enqueue(
        [NewMessage(mail.pk, keys[row.pk], INVITE, keys[row.pk], contents[row.pk]) for row in rows],
        by=Actor.system(),
        at=at,
    )


def _waiting(mail: Connection, people: dict[int, list[int]], at: datetime) -> dict[int, Outbound]:
    """
    The letters that still wait for more, by person.

    One that another transaction is at work on is left alone: nobody waits.
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


def _wanted(mail: Connection, person: int, messages: Sequence[int], at: datetime) -> NewMessage:
    # Each letter is an object of its own: one that fails holds no other back.
    key = f"{VERB}:{person}:{messages[0]}"
    return NewMessage(
        mail.pk, key, VERB, key, {"to": person, "messages": list(messages)}, due_at=at + TOGETHER
    )


def mail_connection(at: datetime) -> Connection:
    """
    The connection that letters go through, made when the first one is written; switching it off
    keeps them waiting.
    """
    found = Connection.objects.filter(kind=KIND).order_by("pk").first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            made = Connection(
                slug=KIND,
                kind=KIND,
                name="Mail",
                service_user=User.objects.service("mail@connection.throughline.invalid", "Mail"),
            )
            save_with_reason(made, by=Actor.system(), at=at, reason="The first e-mail was queued.")
            return made
    except IntegrityError:  # somebody else wrote the first letter at the same moment
        return Connection.objects.get(slug=KIND)
