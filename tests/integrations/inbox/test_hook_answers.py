"""Answers of the webhook to senders: genuine, forged, repeated, unknown."""

from __future__ import annotations

import json
from hashlib import sha256
from time import time

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.adapters.form.signing import sign as sign_form
from integrations.adapters.hubspot.signing import sign
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Connection, Inbound
from routing.models import Dispatch, Event, Payload
from routing.people.actors import Actor
from tests.integrations.inbox.senders import (
    FORM_SECRET,
    SECRET,
    event,
    new_deal,
    now_ms,
    post,
    send,
    signed,
    submit,
)
from tests.world import NOW

pytestmark = pytest.mark.django_db


def test_a_new_deal_is_six_events_in_the_order_they_occurred(hubspot: Connection, rings: list[str]):
    events = new_deal()

    answer = send([events[3], events[0], *events[4:], events[2], events[1]])

    assert (answer.status_code, answer.json()["captured"]) == (200, 6)
    kinds = list(
        Event.objects.filter(source="hubspot-main").order_by("id").values_list("kind", flat=True)
    )
    assert kinds == ["hubspot.deal.creation", *["hubspot.deal.propertyChange"] * 5]
    assert Dispatch.objects.count() == 6
    assert rings == ["routing.tasks.process"]


def test_a_new_event_is_stored_and_queued_with_its_delivery_in_one_statement(
    hubspot: Connection, rings: list[str]
):
    send([event(objectId=1)])  # what a process looks up once, such as the names of columns

    with CaptureQueriesContext(connection) as asked:
        answer = send([event(objectId=2)])

    assert answer.json()["captured"] == 1
    tables = ("integrations_connection", "routing_event")
    assert [next(name for name in tables if name in each["sql"]) for each in asked] == [*tables]


def test_the_raw_body_is_kept_with_what_became_of_it(hubspot: Connection):
    body = json.dumps(new_deal()).encode()

    send(body)

    kept = Inbound.objects.get()
    assert (bytes(kept.raw), kept.state, kept.captured) == (body, "processed", 6)
    assert not any("signature" in name for name in kept.headers)


def test_a_repeated_delivery_with_other_metadata_changes_nothing(
    hubspot: Connection, rings: list[str]
):
    events = new_deal()
    send(events)

    answer = send([{**each, "attemptNumber": 3, "eventId": 99} for each in events])

    assert (answer.json()["captured"], answer.json()["repeated"]) == (0, 6)
    assert Event.objects.filter(source="hubspot-main").count() == 6
    assert len(rings) == 1


def test_an_identical_delivery_is_one_row_that_counts(hubspot: Connection):
    body = json.dumps(new_deal()).encode()

    for _ in range(3):
        assert send(body).status_code == 200

    kept = Inbound.objects.get()
    assert (kept.deliveries, kept.captured, kept.repeated) == (3, 6, 12)


def test_events_that_share_an_event_id_are_all_kept(hubspot: Connection):
    events = [event(eventId=5, propertyName=name) for name in ("amount", "dealname", "dealstage")]

    assert send(events).json()["captured"] == 3


def test_the_same_key_with_another_body_is_shown_and_never_overwrites(hubspot: Connection):
    first = event()
    send([first])

    answer = send([{**first, "sourceId": "userId:8"}])

    assert (answer.status_code, answer.json()["conflicting"]) == (200, 1)
    assert Inbound.objects.latest("id").reason == "conflicting_duplicate"
    assert Payload.objects.get().body["sourceId"] == "userId:7"


@pytest.mark.parametrize(
    "changes",
    [
        {"portalId": 1},
        {"subscriptionType": "ticket.creation"},
        {"subscriptionType": "deal.somethingNew"},
    ],
)
def test_what_is_none_of_our_business_is_stored_as_ignored(
    hubspot: Connection, changes: dict[str, object], rings: list[str]
):
    answer = send([event(**changes)])

    assert (answer.status_code, answer.json()["ignored"]) == (200, 1)
    assert Inbound.objects.get().state == "ignored"
    assert not Event.objects.filter(source="hubspot-main").exists()
    assert rings == []


