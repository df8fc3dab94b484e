"""
Malformed bodies that are signed all the same: never a 500, never a lost good event, always visible.
"""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest
from django.db import OperationalError
from django.test import Client as Browser

from integrations.inbox import hooks
from integrations.inbox.bounds import MAX_BODY_BYTES
from integrations.models import Connection, Inbound
from routing.models import Event
from tests.integrations.inbox.senders import event, send, submit

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N9", "Q1")]


def raw(**fields: object) -> bytes:
    return json.dumps(event(**fields)).encode()


def with_value(value: bytes) -> bytes:
    """An event whose property value is this JSON text."""
    return raw(propertyValue="@@").replace(b'"@@"', value)


WHOLE = {
    "empty": (b" ", "not_json"),
    "truncated object": (raw()[:-20], "not_json"),
    "xml": (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not_json"),
    "utf-16": (raw().decode().encode("utf-16"), "not_utf8"),
    "latin-1": ("[“é”]".encode("cp1252", "replace"), "not_utf8"),
    "gzip": (gzip.compress(b"[" + b"0" * 10_000_000), "not_utf8"),
    "nested object": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
    "words": (b"hello", "not_json"),
    "number": (b"NaN", "not_a_number"),
    "too many": (b"[" + b",".join([b"1"] * 1001) + b"]", "too_many_events"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_body_that_says_nothing_is_kept_and_refused_with_its_reason(
    hubspot: Connection, case: str
):
    body, reason = WHOLE[case]

    answer = send(body)

    assert (answer.status_code, answer.json()["error"]) == (400, reason)
    kept = Inbound.objects.get()
    assert (kept.state, kept.reason, bytes(kept.raw)) == ("poison", reason, body)


def test_the_same_poison_sent_ten_times_is_one_row(hubspot: Connection):
    for _ in range(10):
        send(b"nonsense")

    assert Inbound.objects.get().deliveries == 10


ONE = {
    "NaN": (with_value(b"NaN"), "not_a_number"),
    "infinity": (with_value(b"-Infinity"), "not_a_number"),
    "a float that is infinite": (with_value(b"1e999"), "number_out_of_range"),
    "a number of 10,000 digits": (with_value(b"9" * 10_000), "number_out_of_range"),
    "NUL": (with_value(b'"a\\u0000b"'), "nul_character"),
    "a lone surrogate": (with_value(b'"\\ud800"'), "lone_surrogate"),
    "a lone surrogate as a name": (raw().replace(b'"sourceId"', b'"\\udfff"'), "lone_surrogate"),
    "a duplicate key": (raw().replace(b"{", b'{"objectId": 1, ', 1), "duplicate_key"),
    "100,000 levels": (with_value(b"[" * 100_000 + b"]" * 100_000), "too_deep"),
    "40 levels": (with_value(b"[" * 40 + b"]" * 40), "too_deep"),
    "no JSON": (with_value(b"oops"), "not_json"),
    "a control character": (with_value(b'"\x01"'), "not_json"),
    "no object": (b'"text"', "not_an_object"),
    "no id": (raw(objectId=None), "no_object_id"),
    "an id that is a list": (raw(objectId=[1]), "no_object_id"),
    "an id that is a path": (raw(objectId="../1"), "no_object_id"),
    "an id that is true": (raw(objectId=True), "no_object_id"),
    "no time": (raw(occurredAt=None), "no_time"),
    "a time that is text": (raw(occurredAt="yesterday"), "no_time"),
    "a time before time": (raw(occurredAt=-1), "no_time"),
    "a time far ahead": (raw(occurredAt=10**15), "no_time"),
    "a type that is a number": (raw(subscriptionType=3), "no_subscription_type"),
}


@pytest.mark.parametrize("case", ONE)
def test_one_poisoned_event_does_not_hurt_its_neighbours(hubspot: Connection, case: str):
    poison, reason = ONE[case]
    body = b"[" + b",".join([raw(objectId=1), poison, raw(objectId=2)]) + b"]"

    answer = send(body)

    assert (answer.status_code, answer.json()["captured"], answer.json()["poison"]) == (200, 2, 1)
    assert answer.json()["problems"] == [{"place": 1, "reason": reason}]
    assert Inbound.objects.get().problems == [{"place": 1, "reason": reason}]


def test_what_was_complete_before_a_cut_is_kept(hubspot: Connection):
    answer = send(b"[" + raw(objectId=1) + b"," + raw(objectId=2)[:-9])

    assert (answer.json()["captured"], answer.json()["problems"]) == (
        1,
        [{"place": 1, "reason": "not_json"}],
    )


def test_a_byte_order_mark_is_skipped(hubspot: Connection):
    assert send(b"\xef\xbb\xbf[" + raw() + b"]").json()["captured"] == 1


def test_ids_beyond_2_53_keep_every_digit(hubspot: Connection):
    send([event(objectId=9007199254740993), event(objectId=9007199254740992)])

    assert set(
        Event.objects.filter(source="hubspot-main").values_list("subject_id", flat=True)
    ) == {"9007199254740993", "9007199254740992"}


def test_a_huge_value_is_one_event(hubspot: Connection):
    assert send([event(propertyValue="x" * 900_000)]).json()["captured"] == 1


def test_a_thousand_events_are_taken_at_once(hubspot: Connection):
    events = [event(objectId=number, changeFlag=None) for number in range(1, 1001)]

    assert send(events).json()["captured"] == 1000


def test_an_empty_batch_is_fine(hubspot: Connection):
    assert send([]).status_code == 200
    assert Inbound.objects.get().state == "ignored"  # and nobody waits for anything


def test_a_huge_body_is_refused_before_it_is_read(hubspot: Connection):
    body = b"[" + b" " * (2 * MAX_BODY_BYTES) + b"]"

    assert send(body).status_code == 413
    assert not Inbound.objects.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Length": "many"}, 411),
        ({"Content-Length": ""}, 411),
    ],
)
def test_bodies_of_unknown_size_or_form_are_not_read(
    hubspot: Connection, headers: dict[str, str], status: int
):
    assert (
        Browser()
        .post("/hooks/hubspot-main/", b"[]", content_type="application/json", headers=headers)
        .status_code
        == status
    )


def test_memory_stays_bounded_by_the_body(hubspot: Connection):
    body = b"[" + b'"\\"' * 300_000
    send(b"[]")
    tracemalloc.start()

    send(body)

    assert tracemalloc.get_traced_memory()[1] < 200 * 1024 * 1024
    tracemalloc.stop()


def test_without_a_database_the_sender_is_asked_to_come_again(
    hubspot: Connection, monkeypatch: pytest.MonkeyPatch
):
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed")

    monkeypatch.setattr(hooks, "receive", away)

    answer = send([event()])

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert b"10.0.0.1" not in answer.content


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "not_an_object"),
        ({"id": "a/b"}, "no_id"),
        (b'{"a": NaN}', "not_a_number"),
        ('{"id": "f-1"}'.encode("utf-16"), "not_utf8"),
        (b'{"id": "f-1", "n": "\xe9"}', "not_utf8"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "not_json"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a": "\\u0000"}', "nul_character"),
        (b'{"a": "\\ud800"}', "lone_surrogate"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": ' + b"9" * 400 + b"}", "number_out_of_range"),
    ],
)
def test_a_form_that_cannot_be_read_is_kept_and_refused(
    form: Connection, body: object, reason: str
):
    answer = submit(body)

    assert (answer.status_code, answer.json()["error"]) == (400, reason)
