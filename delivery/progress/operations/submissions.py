"""Requests that contacts submit in the portal: captured once as events, and enriched from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import File as Upload
from django.db import transaction
from django.utils.translation import gettext_lazy

from delivery.requests.models import Request
from delivery.requests.reach import ASKING
from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue
from routing.flows.models import Flow
from routing.kernel.events import Event, Payload
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Client, Contact
from routing.people.merges import survivor_of
from routing.runs.models import RunEvent
from routing.runs.operations.capture import Capture, Captured, Signal, capture
from routing.runs.registry import Problem, enricher, event_clients
from routing.work.files import File
from routing.work.notes import Note
from routing.work.operations.files import keep
from routing.work.operations.notes import write

SOURCE = "portal"
KIND = "portal.request"
CHANGE = "portal.change_request"
KINDS = (KIND, CHANGE)
SUBJECT = "request"
# Keys of the body. Files are digests, so that the same form sent twice has the same body.
FILES = "files"
# The id of the deliverable to change. It stands beside the answers, so no answer can forge it.
TARGET = "change.target"
# The slug of the flow that the form belongs to. Triggers can compare it.
FORM = "form"


def _forms() -> Sequence[tuple[str, str]]:
    return tuple(Flow.objects.order_by("name").values_list("slug", "name"))


catalogue(
    CataloguedKind(
        KIND,
        gettext_lazy("Request submitted"),
        gettext_lazy("Client portal"),
        lambda: (EventField(FORM, gettext_lazy("Form"), choices=_forms),),
    ),
    CataloguedKind(CHANGE, gettext_lazy("Change requested"), gettext_lazy("Client portal")),
)
# Reference and title of the target, among the answers.
ABOUT = "change.about"
# Facts that come from the sign-in.
KNOWN = ("contact.name", "contact.email", "client.name", "client.code")


def key_of(contact_id: int, token: str) -> str:
    """Return the dedupe key of a sent form."""
    # With the contact's id, a contact cannot reach another one's form by guessing its token.
    return f"{contact_id}.{token}"


def submitted_before(contact_id: int, token: str) -> bool:
    return Event.objects.filter(source=SOURCE, dedupe_key=key_of(contact_id, token)).exists()


def submit(
    form: str,
    answers: Mapping[str, Any],
    *,
    client_id: int,
    token: str,
    uploads: Sequence[Upload[Any]] = (),
    by: Actor,
    at: datetime,
    kind: str = KIND,
    more: Mapping[str, Any] | None = None,
) -> Captured:
    """
    Capture a filled-in form with its files as one event, however often it is sent.

    :param form: slug of the flow
    :param answers: JSON values by the names of the flow's fields
    :param token: token of the form, the same each time it is sent
    :param more: JSON values beside the answers, not entered by anyone
    :raises PermissionDenied: if ``by`` may not submit requests for this client
    :raises NotKept: if a file is refused; then nothing is captured
    """
    if by.contact_id is None or client_id not in by.clients_as(*ASKING):
        raise PermissionDenied(f"{by.name} may not submit requests for this client.")
    # A change stays with the client of what is changed.
    client = _served(client_id, by) if kind == KIND else Client.objects.get(pk=client_id)
    key = key_of(by.contact_id, token)
    with transaction.atomic():
        kept = [
            keep(upload, name=upload.name or "", client=client, by=by, at=at) for upload in uploads
        ]
        body = {
            FORM: form,
            "client": client.pk,
            "contact": by.contact_id,
            "answers": dict(answers),
            FILES: [file.sha256 for file in kept],
        }
        body |= more or {}
        [captured] = capture([Signal(SOURCE, kind, key, SUBJECT, key, at, body)], by=by, at=at)
        if captured.outcome is not Capture.NEW:
            # The form was sent before. Undo the files that have just been stored a second time.
            transaction.set_rollback(True)
    return captured


def _served(client_id: int, by: Actor) -> Client:
    """Return the client, or the one it was merged into if the contact sees the work of that one."""
    client = Client.objects.get(pk=client_id)
    survivor = survivor_of(client)
    return survivor if survivor.pk in by.clients_as() else client


@event_clients
def clients_of_forms(events: Sequence[Event]) -> Mapping[int, int]:
    """Return the client of each sent form, which is that of the sign-in."""
    mine = [event for event in events if event.source == SOURCE and hasattr(event, "payload")]
    named = {event.pk: event.payload.body.get("client") for event in mine}
    return {event: client for event, client in named.items() if isinstance(client, int)}


def hand_files_on(opened: Sequence[Request], at: datetime) -> None:
    """Add the files of a sent form to its request, as a shared note by the contact."""
    runs = {
        row.item.run_id: row
        for row in opened
        if row.channel == Request.Channel.PORTAL and row.item.run_id
    }
    started = RunEvent.objects.filter(
        run__in=runs, part=RunEvent.Part.STARTED, event__kind__in=KINDS
    )
    for part in started.select_related("event__payload", "event__actor"):
        event = part.event
        digests = event.payload.body.get(FILES, ())
        # The same bytes may have been uploaded before. The instant tells which row is meant.
        mine = File.objects.kept().filter(
            uploader=event.actor_id, client=event.payload.body.get("client"), sha256__in=digests
        )
        files = list(mine.filter(uploaded_at=event.at).order_by("pk"))
        if files:
            write(
                runs[part.run_id or 0].item,
                body="",
                audience=Note.Audience.CLIENT,
                files=files,
                by=Actor.of(event.actor),
                at=at,
            )


@dataclass(frozen=True, slots=True)
class Submission:
    client_id: int
    contact_id: int
    answers: Mapping[str, Any]
    target_id: int | None = None


class Submitted:
    """Enricher of submitted forms. It reads the captured event and calls no external system."""

    def read(self, subject: Subject) -> Submission:
        """:raises Problem: ``missing_context`` if the submission has been erased"""
        about = {"event__source": SOURCE, "event__kind__in": KINDS, "event__subject_id": subject.id}
        payload = (
            Payload.objects.filter(**about, event__subject_type=SUBJECT, erased_at=None)
            .order_by("event_id")
            .first()
        )
        if payload is None:
            raise Problem(Reason.MISSING_CONTEXT, "What was submitted is no longer kept.")
        return Submission(
            payload.body["client"],
            payload.body["contact"],
            payload.body["answers"],
            payload.body.get(TARGET),
        )

    def keep(
        self,
        read: Submission,
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        client = Client.objects.get(pk=client_id or read.client_id)
        contact = Contact.objects.known().filter(pk=read.contact_id).first()
        known = {"client.name": client.name, "client.code": client.code}
        if read.target_id is not None:
            known[TARGET] = str(read.target_id)
        if contact is not None:
            known |= {"contact.name": contact.full_name, "contact.email": contact.email}
        # An answer under this name would be a forged target.
        answers = {name: value for name, value in read.answers.items() if name != TARGET}
        sources = dict.fromkeys(answers, "portal form")
        sources |= dict.fromkeys([*known, "client"], "portal sign-in")
        contacts = (contact.pk,) if contact else ()
        return EnrichedFacts({**answers, **known}, client.pk, contacts, None, sources)


def _find(subject: Subject) -> Submitted | None:
    if (subject.source, subject.type) == (SOURCE, SUBJECT):
        return Submitted()
    return None


enricher("delivery.submissions", _find)
