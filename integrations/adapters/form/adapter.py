"""
A form, or any sender of Standard Webhooks (https://www.standardwebhooks.com).

The submission itself holds everything, so nothing has to be fetched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from integrations.adapters.form import signing
from integrations.adapters.form.answers import answers_in
from integrations.base.adapter import (
    Adapter,
    Delivery,
    ExternalPerson,
    Ignored,
    NotFound,
    Organisation,
    Part,
    Poison,
    Reader,
    SubjectFacts,
    UnreadableBody,
)
from integrations.base.settings import facts_of, schema
from integrations.base.strict import NotJSON, flaw, read
from routing.kernel.clean_text import one_line
from routing.kernel.days import is_instant, read_day
from routing.kernel.facts import Subject
from routing.models import Payload
from routing.runs.operations.capture import Signal
from routing.sla.calendars import agency_zone

if TYPE_CHECKING:
    from integrations.base.connections import Connection

KIND = "form.submitted"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
MIN_KEY = 16  # bytes; Standard Webhooks recommends 24 to 64
# Answers about the person, who is stored apart.
DAYS = frozenset({"deal.starts", "deal.ends", "request.wanted"})
OF_PERSON = frozenset({"contact.name", "contact.email"})


class FormAdapter(Adapter):
    kind = "form"
    receives = True
    calls_out = False
    kept_headers = ("content-type", "user-agent", signing.ID, signing.TIMESTAMP)

    def unsigned(self, delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
        return signing.unsigned(delivery, secrets, at)

    def parts(self, delivery: Delivery, connection: Connection, at: datetime) -> list[Part]:
        try:
            body = read(delivery.body)
        except NotJSON as error:
            raise UnreadableBody(error.reason) from None
        if reason := flaw(body):
            return [Poison(reason)]
        if not isinstance(body, dict):
            return [Poison("not_an_object")]
        if body.get("type", KIND) != KIND:
            return [Ignored("unknown_type")]
        key = delivery.headers.get(signing.ID, "")
        given = next(
            (body[name] for name in ("id", "submission_id") if body.get(name) is not None), key
        )
        if not _ID.fullmatch(key) or not _ID.fullmatch(str(given)):
            return [Poison("no_id")]
        return [Signal(connection.slug, KIND, key, "form", str(given), _when(body, at), body)]

    def reader(self, subject: Subject, connection: Connection) -> Reader | None:
        return FormReader(connection.valid_settings) if subject.type == "form" else None

    def known_here(
        self, subjects: Sequence[Subject], settings: Mapping[str, Any]
    ) -> Mapping[Subject, SubjectFacts]:
        bodies = _newest(subjects)
        return {subject: _known(subject, body, settings) for subject, body in bodies.items()}

    def check_secret(self, secret: str) -> None:
        try:
            key = signing.key_of(secret)
        except ValueError:
            key = b""
        if len(key) < MIN_KEY:
            raise ValueError(
                f"The secret of a form is base64 of {MIN_KEY} bytes or more, with or without "
                f"whsec_ before it."
            )


def _when(body: Mapping[str, Any], at: datetime) -> datetime:
    """
    Return the time of sending, or the time of receipt.

    The sender's timestamp counts only if it has a time zone and is not in the future.
    """
    try:
        sent = parse_datetime(str(body.get("timestamp", "")))
    except ValueError:
        return at
    if sent is None or sent.tzinfo is None or sent > at:
        return at
    return sent


class FormReader:
    """
    Reads the answers of a submission as facts, under the labels that the form gives them.

    The flow reads those that have the name of one of its fields. The connection's setting
    ``properties`` can name the label of a fact.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def read(self, subject: Subject) -> SubjectFacts:
        body = _newest([subject]).get(subject)
        if body is None:
            raise NotFound("The submission is no longer kept.", 410)
        return _known(subject, body, self.settings)


def _newest(subjects: Sequence[Subject]) -> Mapping[Subject, Mapping[str, Any]]:
    """Return the body of the newest submission of each subject, unless it was erased."""
    event = {
        "event__source__in": {subject.source for subject in subjects},
        "event__subject_type": "form",
        "event__kind": KIND,
    }
    rows = Payload.objects.filter(
        event__subject_id__in=[subject.id for subject in subjects], **event
    ).order_by("event_id")
    # A later row replaces an earlier one, even if it was erased: an older body must not come back.
    newest: dict[Subject, Mapping[str, Any] | None] = {}
    for source, key, body, erased_at in rows.values_list(
        "event__source", "event__subject_id", "body", "erased_at"
    ):
        newest[Subject(source, "form", key)] = None if erased_at else body
    return {subject: body for subject in subjects if (body := newest.get(subject)) is not None}


def _known(subject: Subject, body: Mapping[str, Any], settings: Mapping[str, Any]) -> SubjectFacts:
    answers = answers_in(body)
    for fact, label in settings.get("properties", {}).items():
        if label in answers and fact not in answers:
            answers[fact] = answers.pop(label)
    facts = {name: _day(name, value) for name, value in answers.items() if name not in OF_PERSON}
    has_deal = any(name.startswith("deal.") for name in facts)
    return SubjectFacts(
        facts=facts,
        sources=dict.fromkeys(facts, f"Form {subject.id}"),
        organisation=_organisation(answers),
        people=_people(answers),
        deal=("form", subject.id) if has_deal else None,
    )


def _day(name: str, value: Any) -> Any:
    """Return the day that an instant has in the agency's zone, if the fact is a day."""
    if name in DAYS and isinstance(value, str) and is_instant(value.strip()):
        try:
            return read_day(value, agency_zone()).isoformat()
        except ValueError:  # a year far away: the flow says that it is no date
            return value
    return value


def _organisation(answers: Mapping[str, Any]) -> Organisation | None:
    name, domain = _text(answers, "company.name", 200), _text(answers, "company.domain", 253)
    return Organisation("", name, domain) if name or domain else None


def _people(answers: Mapping[str, Any]) -> tuple[ExternalPerson, ...]:
    name, email = _text(answers, "contact.name", 120), _text(answers, "contact.email", 254)
    return (ExternalPerson("", name, email),) if name or email else ()


def _text(answers: Mapping[str, Any], name: str, longest: int) -> str:
    return one_line(str(answers.get(name, "")))[:longest]


schema(
    FormAdapter.kind,
    properties=facts_of(
        r"\S(.{0,198}\S)?", gettext_lazy("give the label of an answer, such as Your e-mail.")
    ),
)
