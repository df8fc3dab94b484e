"""
Requests by phone, e-mail or in a meeting: recorded by hand as events, and taken in at once.

The rules of the flow choose who owns the request, or the person who records it does and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from django.core.files.base import File as Upload
from django.db import transaction
from django.db.models import Choices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.requests.models import Request
from delivery.requests.rules import rules_of
from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue
from routing.flows.fields import FieldType
from routing.kernel.events import Event, Payload
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.people.clearance import clearance_of
from routing.people.clients import Client, Contact, client_numbers
from routing.people.staff import User
from routing.runs.by_hand import BECAUSE, CHANNEL, CHOSEN, SOURCE, hand_records
from routing.runs.fact_words import fact_word
from routing.runs.held_events import HeldEvent
from routing.runs.models import Run, RunEvent
from routing.runs.operations.capture import Capture, Signal, capture
from routing.runs.operations.take_in import take_in
from routing.runs.registry import Problem, enricher, event_clients, recogniser
from routing.work.files import File
from routing.work.items import WorkItem
from routing.work.notes import Note
from routing.work.operations.files import keep
from routing.work.operations.notes import write

KIND = "desk.request"
SUBJECT = "request"
# Keys of the body, beside those of routing.runs.by_hand.
CLIENT, CONTACT, ANSWERS, EVIDENCE, FILES = "client", "contact", "answers", "evidence", "files"
# Facts of a recorded request that are fields of the request too.
REQUEST_CHANNEL, REQUEST_KIND, REQUEST_PRIORITY = (
    "request.channel",
    "request.kind",
    "request.priority",
)
# The ways in which a request reaches a person. The other channels have events of their own.
BY_HAND = (Request.Channel.PHONE, Request.Channel.EMAIL, Request.Channel.MEETING)
catalogue(
    CataloguedKind(
        KIND,
        gettext_lazy("Request recorded by hand"),
        gettext_lazy("Desk"),
        lambda: (
            EventField(
                CHANNEL,
                gettext_lazy("Channel"),
                choices=lambda: [(each.value, str(each.label)) for each in BY_HAND],
            ),
            EventField(CLIENT, gettext_lazy("Client"), FieldType.NUMBER, choices=client_numbers),
        ),
    )
)
OWNERS = (AM, OPS)  # roles that may own a request


class NotRecorded(ValueError):
    """The request cannot be recorded like this. Nothing was stored."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class HandMade:
    """The owner and the backup that a person chose, and why."""

    owner: User
    backup: User
    because: str


@dataclass(frozen=True, slots=True)
class NewRequest:
    """
    A request as somebody told it.

    ``wanted_date`` is in the client's time zone. Without a ``priority`` the rule's counts, and
    without ``chosen`` the rules choose who owns the request. ``evidence`` is what was said or
    written, visible to the agency only.
    """

    client: Client
    title: str
    channel: str = Request.Channel.EMAIL
    contact: Contact | None = None
    details: str = ""
    wanted_date: date | None = None
    kind: str = Request.Kind.NEW
    priority: int | None = None
    evidence: str = ""
    uploads: Sequence[Upload[Any]] = ()
    chosen: HandMade | None = None


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """
    What became of a recorded request.

    It has no ``request`` yet if its run waits for a person, and no run if its flow is switched off:
    then ``held`` is the event that waits.
    """

    started: Run | None
    request: Request | None = field(default=None)
    held: HeldEvent | None = field(default=None)

    @property
    def run(self) -> Run:
        """:raises LookupError: if it waits for its flow to be switched on"""
        if self.started is None:
            raise LookupError("The flow is switched off, so the event waits without a run.")
        return self.started


def record(call: NewRequest, *, by: Actor, at: datetime, token: str = "") -> RecordedRequest:
    """
    Record a request as one event, and take it in, however often the same token is sent.

    The event, the run, the decision, the request and its evidence are stored together, or nothing.
    While the flow is switched off, the event and its evidence wait like any other event.

    :param token: identifies what was sent, such as the token of a form
    :raises PermissionDenied: if ``by`` may not create requests
    :raises NotRecorded: if no flow takes it, its title is not named as the client's rule says, or
        the chosen people cannot own it
    :raises NotKept: if a file is refused
    """
    by.require("delivery.add_request", to="create requests")
    if fault := rules_of([call.client.pk])[call.client.pk].title_fault(call.title):
        raise NotRecorded(fault, "title")
    key = f"{by.user_id}.{token or uuid4().hex}"
    with transaction.atomic():
        body = _body(call, by, at)
        [captured] = capture([Signal(SOURCE, KIND, key, SUBJECT, key, at, body)], by=by, at=at)
        if captured.outcome is Capture.NEW:
            return _taken_in(captured.event_id, at)
        # Sent before. Undo the files that have just been stored a second time.
        transaction.set_rollback(True)
    return _recorded_before(captured.event_id)


