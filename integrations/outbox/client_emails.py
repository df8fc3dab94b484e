"""
E-mails to the people of a client about a request, queued in the transaction that causes them.

Each is an object of its own, so that a failed one blocks no other. The row holds ids only: the text
is written when it leaves. A receipt leaves at once. The others leave in the client's working time,
unless the work is urgent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable, Request
from delivery.progress.operations import receipts
from delivery.progress.operations.launching import launch_by_hand
from delivery.requests.operations import requests
from delivery.requests.reach import ClientPerson, Reach, reach_of
from delivery.turns.parties import REQUESTER
from integrations.adapters.mail.client_emails import ClientEmail
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.notification_emails import mail_connection
from integrations.outbox.verbs import called
from routing.messages.telling import emails
from routing.models import Client, Contact, WorkItem
from routing.people.actors import Actor
from routing.sla.working_time import client_opens
from routing.work.creation import created
from routing.work.registry import react

LABELS = {
    ClientEmail.RECEIPT: _("E-mail to the client: receipt"),
    ClientEmail.QUESTION: _("E-mail to the client: question"),
    ClientEmail.REMINDER: _("E-mail to the client: reminder"),
    ClientEmail.REFUSAL: _("E-mail to the client: refusal"),
    ClientEmail.ACCEPTANCE: _("E-mail to the client: acceptance"),
    ClientEmail.LIVE: _("E-mail to the client: live"),
    ClientEmail.FILES: _("E-mail to the client: files"),
    ClientEmail.DELIVERED: _("E-mail to the client: delivered"),
    ClientEmail.CANCELLED: _("E-mail to the client: cancelled"),
}
for _kind, _label in LABELS.items():
    called(_kind, _label)
MOST_EARLIER = 10  # e-mails of a thread that a new one refers to
AT_ONCE = (ClientEmail.RECEIPT,)
# A request is delivered in the transaction that takes its last page live. The page comes first.
AFTER = {ClientEmail.DELIVERED: timedelta(minutes=1)}

People = Callable[[Reach], Iterable[ClientPerson]]


def informed(reach: Reach) -> Iterable[ClientPerson]:
    return reach.informed


def asked(reach: Reach) -> Iterable[ClientPerson]:
    return reach.asked


def write_client_emails(
    kind: ClientEmail,
    rows: Sequence[Request],
    *,
    at: datetime,
    works: Mapping[int, Sequence[Deliverable]] | None = None,
    to: People = informed,
) -> None:
    """
    Queue an e-mail for each person of each request.

    :param works: deliverables by request id, for an e-mail about each of them
    """
    reach = reach_of(rows)
    people: dict[int, list[int]] = {}
    for row in rows:
        people[row.pk] = [each.contact_id for each in to(reach[row.pk]) if each.email]
    if not any(people.values()):
        return
    mail, earlier = mail_connection(at), _earlier([row.item_id for row in rows])
    opens = _opens(kind, rows, at)
    wanted = []
    for row in rows:
        due = opens.get(row.pk, at) + AFTER.get(kind, timedelta())
        for contact in people[row.pk]:
            thread = earlier[row.item_id, contact]
            for work in (works or {}).get(row.pk, [None]):
                key = _key(kind, row, work, contact, at)
                content = {
                    "contact": contact,
                    "request": row.pk,
                    "earlier": [*thread[:1], *thread[1:][-MOST_EARLIER:]],
                }
                if work is not None:
                    content["deliverable"] = work.pk
                wanted.append(
                    NewMessage(mail.pk, key, kind, key, content, item_id=row.item_id, due_at=due)
                )
                thread.append(key)
    enqueue(wanted, by=Actor.system(), at=at)


def _opens(kind: ClientEmail, rows: Sequence[Request], at: datetime) -> Mapping[int, datetime]:
    """Return the working time in which an e-mail can wait to leave, by request id."""
    urgent = WorkItem.Priority.URGENT
    waiting = [row for row in rows if kind not in AT_ONCE and row.item.priority != urgent]
    if not waiting:
        return {}
    clients = Client.objects.in_bulk({row.item.client_id for row in waiting} - {None})
    opens = client_opens(clients.values(), at)
    return {row.pk: opens.get(row.item.client_id or 0, at) for row in waiting}


def _key(
    kind: ClientEmail, row: Request, work: Deliverable | None, contact: int, at: datetime
) -> str:
    # With the time: a question can be asked again, and a page can go live again.
    about = f"{row.pk}.{work.pk}" if work else str(row.pk)
    return f"{kind}:{about}:{contact}:{_instant(at)}"


def _instant(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S%f}"


def _earlier(items: Sequence[int]) -> dict[tuple[int, int], list[str]]:
    """Return the keys of the e-mails that were queued before, by work item and contact."""
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    rows = Outbound.objects.filter(item__in=items, verb__in=list(ClientEmail)).order_by("pk")
    for item, content, key in rows.values_list("item_id", "content", "key"):
        found[item or 0, content.get("contact", 0)].append(key)
    return found


@react(created(Request))
def acknowledge(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """
    Send the receipt to the person who asked.

    A deal in the CRM is the agency's own entry: nobody at the client waits for a receipt.
    """
    sent = [row for row in rows if row.contact_id and row.channel != Request.Channel.CRM]
    if sent:
        write_client_emails(ClientEmail.RECEIPT, sent, at=at, to=_own_only(sent))


def _own_only(rows: Sequence[Request]) -> People:
    contacts = {row.contact_id for row in rows}
    return lambda reach: [each for each in reach.informed if each.contact_id in contacts]


@react(requests.ask)
def put_question(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    write_client_emails(ClientEmail.QUESTION, rows, at=at, to=asked)


@react(requests.remind)
def put_question_again(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    write_client_emails(ClientEmail.REMINDER, rows, at=at, to=asked)


@react(requests.accept)
def tell_acceptance(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    write_client_emails(ClientEmail.ACCEPTANCE, rows, at=at)


@react(requests.reject)
def tell_refusal(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    write_client_emails(ClientEmail.REFUSAL, rows, at=at)


@react(requests.cancel)
def tell_cancelled(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    write_client_emails(ClientEmail.CANCELLED, rows, at=at)


@react(requests.deliver)
def tell_delivered(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    write_client_emails(ClientEmail.DELIVERED, rows, at=at)


@react(deliverables.go_live)
def tell_live(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    _tell_of_works(ClientEmail.LIVE, rows, at)


@react(launch_by_hand)
def tell_launched(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Write once, and not again when a launch is recorded anew."""
    first = [row for row in rows if row.live_at == at]
    _tell_of_works(ClientEmail.LIVE, first, at)