def test_generic_events_are_known_by_their_object_type(hubspot: Connection):
    send([event(subscriptionType="object.propertyChange", objectTypeId="0-3")])

    assert Event.objects.get(source="hubspot-main").kind == "hubspot.deal.propertyChange"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"changeSource": "INTEGRATION", "sourceId": "77"}, "hubspot.echo"),
        ({"changeSource": "API", "sourceId": 77}, "hubspot.echo"),
        ({"changeSource": "INTEGRATION", "sourceId": None}, "hubspot.echo"),
        (
            {"changeSource": "INTEGRATION", "sourceId": "78"},
            "hubspot.deal.propertyChange",
        ),  # another app; appId is still ours
        ({"changeSource": "CRM_UI", "sourceId": "77"}, "hubspot.deal.propertyChange"),
    ],
)
def test_our_own_write_coming_back_is_an_echo(
    hubspot: Connection, changes: dict[str, object], kind: str
):
    send([event(**changes)])

    kept = Event.objects.get(source="hubspot-main")
    assert kept.kind == kind
    assert kept.payload.body.get("echo", False) is (kind == "hubspot.echo")


# -- Not genuine -----------------------------------------------------------------------------------


def forged(body: bytes) -> dict[str, str]:
    return signed(body, secret="another secret")


def tampered(body: bytes) -> dict[str, str]:
    return signed(body.replace(b"12000", b"99999"))


def unsigned(body: bytes) -> dict[str, str]:
    return {}


def stale(body: bytes) -> dict[str, str]:
    return signed(body, timestamp=now_ms(-301))


def future(body: bytes) -> dict[str, str]:
    return signed(body, timestamp=now_ms(301))


def suffix(body: bytes) -> dict[str, str]:
    headers = signed(body)
    return headers | {"X-HubSpot-Signature-v3": headers["X-HubSpot-Signature-v3"] + "AAAA"}


def prefix(body: bytes) -> dict[str, str]:
    headers = signed(body)
    return headers | {"X-HubSpot-Signature-v3": headers["X-HubSpot-Signature-v3"][:-4]}


def no_timestamp(body: bytes) -> dict[str, str]:
    return {"X-HubSpot-Signature-v3": signed(body)["X-HubSpot-Signature-v3"]}


def odd_timestamp(body: bytes) -> dict[str, str]:
    return signed(body, timestamp="١٢٣")


def other_timestamp(body: bytes) -> dict[str, str]:
    return signed(body) | {"X-HubSpot-Request-Timestamp": now_ms(-5)}


def not_ascii(body: bytes) -> dict[str, str]:
    return signed(body) | {"X-HubSpot-Signature-v3": "é" * 44}


def over_the_host(body: bytes) -> dict[str, str]:
    """Signed over the Host of the request instead of the configured public address."""
    timestamp = now_ms()
    made = sign(SECRET, "POST", "http://testserver/hooks/hubspot-main/", body, timestamp)
    return {"X-HubSpot-Signature-v3": made, "X-HubSpot-Request-Timestamp": timestamp}


def version_1(body: bytes) -> dict[str, str]:
    return {
        "X-HubSpot-Signature": sha256(SECRET.encode() + body).hexdigest(),
        "X-HubSpot-Signature-Version": "v1",
    }


def version_2(body: bytes) -> dict[str, str]:
    source = f"{SECRET}POSThttps://ops.agency.example/hooks/hubspot-main/".encode() + body
    return {"X-HubSpot-Signature": sha256(source).hexdigest(), "X-HubSpot-Signature-Version": "v2"}


NOT_GENUINE = [
    forged, tampered, unsigned, stale, future, suffix, prefix, no_timestamp, odd_timestamp, other_timestamp, not_ascii,  # noqa: E501
    over_the_host, version_1, version_2,
]  # fmt: skip


@pytest.mark.parametrize("headers", NOT_GENUINE, ids=lambda each: each.__name__)
def test_what_is_not_genuine_is_refused_and_leaves_nothing(
    hubspot: Connection, headers, caplog: pytest.LogCaptureFixture
):
    body = (
        json.dumps([event(propertyValue="SECRET-OF-A-PERSON")])
        .encode()
        .replace(b"SECRET-OF", b"12000-SECRET-OF")
    )

    answer = post(body, headers(body))

    assert answer.status_code == 401
    assert not Inbound.objects.exists()
    assert not Event.objects.filter(source="hubspot-main").exists()
    assert "OF-A-PERSON" not in caplog.text
    assert SECRET not in caplog.text