def _taken_in(event_id: int, at: datetime) -> RecordedRequest:
    """:raises NotRecorded: if no flow takes it"""
    run = take_in(event_id, at=at)
    if run is None:
        return _held(event_id)
    if (made := request_of(run)) is None:
        # The evidence waits on the run, and follows to the request when there is one.
        hand_evidence_on([(run, run.item)], at)
    return RecordedRequest(run, made)


def _held(event_id: int) -> RecordedRequest:
    """
    Return a recorded request that waits for its flow to be switched on.

    :raises NotRecorded: if no flow takes it at all
    """
    rows = HeldEvent.objects.filter(event=event_id).select_related("flow", "switch_off__off_by")
    row = rows.order_by("pk").first()
    if row is None or row.switch_off is None:
        raise NotRecorded(
            _(
                "No published flow takes recorded requests. Ask an operations lead to publish "
                "“Recorded request”."
            )
        )
    return RecordedRequest(None, held=row)


def request_of(run: Run) -> Request | None:
    """Return the request that a run led to, or None."""
    found = Request.objects.filter(item__run=run).select_related("item__owner", "item__client")
    return found.order_by("pk").first()


def _recorded_before(event_id: int) -> RecordedRequest:
    runs = Run.objects.select_related("item").filter(
        run_events__event=event_id, run_events__part=RunEvent.Part.STARTED
    )
    run = runs.first()
    return _held(event_id) if run is None else RecordedRequest(run, request_of(run))


def _body(call: NewRequest, by: Actor, at: datetime) -> dict[str, Any]:
    client, contact = call.client, call.contact
    kept = [
        keep(upload, name=upload.name or "", client=client, by=by, at=at) for upload in call.uploads
    ]
    answers = {
        "request.title": call.title,
        "request.details": call.details,
        "request.wanted": call.wanted_date.isoformat() if call.wanted_date else "",
        REQUEST_CHANNEL: str(call.channel),
        REQUEST_KIND: str(call.kind),
        REQUEST_PRIORITY: str(call.priority or ""),
    }
    body: dict[str, Any] = {
        CLIENT: client.pk,
        CONTACT: contact.pk if contact else None,
        CHANNEL: str(call.channel),
        ANSWERS: {name: value for name, value in answers.items() if value},
        EVIDENCE: call.evidence.strip(),
        FILES: [file.sha256 for file in kept],
    }
    if call.chosen is not None:
        body[CHOSEN] = _chosen(call, call.chosen)
        body[BECAUSE] = call.chosen.because.strip()
    return body


def _chosen(call: NewRequest, chosen: HandMade) -> dict[str, int]:
    """
    Return the chosen pair by id.

    :raises NotRecorded: if they are no two people who may own this request, or nobody said why
    """
    if not chosen.because.strip():
        raise NotRecorded(_("Enter a reason for your choice."), BECAUSE)
    if chosen.owner.pk == chosen.backup.pk:
        raise NotRecorded(_("Choose an owner and a different backup."), "backup")
    able = set(possible_owners().values_list("pk", flat=True))
    for place, person in (("owner", chosen.owner), ("backup", chosen.backup)):
        if person.pk not in able:
            raise NotRecorded(
                _("%(who)s cannot own a request. Choose an account manager or an operations lead.")
                % {"who": person},
                place,
            )
    clearance = clearance_of([call.client])
    for place, person in (("owner", chosen.owner), ("backup", chosen.backup)):
        if not clearance.admits(person.pk, call.client.pk):
            raise NotRecorded(
                _(
                    "%(who)s is not cleared for this restricted client. "
                    "Choose someone from its team."
                )
                % {"who": person},
                place,
            )
    return {
        "owner": chosen.owner.pk,
        "backup": chosen.backup.pk,
        "team": call.client.team_id,
        "priority": call.priority or WorkItem.Priority.NORMAL,
    }


def possible_owners() -> Any:
    """Return the active people whose role may own a request."""
    roles = [role.value for role in OWNERS]
    return User.objects.staff().filter(groups__name__in=roles).distinct().order_by("full_name")


