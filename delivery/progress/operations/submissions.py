"""
Requests that contacts submit in the portal: captured once as an event, then read back without
asking anybody outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.base import File as Upload
from django.db import transaction

from delivery.requests.models import Request
from delivery.requests.operations.requests import ASKING
from routing.kernel.events import Event, Payload
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Client, Contact
from routing.runs.models import RunEvent
from routing.runs.operations.capture import Capture, Captured, Signal, capture
from routing.runs.registry import Problem, enricher
from routing.work.files import File
from routing.work.notes import Note
from routing.work.operations.files import keep
from routing.work.operations.notes import write

SOURCE = "portal"
KIND = "portal.request"
CHANGE = "portal.change_request"
KINDS = (KIND, CHANGE)
SUBJECT = "request"
FILES = "files"  # in the body: digests, so that the same form sent twice has the same body
# In the body: the id of the deliverable; beside the answers, so that none of them can stand for it.
TARGET = "change.target"
ABOUT = "change.about"  # among the answers: its reference and title
FORM = "form"  # in the body: the slug of the flow whose form it is; a trigger may ask for it
# Facts that nobody has to fill in.
KNOWN = ("contact.name", "contact.email", "client.name", "client.code")


def key_of(contact_id: int, token: str) -> str:
    """The dedupe key of a form: one contact cannot meet another's, whatever token they send."""
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
    Capture what a contact filled in with its files, as one event however often it is sent; what was
    sent before counts.

    :param form: the flow's slug
    :param answers: JSON values by the flow's field names
    :param token: the form's own, the same each time it is sent
    :param more: JSON values beside the answers, which nobody types
    :raises PermissionDenied: if ``by`` may not ask for work for this client
    :raises NotKept: if a file is refused, and names it; then nothing is captured
    """
    if by.contact_id is None or client_id not in by.clients_as(*ASKING):
        raise PermissionDenied(f"{by.name} may not submit requests for this client.")
    client, key = Client.objects.get(pk=client_id), key_of(by.contact_id, token)
    with transaction.atomic():
        kept = [
            keep(upload, name=upload.name or "", client=client, by=by, at=at) for upload in uploads
        ]
        body = {
            FORM: form,
            "client": client_id,
            "contact": by.contact_id,
            "answers": dict(answers),
            FILES: [file.sha256 for file in kept],
        }
        body |= more or {}
        [captured] = capture([Signal(SOURCE, kind, key, SUBJECT, key, at, body)], by=by, at=at)
        if captured.outcome is not Capture.NEW:
            # Another sending of the same form was first: no second files, no conflict to settle.
            transaction.set_rollback(True)
    return captured


def hand_files_on(opened: Sequence[Request], at: datetime) -> None:
    """
    Put what was sent with a form beside the request that came of it, as a shared note of the
    contact's own.
    """
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
    """
    The enricher of what was submitted: the form, the contact and the client are all there is to
    know.
    """

    def read(self, subject: Subject) -> Submission:
        """:raises Problem: ``missing_context`` if what was submitted has been erased"""
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
        answers = {name: value for name, value in read.answers.items() if name != TARGET}
        sources = (
            dict.fromkeys(answers, "portal form")
            | dict.fromkeys(known, "portal sign-in")
            | {"client": "portal sign-in"}
        )
        return EnrichedFacts(
            {**answers, **known}, client.pk, (contact.pk,) if contact else (), None, sources
        )


def _find(subject: Subject) -> Submitted | None:
    return Submitted() if (subject.source, subject.type) == (SOURCE, SUBJECT) else None


enricher("delivery.submissions", _find)
