"""How a client reads the work: states, next steps and history in their words, never in the agency's own."""

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
class Standing:
    """``tone`` is calm, good, ask or over; ``then`` says what happens next, and who does it."""

    label: Words
    then: Words
    tone: str = "calm"


_LOOKING = gettext_lazy("We are looking at it")
STANDINGS: dict[str, Standing] = {
    S.CAPTURED: Standing(_LOOKING, gettext_lazy("We read it and come back to you, or ask if something is missing.")),
    S.NEEDS_INFORMATION: Standing(gettext_lazy("We have a question"), gettext_lazy("Once it is answered, we go on."), "ask"),
    S.TRIAGED: Standing(_LOOKING, gettext_lazy("We know what you need and decide how and when to do it.")),
    S.ACCEPTED: Standing(gettext_lazy("Accepted"), gettext_lazy("We plan the work."), "good"),
    S.IN_DELIVERY: Standing(
        gettext_lazy("In progress"), gettext_lazy("We are working on it. What needs your decision shows up on your home page."), "good"
    ),
    S.DELIVERED: Standing(gettext_lazy("Delivered"), gettext_lazy("We check that everything works as agreed."), "good"),
    S.CLOSED: Standing(gettext_lazy("Finished"), gettext_lazy("Nothing is left to do."), "over"),
    S.REJECTED: Standing(gettext_lazy("Not taken on"), gettext_lazy("We cannot do this. Your contact person can tell you why."), "over"),
    S.DUPLICATE: Standing(gettext_lazy("Part of another request"), gettext_lazy("We go on with the other one."), "over"),
    S.CANCELLED: Standing(gettext_lazy("Called off"), gettext_lazy("Nothing is done about it any more."), "over"),
}
AGREEING = Standing(
    gettext_lazy("We need your agreement"), gettext_lazy("We said what the change means. Once your company agrees, we begin."), "ask"
)
PAUSED = Standing(gettext_lazy("Paused"), gettext_lazy("Work rests for now. Your contact person can tell you when it goes on."), "ask")

_TOLD: dict[str, Words] = {
    "delivery.request.create": gettext_lazy("Received"),
    "delivery.request.ask": gettext_lazy("Question asked"),
    "delivery.request.answer": gettext_lazy("Question answered"),
    "delivery.request.accept": gettext_lazy("Accepted"),
    "delivery.request.state_impact": gettext_lazy("We said what the change means"),
    "delivery.request.accept_impact": gettext_lazy("Agreed with what the change means"),
    "delivery.request.decline_impact": gettext_lazy("Disagreed with what the change means"),
    "delivery.request.begin": gettext_lazy("Work began"),
    "delivery.request.deliver": gettext_lazy("Delivered"),
    "delivery.request.close": gettext_lazy("Finished"),
    "delivery.request.reject": gettext_lazy("Not taken on"),
    "delivery.request.mark_duplicate": gettext_lazy("Joined with another request"),
    "delivery.request.cancel": gettext_lazy("Called off"),
    "delivery.request.withdraw": gettext_lazy("Withdrawn"),
    "routing.workitem.hold": gettext_lazy("Paused"),
    "routing.workitem.resume": gettext_lazy("Taken up again"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a request's history; ``who`` is you, a colleague, or the agency as a whole (empty)."""

    at: datetime
    words: Words
    who: str


def standing_of(row: Request) -> Standing:
    if row.item.held_at and row.is_open:
        return PAUSED
    return AGREEING if row.impact == Request.Impact.STATED and row.state in Request.before_acceptance else STANDINGS[row.state]


def history_of(row: Request, by: Actor) -> list[Told]:
    """What happened, newest first: only what is named above, without reasons, which are the agency's own."""
    found = Event.objects.filter(item=row.item_id, kind__in=_TOLD).select_related("actor").order_by("-id")
    return [Told(event.at, _TOLD[event.kind], _who(event.actor, by)) for event in found]


@dataclass(frozen=True, slots=True)
class Said:
    """A shared note. ``who`` is as in ``Told``; ``files`` are those whose bytes are still there."""

    at: datetime
    who: str
    text: str
    files: tuple[File, ...]


def shared_notes(row: WorkNoun, by: Actor) -> list[Said]:
    """What was written or sent about a piece of work for the client to read too, newest first; never the agency's own notes."""
    found = Note.objects.for_client().filter(item=row.item_id).select_related("author").prefetch_related("files")[:MOST_NOTES]
    said = [Said(note.at, _who(note.author, by), note.body, tuple(each for each in note.files.all() if each.is_kept)) for note in found]
    return [each for each in said if each.text or each.files]


def _who(person: User, by: Actor) -> str:
    if person.pk == by.user_id:
        return _("you")
    return "" if person.is_staff or person.kind == User.Kind.SERVICE else _("a colleague of yours")