def test_every_refusal_reads_the_same_also_for_a_connection_that_is_not_there(hubspot: Connection):
    body = json.dumps([event()]).encode()
    answers = [post(body, headers(body)) for headers in NOT_GENUINE]
    answers += [post(body, signed(body, slug="nobody"), slug="nobody")]
    Connection.objects.update(is_active=False)
    answers += [post(body, signed(body))]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (401, answers[0].content)
    }


def test_just_inside_five_minutes_is_genuine_both_ways(hubspot: Connection):
    for offset in (-298, 298):
        assert send([event()], timestamp=now_ms(offset)).status_code == 200


def test_a_replay_is_refused_after_ten_minutes_and_harmless_before(hubspot: Connection):
    body = json.dumps(new_deal()).encode()
    headers = signed(body)
    post(body, headers)

    assert post(body, headers).json()["captured"] == 0
    with time_machine.travel(time() + 600, tick=False):
        assert post(body, headers).status_code == 401


def test_a_rotation_loses_no_event(hubspot: Connection):
    connect(
        ConnectionSettings("hubspot", "hubspot-main", secret="the new secret"),
        by=Actor.system(),
        at=NOW,
    )

    assert send([event(objectId=1)], secret=SECRET).status_code == 200
    assert send([event(objectId=2)], secret="the new secret").status_code == 200
    connect(
        ConnectionSettings("hubspot", "hubspot-main", drop_old_secrets=True),
        by=Actor.system(),
        at=NOW,
    )
    assert send([event(objectId=3)], secret=SECRET).status_code == 401
    assert send([event(objectId=3)], secret="the new secret").status_code == 200


def test_a_query_with_escapes_is_signed_decoded(hubspot: Connection):
    assert send([event()], query="a=%2Fb%3A&c=d%20e").status_code == 200


def test_get_and_other_methods_are_refused(hubspot: Connection, client):
    assert client.get("/hooks/hubspot-main/").status_code == 405


# -- Forms -----------------------------------------------------------------------------------------


def test_a_form_is_one_event_about_itself(form: Connection):
    answer = submit({"type": "form.submitted", "id": "f-1", "data": {"company": {"name": "Acme"}}})

    assert answer.json()["captured"] == 1
    kept = Event.objects.get(source="form-main")
    assert (kept.kind, kept.subject_type, kept.subject_id) == ("form.submitted", "form", "f-1")


def test_a_form_sent_twice_is_captured_once(form: Connection):
    for _ in range(2):
        submit({"id": "f-1", "data": {}})

    assert Event.objects.filter(source="form-main").count() == 1


@pytest.mark.parametrize(
    "signature", ["", "v1", "v1,%%%", "v1,a,b", "v2,AAAA", "nonsense nonsense"]
)
def test_a_form_with_a_strange_signature_is_refused(form: Connection, signature: str):
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(time())),
        "webhook-signature": signature,
    }

    assert post(b"{}", headers, slug="form-main").status_code == 401


def test_a_form_of_bytes_that_are_no_text_is_refused(form: Connection):
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(time())),
        "webhook-signature": "v1,AAAA",
    }

    assert post(b"\xff\xfe", headers, slug="form-main").status_code == 401


def test_a_replayed_form_has_no_second_effect_and_is_refused_after_ten_minutes(form: Connection):
    body = b'{"id": "f-1", "data": {"Email": "a@a.example"}}'
    stamp = str(int(time()))
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{sign_form(FORM_SECRET, 'msg_1', stamp, body)}",
    }
    post(body, headers, slug="form-main")

    assert post(body, headers, slug="form-main").json()["repeated"] == 1
    with time_machine.travel(time() + 600, tick=False):
        assert post(body, headers, slug="form-main").status_code == 401
    assert Event.objects.filter(source="form-main").count() == 1


@pytest.mark.parametrize("added", ["A", "=", "AA==", " ", "\t", ",x"])
def test_h13_a_form_whose_signature_has_more_letters_leaves_nothing(form: Connection, added: str):
    body, stamp = b"{}", str(int(time()))
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{sign_form(FORM_SECRET, 'msg_1', stamp, body)}{added}",
    }

    # A space ends a signature, and an empty one follows, which is nothing.
    assert post(body, headers, slug="form-main").status_code == (200 if added == " " else 401)