@react(deliverables.hand_out, receipts.remind_receipt)
def tell_files(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    _tell_of_works(ClientEmail.FILES, rows, at)


def _tell_of_works(kind: ClientEmail, rows: Sequence[Deliverable], at: datetime) -> None:
    works: dict[int, list[Deliverable]] = defaultdict(list)
    for row in rows:
        works[row.request_id].append(row)
    about = Request.objects.filter(pk__in=works).select_related("item").order_by("pk")
    write_client_emails(kind, list(about), at=at, works=works)


# -- The table of messages -------------------------------------------------------------------------

for _cause, _sent in (
    (created(Request), ClientEmail.RECEIPT),
    (requests.ask, ClientEmail.QUESTION),
    (requests.remind, ClientEmail.REMINDER),
    (requests.accept, ClientEmail.ACCEPTANCE),
    (requests.reject, ClientEmail.REFUSAL),
    (requests.cancel, ClientEmail.CANCELLED),
    (requests.deliver, ClientEmail.DELIVERED),
    (deliverables.go_live, ClientEmail.LIVE),
    (launch_by_hand, ClientEmail.LIVE),
    (deliverables.hand_out, ClientEmail.FILES),
    (receipts.remind_receipt, ClientEmail.FILES),
):
    emails(_cause, REQUESTER, content=LABELS[_sent])


def addresses_of(at: datetime) -> list[str]:
    """Return the addresses of the contacts to whom a step at this instant queued an e-mail."""
    rows = Outbound.objects.filter(
        verb__in=list(ClientEmail), key__endswith=f":{_instant(at)}", created_at__gte=at
    )
    contacts = {content.get("contact") for content in rows.values_list("content", flat=True)}
    return list(Contact.objects.filter(pk__in=contacts).values_list("email", flat=True))
