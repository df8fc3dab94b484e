"""Words for clients: states of requests, next steps, history and shared notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.requests.models import Request
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.files import File
from routing.work.gates import Words
from routing.work.items import WorkNoun
from routing.work.notes import Note

S = Request.State
MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class ClientStatus:
    """Status for clients. ``tone`` is calm, good, ask or over; ``then`` says what happens next."""

    label: Words
    then: Words
    tone: str = "calm"


_LOOKING = gettext_lazy("In review")
STATUSES: dict[str, ClientStatus] = {
    S.CAPTURED: ClientStatus(
        _LOOKING,
        gettext_lazy("We will review it and get back to you, or ask if something is missing."),
    ),
    S.NEEDS_INFORMATION: ClientStatus(
        gettext_lazy("We have a question"),
        gettext_lazy("We will continue once you have answered."),
        "ask",
    ),
    S.TRIAGED: ClientStatus(
        _LOOKING, gettext_lazy("We understand what you need. Next we decide how and when to do it.")
    ),
    S.ACCEPTED: ClientStatus(
        gettext_lazy("Accepted"), gettext_lazy("We are planning the work."), "good"
    ),
    S.IN_DELIVERY: ClientStatus(
        gettext_lazy("In progress"),
        gettext_lazy(
            "We are working on it. Anything that needs your decision appears on your home page."
        ),
        "good",
    ),
    S.DELIVERED: ClientStatus(
        gettext_lazy("Delivered"),
        gettext_lazy("We are checking that everything works as agreed."),
        "good",
    ),
    S.CLOSED: ClientStatus(gettext_lazy("Finished"), gettext_lazy("The work is complete."), "over"),
    S.REJECTED: ClientStatus(
        gettext_lazy("Declined"),
        gettext_lazy("We cannot take this on. Your contact person can tell you why."),
        "over",
    ),
    S.DUPLICATE: ClientStatus(
        gettext_lazy("Part of another request"),
        gettext_lazy("We are handling it as part of the other request."),
        "over",
    ),
    S.CANCELLED: ClientStatus(
        gettext_lazy("Cancelled"), gettext_lazy("We have stopped work on it."), "over"
    ),
}
AGREEING = ClientStatus(
    gettext_lazy("We need your agreement"),
    gettext_lazy("We have estimated the change. We will start once your company agrees."),
    "ask",
)
PAUSED = ClientStatus(
    gettext_lazy("Paused"),
    gettext_lazy("This work is paused. Ask your contact person when it will continue."),
    "ask",
)

# Only these events are shown to clients. Triage and edits are internal.
_HISTORY: dict[str, Words] = {
    "delivery.request.create": gettext_lazy("Received"),
    "delivery.request.ask": gettext_lazy("Question asked"),
    "delivery.request.answer": gettext_lazy("Question answered"),
    "delivery.request.accept": gettext_lazy("Accepted"),
    "delivery.request.state_impact": gettext_lazy("Estimate sent"),
    "delivery.request.accept_impact": gettext_lazy("Estimate accepted"),
    "delivery.request.decline_impact": gettext_lazy("Estimate declined"),
    "delivery.request.begin": gettext_lazy("Work started"),
    "delivery.request.deliver": gettext_lazy("Delivered"),
    "delivery.request.close": gettext_lazy("Finished"),
    "delivery.request.reject": gettext_lazy("Declined"),
    "delivery.request.mark_duplicate": gettext_lazy("Merged into another request"),
    "delivery.request.cancel": gettext_lazy("Cancelled"),
    "delivery.request.withdraw": gettext_lazy("Withdrawn"),
    "routing.workitem.hold": gettext_lazy("Paused"),
    "routing.workitem.resume": gettext_lazy("Resumed"),
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a request's history. ``who`` is you, a colleague, or empty for the agency."""

    at: datetime
    words: Words
    who: str


def status_of(row: Request) -> ClientStatus:
    if row.item.held_at and row.is_open:
        return PAUSED
    # After acceptance the impact is history, whatever its last answer was.
    if row.impact == Request.Impact.STATED and row.state in Request.before_acceptance:
        return AGREEING
    return STATUSES[row.state]


def history_of(row: Request, by: Actor) -> list[HistoryLine]:
    """Return the history for clients, newest first, without the agency's reasons."""
    found = (
        Event.objects.filter(item=row.item_id, kind__in=_HISTORY)
        .select_related("actor")
        .order_by("-id")
    )
    return [HistoryLine(event.at, _HISTORY[event.kind], _who(event.actor, by)) for event in found]


@dataclass(frozen=True, slots=True)
class SharedNote:
    """A shared note. ``who`` is as in ``HistoryLine``; ``files`` are those that still exist."""

    at: datetime
    who: str
    text: str
    files: tuple[File, ...]


def shared_notes(row: WorkNoun, by: Actor) -> list[SharedNote]:
    """
    Return notes and files shared with the client, newest first.

    Internal notes are never included.
    """
    found = (
        Note.objects.for_client()
        .filter(item=row.item_id)
        .select_related("author")
        .prefetch_related("files")[:MOST_NOTES]
    )
    notes = []
    for note in found:
        files = tuple(file for file in note.files.all() if file.is_kept)
        # Both may have been removed by redaction and retention.
        if note.body or files:
            notes.append(SharedNote(note.at, _who(note.author, by), note.body, files))
    return notes


def _who(person: User, by: Actor) -> str:
    if person.pk == by.user_id:
        return _("you")
    # Clients see the agency as a whole, not who works there.
    if person.is_staff or person.kind == User.Kind.SERVICE:
        return ""
    return _("a colleague")
