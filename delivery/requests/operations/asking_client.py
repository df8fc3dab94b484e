"""Runs of the operations that put a question to the client and remind them of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from delivery.requests.details import AskDetails, RemindDetails
from delivery.requests.models import Request
from delivery.requests.question_gates import QuestionGateFacts
from delivery.requests.reach import reach_of
from routing.people.actors import Actor
from routing.people.clients import Contact, Membership
from routing.sla.operations.first_response import ResponseChannel, reached_client
from routing.sla.working_time import client_opens
from routing.work.door import Operation, OperationResult, move
from routing.work.files import File
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.visibility import files_seen_by

REMIND_AFTER = timedelta(days=2)


def who_is_asked(
    rows: Sequence[Request], by: Actor, at: datetime, details: object
) -> Mapping[int, QuestionGateFacts]:
    """Load who can answer each request, and whether the details record a call."""
    reach, called = reach_of(rows), _clients_called(details, by)
    found = {}
    for row in rows:
        names = ", ".join(each.full_name for each in reach[row.pk].answering)
        found[row.pk] = QuestionGateFacts(names, row.item.client_id in called)
    return found


def _clients_called(details: object, by: Actor) -> set[int]:
    """Return the clients that both the person called and the evidence belong to."""
    if not isinstance(details, AskDetails) or not (details.contact and details.evidence):
        return set()
    files = files_seen_by(by).kept().filter(pk=details.evidence, client__isnull=False)
    members = Membership.objects.filter(contact=details.contact, contact__erased_at=None)
    of_files = {client for client in files.values_list("client_id", flat=True) if client}
    return of_files & set(members.values_list("client_id", flat=True))


def next_reminders(rows: Sequence[Request], at: datetime) -> Mapping[int, datetime]:
    """Return when the client of each request is reminded next: in their working time."""
    later = at + REMIND_AFTER
    opens = client_opens([row.item.client for row in rows if row.item.client], later)
    return {row.pk: opens.get(row.item.client_id or 0, later) for row in rows}


def ask_client(
    step: Operation[AskDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: AskDetails,
) -> list[OperationResult]:
    """Ask, and keep a call with its evidence as an internal note. Both happen, or neither."""
    results: list[OperationResult] = []
    with transaction.atomic(savepoint=False):
        dues = next_reminders(_rows(ids), at)
        for pk in dict.fromkeys(ids):
            whole = replace(details, remind_at=dues.get(pk))
            results += move(step, [pk], by=by, at=at, reason=reason, details=whole)
        for result in results:
            if result.done and details.evidence:
                _keep_call(result.row, details, by=by, at=at)
        # The gate lets a question through only if it reaches somebody: in the portal or by phone.
        how = ResponseChannel.CALL if details.evidence else ResponseChannel.PORTAL
        asked = [result.row.item_id for result in results if result.done]
        reached_client(asked, how, by=by, at=at)
    return results


def remind_client(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    inner = step.with_details(RemindDetails)
    results: list[OperationResult] = []
    with transaction.atomic(savepoint=False):
        dues = next_reminders(_rows(ids), at)
        for pk in dict.fromkeys(ids):
            details = RemindDetails(dues.get(pk, at + REMIND_AFTER))
            results += move(inner, [pk], by=by, at=at, reason=reason, details=details)
    return results


def _rows(ids: Sequence[int]) -> list[Request]:
    return list(Request.objects.filter(pk__in=ids).select_related("item__client"))


def _keep_call(row: Request, details: AskDetails, *, by: Actor, at: datetime) -> None:
    contact = Contact.objects.get(pk=details.contact or 0)
    body = _("Asked in a call with %(who)s: %(question)s") % {
        "who": contact.full_name,
        "question": details.question,
    }
    files = list(File.objects.filter(pk=details.evidence or 0))
    notes.write(
        row.item,
        body=body,
        audience=Note.Audience.INTERNAL,
        files=files,
        by=by,
        at=at,
        quiet=True,
    )