def hand_evidence_on(work: Sequence[tuple[Run, WorkItem]], at: datetime) -> None:
    """
    Add what shows a recorded request to the work of its run, as an internal note.

    It is by the person who recorded the request.
    """
    items = {run.pk: item for run, item in work}
    for run_id, found in hand_records([run for run, _item in work]).items():
        files = _files(found.event, found.body)
        said = str(found.body.get(EVIDENCE, ""))
        if not files and not said:
            continue
        label = Request.Channel(found.channel).label
        body = _("Evidence of the request. Channel: %(way)s") % {"way": label}
        write(
            items[run_id],
            body=f"{body}\n\n{said}".strip(),
            audience=Note.Audience.INTERNAL,
            files=files,
            by=Actor.of(found.recorded_by),
            at=at,
            quiet=True,
        )


def _files(event: Event, body: Mapping[str, Any]) -> list[File]:
    digests = body.get(FILES) or []
    # The same bytes may have been uploaded before. The instant tells which row is meant.
    mine = File.objects.kept().filter(
        uploader=event.actor_id, client=body.get(CLIENT), sha256__in=digests, uploaded_at=event.at
    )
    return list(mine.order_by("pk")) if digests else []


@event_clients
def clients_of_recorded(events: Sequence[Event]) -> Mapping[int, int]:
    """Return the client of each recorded request, which the person chose."""
    mine = [event for event in events if event.source == SOURCE and hasattr(event, "payload")]
    named = {event.pk: event.payload.body.get(CLIENT) for event in mine}
    return {event: client for event, client in named.items() if isinstance(client, int)}


# -- The facts of a recorded request, which are all in its event -----------------------------------


class RecordedFacts:
    """Enricher and recogniser of recorded requests. It calls no external system."""

    def sources(self, named: Collection[str]) -> Collection[str]:
        return {SOURCE} & set(named)

    def recognise(
        self, subjects: Sequence[Subject], *, at: datetime
    ) -> Mapping[Subject, EnrichedFacts]:
        ours = {subject.id: subject for subject in subjects if subject.source == SOURCE}
        bodies = _bodies(list(ours))
        clients = Client.objects.in_bulk({body[CLIENT] for body in bodies.values()})
        named = {body[CONTACT] for body in bodies.values() if body.get(CONTACT)}
        contacts = Contact.objects.known().in_bulk(named)
        return {
            ours[key]: _facts(body, clients[body[CLIENT]], contacts.get(body.get(CONTACT) or 0))
            for key, body in bodies.items()
            if body[CLIENT] in clients
        }

    def read(self, subject: Subject) -> Mapping[str, Any]:
        """:raises Problem: ``missing_context`` if what was recorded has been erased"""
        body = _bodies([subject.id]).get(subject.id)
        if body is None:
            raise Problem(Reason.MISSING_CONTEXT, "What was recorded is no longer kept.")
        return body

    def keep(
        self,
        read: Mapping[str, Any],
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        client = Client.objects.get(pk=client_id or read[CLIENT])
        contact = Contact.objects.known().filter(pk=read.get(CONTACT) or 0).first()
        return _facts(read, client, contact)


def _bodies(keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return what was recorded, by the id of its subject, without what was erased."""
    found = Payload.objects.filter(
        event__source=SOURCE,
        event__kind=KIND,
        event__subject_type=SUBJECT,
        event__subject_id__in=keys,
        erased_at=None,
    )
    return dict(found.values_list("event__subject_id", "body"))


def _facts(body: Mapping[str, Any], client: Client, contact: Contact | None) -> EnrichedFacts:
    known = {"client.name": client.name, "client.code": client.code}
    if contact is not None:
        known |= {"contact.name": contact.full_name, "contact.email": contact.email}
    facts = {**body[ANSWERS], **{name: value for name, value in known.items() if value}}
    sources = dict.fromkeys([*facts, "client"], "recorded by hand")
    return EnrichedFacts(facts, client.pk, (contact.pk,) if contact else (), None, sources)


def _find(subject: Subject) -> RecordedFacts | None:
    return RECORDED if (subject.source, subject.type) == (SOURCE, SUBJECT) else None


def _label_in(choices: type[Choices]) -> Callable[[Any], str]:
    """Return the function that gives the label of a stored value, or the value if it has none."""
    labels = {str(value): label for value, label in choices.choices}
    return lambda value: str(labels.get(str(value), value))


for _name, _label, _choices in (
    (CHANNEL, gettext_lazy("Channel"), Request.Channel),
    (REQUEST_CHANNEL, gettext_lazy("Channel"), Request.Channel),
    (REQUEST_KIND, gettext_lazy("Kind"), Request.Kind),
    (REQUEST_PRIORITY, gettext_lazy("Priority"), WorkItem.Priority),
):
    fact_word(_name, _label, _label_in(_choices))
RECORDED = RecordedFacts()
recogniser(RECORDED)
enricher("delivery.recorded", _find)
