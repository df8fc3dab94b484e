"""Faults of what comes in: storms, repetition, disorder, forgery and bad bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from random import SystemRandom
from time import time
from typing import Any

import httpx

from demo.drills.deals import (
    at_once,
    decided,
    make,
    messages,
    one_effect,
    post_until_kept,
    sender,
    told,
    waiting,
)
from demo.drills.registry import DrillField, drill
from demo.walkthrough.flow import PORTAL
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, now
from integrations.adapters.hubspot.signing import SIGNATURE, TIMESTAMP, decoded, sign
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Inbound
from routing.kernel.events import Event
from routing.models import Run, RunEvent

REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
STORM, AT_ONCE = 200, 10
QUICK_S = 1.0
TIMES = 10
OLD_S = 600


@dataclass(frozen=True, slots=True)
class SignedPost:
    """A delivery with its signature, which can be changed before it is posted."""

    url: str
    body: bytes
    headers: Mapping[str, str]

    def post(self, client: httpx.Client, **changed: str) -> int:
        headers = {**self.headers, **changed}
        return client.post(self.url, content=self.body, headers=headers).status_code


def signed(field: DrillField, events: Any, *, ago_s: float = 0, secret: str = "") -> SignedPost:
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    connection = field.walk.deals.connection
    stamp = str(int((time() - ago_s) * 1000))
    key = secret or connection.signing_secrets.first()
    signature = sign(key, "POST", decoded(connection.hook_url), body, stamp)
    headers = {SIGNATURE: signature, TIMESTAMP: stamp, "content-type": "application/json"}
    return SignedPost(connection.hook_url, body, headers)


def stored(field: DrillField) -> int:
    return Inbound.objects.filter(connection=field.walk.deals.connection).count()


@drill(18, about_s=15)
def repeated_deliveries(field: DrillField) -> None:
    """Every delivery comes ten times, from ten senders at once."""
    job = make(field, "Repeated")
    events, posted = waiting(field), sender(field)
    with field.fault():
        answers, _p95 = at_once(TIMES, lambda _place: posted.post(events))
    posted.close()
    field.count("answers", sorted(set(answers)), holds=set(answers) == {HTTPStatus.OK})
    decided(field, job)
    one_effect(field, job)
    about = Event.objects.filter(source=job.run.source, subject_id=job.deal)
    twice = about.count() - about.values("dedupe_key").distinct().count()
    field.count("events_stored_twice", twice, holds=twice == 0)


@drill(19, about_s=15)
def out_of_order(field: DrillField) -> None:
    """Events come one by one, the newest first."""
    job = make(field, "Out of order")
    events, posted = waiting(field), sender(field)
    with field.fault():
        answers = [posted.post([event]) for event in reversed(events)]
    posted.close()
    field.count("answers", sorted(set(answers)), holds=set(answers) == {HTTPStatus.OK})
    decided(field, job)
    one_effect(field, job)


@drill(20, about_s=15)
def same_event_id(field: DrillField) -> None:
    """All events have the same eventId."""
    job = make(field, "Same id")
    events = [{**event, "eventId": 7} for event in waiting(field)]
    with field.fault():
        answer = sender(field).post(events)
    field.count("answer", answer, holds=answer == HTTPStatus.OK)
    decided(field, job)
    one_effect(field, job)
    about = Event.objects.filter(source=job.run.source, subject_id=job.deal).count()
    of_deal = [event for event in events if str(event.get("objectId")) == job.deal]
    field.count("events_swallowed", len(of_deal) - about, holds=about == len(of_deal))


@drill(21, about_s=25)
def storm(field: DrillField) -> None:
    """Ten senders post two hundred different deliveries as fast as they can."""
    before, posted = stored(field), sender(field)

    def post(place: int) -> int:
        return posted.post([_foreign(field, place)])

    with field.fault():
        answers, p95 = at_once(STORM, post, AT_ONCE)
    posted.close()
    kept = stored(field) - before
    good = answers.count(HTTPStatus.OK)
    field.count("answered_2xx", good, holds=good == STORM)
    field.count("stored", kept, holds=kept == STORM)
    field.count("p95_s", round(p95, 3), holds=p95 < QUICK_S)


def _foreign(field: DrillField, place: int) -> dict[str, Any]:
    """Return an event of a deal that starts nothing."""
    number = SystemRandom().randrange(10**12, 10**13)
    return {
        "eventId": place,
        "portalId": PORTAL,
        "subscriptionType": "deal.propertyChange",
        "objectId": number,
        "propertyName": "description",
        "propertyValue": field.walk.token,
        "occurredAt": int(time() * 1000),
        "attemptNumber": 0,
    }


@drill(41, about_s=5)
def malformed_bodies(field: DrillField) -> None:
    """Bodies that no reader understands are posted with a good signature."""
    bodies = {
        "truncated": b'[{"eventId": 1, "portal',
        "not_a_number": b'[{"eventId": NaN}]',
        "deep": b"[" * 100_000 + b"]" * 100_000,
        "zero_byte": b'[{"subscriptionType": "deal.creation\\u0000"}]',
        "lone_surrogate": b'[{"subscriptionType": "\\ud800"}]',
        "big_number": b'[{"objectId": ' + b"9" * 400 + b"}]",
        "utf_16": '[{"eventId": 1}]'.encode("utf-16"),
        "bom": b"\xef\xbb\xbf[]",
        "same_key_twice": b'[{"eventId": 1, "eventId": 2}]',
        "empty": b"",
        "xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    }
    runs = Run.objects.count()
    with field.fault(), httpx.Client(trust_env=False, timeout=10) as client:
        answers = {name: signed(field, body).post(client) for name, body in bodies.items()}
    worst = max(answers.values())
    field.count("answers", answers, holds=worst < HTTPStatus.INTERNAL_SERVER_ERROR)
    made = Run.objects.count() - runs
    field.count("runs_made", made, holds=made == 0)


@drill(42, about_s=5)
def forged_signatures(field: DrillField) -> None:
    """Deliveries that are not genuine are posted: each is refused, and none is stored."""
    before, events = stored(field), [_foreign(field, 1)]
    good = signed(field, events)
    stamp = int(good.headers[TIMESTAMP])
    forged: dict[str, tuple[SignedPost, dict[str, str]]] = {
        "other_secret": (signed(field, events, secret="not the secret"), {}),  # noqa: S106
        "tampered": (SignedPost(good.url, good.body + b" ", good.headers), {}),
        "unsigned": (good, {SIGNATURE: ""}),
        "letter_appended": (good, {SIGNATURE: good.headers[SIGNATURE] + "A"}),
        "letter_removed": (good, {SIGNATURE: good.headers[SIGNATURE][:-1]}),
        "stale": (signed(field, events, ago_s=OLD_S), {}),
        "future": (signed(field, events, ago_s=-OLD_S), {}),
        "other_time": (good, {TIMESTAMP: str(stamp + 1)}),
        "time_with_text": (good, {TIMESTAMP: f"{stamp}x"}),
        "downgrade": (good, {SIGNATURE: "", "x-hubspot-signature": good.headers[SIGNATURE]}),
    }
    with field.fault(), httpx.Client(trust_env=False, timeout=10) as client:
        answers = {name: each.post(client, **more) for name, (each, more) in forged.items()}
    accepted = sorted(name for name, status in answers.items() if status not in REFUSED)
    field.count("accepted", accepted, holds=not accepted)
    kept = stored(field) - before
    field.count("stored", kept, holds=kept == 0)


@drill(43, about_s=15)
def replayed(field: DrillField) -> None:
    """A genuine delivery is posted again at once, and ten minutes later."""
    job = make(field, "Replayed")
    events = waiting(field)
    now_signed, old = signed(field, events), signed(field, events, ago_s=OLD_S)
    with field.fault(), httpx.Client(trust_env=False, timeout=10) as client:
        soon = [now_signed.post(client) for _ in range(3)]
        late = old.post(client)
    field.count("at_once", soon, holds=set(soon) == {HTTPStatus.OK})
    field.count("after_ten_minutes", late, holds=late in REFUSED)
    decided(field, job)
    one_effect(field, job)


@drill(44, about_s=20)
def secret_rotated(field: DrillField) -> None:
    """The signing secret changes between two deliveries, and one comes with the old secret."""
    connection = field.walk.deals.connection
    first, second = make(field, "Before the rotation"), make(field, "After the rotation")
    events = waiting(field)
    old_secret, new_secret = connection.signing_secrets.first(), f"rotated-{field.walk.token}"
    wanted = ConnectionSettings(
        kind=connection.kind,
        slug=connection.slug,
        name=connection.name,
        base_url=connection.base_url,
        public_url=connection.public_url,
        secret=new_secret,
    )
    with field.fault(), httpx.Client(trust_env=False, timeout=10) as client:
        connect(wanted, by=by(field.walk.cast.keeper), at=now(), reason="A drill rotates it.")
        middle = len(events) // 2
        answers = [
            signed(field, events[:middle], secret=old_secret).post(client),
            signed(field, events[middle:], secret=new_secret).post(client),
        ]
    field.count("answers", answers, holds=answers == [HTTPStatus.OK, HTTPStatus.OK])
    for job in (first, second):
        decided(field, job)
        one_effect(field, job)


@drill(45, about_s=5)
def unknown_portal(field: DrillField) -> None:
    """Signed events of an unknown account and of an unknown kind are posted."""
    before, runs = stored(field), Run.objects.count()
    events = [
        {**_foreign(field, 1), "portalId": 1},
        {**_foreign(field, 2), "subscriptionType": "moon.landing"},
    ]
    with field.fault():
        answers = [sender(field).post([event]) for event in events]
    field.count("answers", answers, holds=set(answers) == {HTTPStatus.OK})
    kept = Inbound.objects.filter(connection=field.walk.deals.connection).order_by("-pk")
    states = [row.state for row in kept[: stored(field) - before]]
    field.count("stored_as", states, holds=states == [Inbound.State.IGNORED] * len(events))
    made = Run.objects.count() - runs
    field.count("runs_made", made, holds=made == 0)


@drill(59, about_s=25)
def own_write_comes_back(field: DrillField) -> None:
    """The CRM reports our own change of a deal, five times."""
    job = make(field, "Echo")
    post_until_kept(field)
    decided(field, job)
    told(field, job)
    before, events, posted = len(messages(field, job)), waiting(field), sender(field)
    with field.fault():
        answers = [posted.post(events) for _ in range(5)]
    posted.close()
    field.count("own_changes", len(events), holds=len(events) > 0)
    field.count("answers", sorted(set(answers)), holds=set(answers) == {HTTPStatus.OK})
    echoes = RunEvent.objects.filter(event__subject_id=job.deal, part=RunEvent.Part.ECHO)
    field.walk.transcript.wait("it is known as an echo", echoes.exists, 60, WORKER)
    one_effect(field, job)
    again = len(messages(field, job)) - before
    field.count("written_again", again, holds=again == 0)
