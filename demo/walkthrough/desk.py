"""Acts 8 to 10: requests by phone, an absent owner, and a question that stays unanswered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO

from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import transaction

from delivery.models import Request
from delivery.progress.operations.recording import NewRequest, record
from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from delivery.requests.operations.unanswered import MOST_REMINDERS, remind_due
from demo.walkthrough.flow import alone, ensure_desk_flow
from demo.walkthrough.people import by
from demo.walkthrough.told import Told, turn_is
from demo.walkthrough.walk import Walk, WalkthroughJob, fresh, now, where
from routing.kernel.reasons import Reason
from routing.models import (
    Absence,
    Contact,
    ExceptionCase,
    Note,
    Notification,
    RunEvent,
    User,
    WorkItem,
)
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.operations.runs import cancel
from routing.work.turns import turns_of_mine

Words = Notification.Words
QUESTIONS = (
    "started", "known", "rule", "candidates", "owner", "waiting", "due", "outside", "outcome",
    "by_hand",
)  # fmt: skip
WHY = "The walkthrough only shows how it comes in."
EVIDENCE = "Robin called at noon: the opening hours on the page are those of last year."
# Two reminders and the time after them, with room for weekends and holidays.
LONG_AGO = timedelta(days=21)
MINUTE = timedelta(minutes=1)


def phoned(walk: Walk) -> Request:
    """Record a call with its evidence, and ask its trace the ten questions."""
    transcript = walk.transcript
    client = walk.job.run.item.client
    assert client is not None  # decided before
    with alone():
        ensure_desk_flow(walk.cast, client, now())
    upload = ContentFile(f"{EVIDENCE} {walk.token}".encode(), name="call.txt")
    request = _recorded(walk, f"Opening hours {walk.token}", now(), [upload])
    run = walk.job.run
    started = RunEvent.objects.get(run=run, part=RunEvent.Part.STARTED).event
    transcript.check(
        started.kind == "desk.request" and run.decisions.count() == 1,
        f"one event and one run, {run.item.ref}, which is decided",
        started.kind,
    )
    notes = list(Note.objects.filter(item=request.item_id))
    transcript.check(
        len(notes) == 1 and EVIDENCE in notes[0].body and notes[0].files.count() == 1,
        "what the client said and the file are an internal note of the request",
        len(notes),
    )
    answers = _answers(request)
    transcript.check(
        tuple(answers) == QUESTIONS and all(answers.values()),
        f"manage.py trace {request.item.ref} --questions answers all ten questions",
        [key for key in QUESTIONS if not answers.get(key)],
    )
    for key in ("started", "rule", "owner", "waiting"):
        transcript.note(f"  {key}: {answers[key].splitlines()[0]}")
    return request


def away(walk: Walk, call: Request) -> None:
    """
    Record a request while the owner of the earlier one is away.

    The absence begins and ends within one transaction, so it affects nobody else's work.
    """
    transcript, lead, item = walk.transcript, by(walk.cast.lead), call.item
    owner, backup = item.owner, item.backup
    assert owner is not None  # open work always has both
    assert backup is not None
    with transaction.atomic():
        at = now()
        absence = Absence(user=owner, starts_at=at, ends_at=at + timedelta(days=1))
        save_with_reason(absence, by=lead, at=at, reason=WHY)
        transcript.note(f"{owner} is away for a day, and the client calls again.")
        request = _recorded(walk, f"Directions {walk.token}", now())
        transcript.check(
            request.item.owner_id != owner.pk,
            f"{request.item.owner} owns the new request, not {owner}",
            request.item.owner,
        )
        said = [line for line in _answers(request)["candidates"].splitlines() if str(owner) in line]
        transcript.check(
            any("absent" in line for line in said), f"the trace says why: {' '.join(said)}"
        )
        transcript.check(
            _is_turn_of(backup, item), f"{item.ref} is now {backup}'s turn as well, as the backup"
        )
        absence.ends_at = now()
        save_with_reason(absence, by=lead, at=now(), reason="Back again.")
    transcript.check(not _is_turn_of(backup, item), f"{owner} is back, so it is not any more")
    for job in walk.jobs[-2:]:
        _cancelled(walk, job)


def unanswered(walk: Walk) -> None:
    """
    Ask the client a question three weeks ago, and go to each reminder and to the limit.

    All of it is undone at the end: what is dated three weeks ago today would rightly be reported as
    backdated by `manage.py verify`.
    """
    with transaction.atomic():
        _unanswered(walk)
        walk.jobs.pop()
        transaction.set_rollback(True)


def _unanswered(walk: Walk) -> None:
    transcript, at = walk.transcript, now() - LONG_AGO
    request = _recorded(walk, f"Parking {walk.token}", at)
    job, owner = walk.job, _owner(request)
    told, details = Told(job.run), AskDetails("How many cars fit?")
    transcript.done(
        requests.ask([request.pk], by=by(owner), at=at + MINUTE, details=details),
        f"{owner} asks the client: {details.question}",
    )
    told.exactly(walk.transcript, [], ["mail.question"])
    turn_is(walk.transcript, request.item, "requester", [_user(job.contact)])
    for number in range(1, MOST_REMINDERS + 1):
        told = Told(job.run)
        due = _due(request)
        transcript.check(
            remind_due(at=due, only=[request.pk]) == 1,
            f"reminder {number} is due and sent on {due:%d %b at %H:%M} UTC",
        )
        told.exactly(walk.transcript, [], ["mail.reminder"])
    told = Told(job.run)
    # Not earlier, so that the exception has its whole timebox.
    due = _due(request)
    transcript.check(
        due <= now() and remind_due(at=now(), only=[request.pk]) == 1,
        f"nobody answered until {due:%d %b at %H:%M} UTC, so the question goes to the owner",
    )
    case = ExceptionCase.objects.select_related("item__owner").get(item__parent=request.item_id)
    transcript.check(
        case.reason == Reason.NO_ANSWER and case.item.owner_id == owner.pk,
        f"{case.item.owner} gets exception {case.item.ref}: {case.evidence['message']}",
        case.reason,
    )
    told.exactly(walk.transcript, [(owner, Words.EXCEPTION)])
    turn_is(walk.transcript, case.item, "owner", [owner])
    told = Told(job.run)
    transcript.done(
        requests.answer(
            [request.pk],
            by=Actor.of(_user(job.contact)),
            at=now(),
            details=AnswerDetails("Forty cars."),
        ),
        f"{job.contact.full_name} answers at last",
    )
    told.exactly(walk.transcript, [(owner, Words.ANSWERED)])
    transcript.check(
        not fresh(case).is_open, f"{case.item.ref} is settled by that", fresh(case).state
    )
    turn_is(walk.transcript, request.item, "owner", [owner])
    _cancelled(walk, job)


def _due(request: Request) -> datetime:
    """Return when the product does something about the silence next."""
    due = fresh(request).remind_at
    assert due is not None  # it was asked
    return due


def _recorded(
    walk: Walk, title: str, at: datetime, uploads: Sequence[ContentFile[bytes]] = ()
) -> Request:
    """Record a request by phone as a new job, and count what it tells whom."""
    before, lead = walk.job, walk.cast.lead
    client, contact = before.run.item.client, Contact.objects.get(pk=before.contact.pk)
    assert client is not None  # decided before
    call = NewRequest(
        client=client,
        title=title,
        channel=Request.Channel.PHONE,
        contact=contact,
        details="The page needs it.",
        evidence=EVIDENCE,
        uploads=uploads,
    )
    told = Told(before.run)
    made = record(call, by=by(lead), at=at)
    walk.transcript.check(made.request, f"{lead} records a call of {contact.full_name}: “{title}”")
    assert made.request is not None  # checked
    request, run = made.request, made.run
    walk.jobs.append(WalkthroughJob(title, run=run, request=request, contact=contact))
    walk.transcript.note(f"Request {request.item.ref}.", where(request.item))
    told.of(run).exactly(walk.transcript, [(_owner(request), Words.OWNS)], ["mail.receipt"])
    turn_is(walk.transcript, request.item, "owner", [_owner(request)])
    return request


def _cancelled(walk: Walk, job: WalkthroughJob) -> None:
    told, lead, item = Told(job.run), walk.cast.lead, job.request.item
    walk.transcript.done(
        cancel([job.run.pk], by=by(lead), at=now(), reason=WHY), f"{lead} cancels {item.ref}"
    )
    people = [user for user in (item.owner, item.backup) if user and user.pk != lead.pk]
    told.exactly(walk.transcript, [(user, Words.CANCELLED) for user in people], ["mail.cancelled"])


def _answers(request: Request) -> dict[str, str]:
    out = StringIO()
    call_command("trace", request.item.ref, "--questions", "--json", stdout=out)
    found = json.loads(out.getvalue())["questions"]
    return {each["key"]: each["answer"] for each in found}


def _is_turn_of(user: User, item: WorkItem) -> bool:
    mine = turns_of_mine(WorkItem.objects.filter(pk=item.pk), by(user), now())
    return mine.exists()


def _owner(request: Request) -> User:
    owner = request.item.owner
    assert owner is not None  # open work always has one
    return owner


def _user(contact: Contact) -> User:
    assert contact.user is not None  # invited before
    return contact.user
