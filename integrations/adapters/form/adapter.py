"""
A form, or any sender of Standard Webhooks (https://www.standardwebhooks.com).

The submission itself holds everything, so nothing has to be fetched.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.dateparse import parse_datetime
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from integrations.base.adapter import (
    Adapter,
    Delivery,
    ExternalPerson,
    NotFound,
    Organisation,
    Part,
    Poison,
    Reader,
    SubjectFacts,
    UnreadableBody,
)
from integrations.base.strict import NotJSON, flaw, read
from routing.kernel.facts import Subject
from routing.models import Payload
from routing.runs.operations.capture import Signal

if TYPE_CHECKING:
    from integrations.base.connections import Connection

KIND = "form.submitted"
ID = "webhook-id"
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}", re.ASCII)
# Checked when a connection has no secret, so that this answer takes as long as any other.
_NO_SECRET = ("whsec_" + "A" * 43 + "=",)
MIN_KEY = 16  # bytes; Standard Webhooks recommends 24 to 64
MAX_FACTS = 100
MAX_TEXT = 5_000  # characters of one answer


class FormAdapter(Adapter):
    kind = "form"
    receives = True
    calls_out = False
    kept_headers = ("content-type", "user-agent", ID, "webhook-timestamp")

    def unsigned(self, delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
        # Every secret is tried, even after a match: the time taken must not say which one it was.
        genuine = False
        for secret in secrets or _NO_SECRET:
            genuine |= _verified(secret, delivery)
        if not secrets:
            return "no_secret"
        return "" if genuine else "wrong_signature"

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
            return [Poison("unknown_type")]
        key = delivery.headers.get(ID, "")
        given = next(
            (body[name] for name in ("id", "submission_id") if body.get(name) is not None), key
        )
        if not _ID.fullmatch(key) or not _ID.fullmatch(str(given)):
            return [Poison("no_id")]
        return [Signal(connection.slug, KIND, key, "form", str(given), _when(body, at), body)]

    def reader(self, subject: Subject, connection: Connection) -> Reader | None:
        return FormReader() if subject.type == "form" else None

    def known_here(self, subjects: Sequence[Subject]) -> Mapping[Subject, SubjectFacts]:
        return {subject: _known(subject, body) for subject, body in _newest(subjects).items()}

    def check_secret(self, secret: str) -> None:
        try:
            key = b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            key = b""
        if len(key) < MIN_KEY:
            raise ValueError(
                f"The secret of a form is base64 of {MIN_KEY} bytes or more, with or without "
                f"whsec_ before it."
            )


def _verified(secret: str, delivery: Delivery) -> bool:
    try:
        Webhook(secret).verify(delivery.body, dict(delivery.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        # The library raises plain ValueErrors, too: for a body that is not UTF-8, and for a
        # signature without a comma or with bad base64.
        return False
    return True


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
    Reads the answers of a submission as facts.

    A fact has the name of its field. Names of nested fields are joined by dots: ``{"company":
    {"name": …}}`` becomes ``company.name``.
    """

    def read(self, subject: Subject) -> SubjectFacts:
        body = _newest([subject]).get(subject)
        if body is None:
            raise NotFound("The submission is no longer kept.", 410)
        return _known(subject, body)


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


def _known(subject: Subject, body: Mapping[str, Any]) -> SubjectFacts:
    answers = dict(_answers(body))
    facts = {name: value for name, value in answers.items() if not name.startswith("contact.")}
    has_deal = any(name.startswith("deal.") for name in facts)
    return SubjectFacts(
        facts=facts,
        sources=dict.fromkeys(facts, f"Form {subject.id}"),
        organisation=_organisation(answers),
        people=_people(answers),
        deal=("form", subject.id) if has_deal else None,
    )


def _organisation(answers: Mapping[str, Any]) -> Organisation | None:
    name, domain = _text(answers, "company.name", 200), _text(answers, "company.domain", 253)
    return Organisation("", name, domain) if name or domain else None


def _people(answers: Mapping[str, Any]) -> tuple[ExternalPerson, ...]:
    name, email = _text(answers, "contact.name", 120), _text(answers, "contact.email", 254)
    return (ExternalPerson("", name, email),) if name or email else ()


def _text(answers: Mapping[str, Any], name: str, longest: int) -> str:
    return str(answers.get(name, "")).strip()[:longest]


def _answers(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """
    Yield up to MAX_FACTS answers: text, numbers, yes or no, and lists as JSON text.

    A stack in place of recursion: a stranger decides how deep the body nests.
    """
    found = next(
        (body[name] for name in ("data", "fields") if isinstance(body.get(name), dict)), body
    )
    waiting: list[tuple[str, Any]] = list(found.items())[::-1]
    count = 0
    while waiting and count < MAX_FACTS:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{name}.{inner}", each) for inner, each in reversed(value.items()))
        elif value is not None and value != "" and _NAME.fullmatch(name):
            count += 1
            yield name, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, float | list):
        value = json.dumps(value, ensure_ascii=False)
    return value[:MAX_TEXT] if isinstance(value, str) else value
