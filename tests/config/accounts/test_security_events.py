"""
H11: what happens to accounts is recorded as rows without secrets, is searched and exported, and a
pattern of it is an exception of a named person.
"""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.account import signals as account
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.dispatch import Signal
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse
from pytest_django import Settings

from integrations.connections.operations import ConnectionSettings, connect
from routing.audit.operations.erasure import erase
from routing.audit.operations.security_alarms import FAILURES, PATTERNS
from routing.cover.operations import leaving
from routing.cover.operations.portal_access import withdraw
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, OPS
from routing.models import ExceptionCase, ExportRecord, Notification, SecurityEvent, User
from routing.people.security import (
    KEPT,
    MOST_AN_HOUR,
    digest_of,
    forget_security_events,
    record_security,
)
from tests.config.accounts.test_code_signin import CONFIRM, ask, code_in, letter_after
from tests.config.accounts.test_signin import PASSWORD, code, sign_in, totp
from tests.desk import signed_in, url, words
from tests.portal import APPROVER, invited, user_of
from tests.world import NOW, World, by, make_user

Kind = SecurityEvent.Kind
SECRET = "what-I-typed@by.mistake"


@pytest.fixture(autouse=True)
def _no_limits_left_by_others(db: None) -> None:
    cache.clear()


def kinds(**filters: Any) -> list[str]:
    return list(
        SecurityEvent.objects.filter(**filters).order_by("pk").values_list("kind", flat=True)
    )


# -- What is recorded ------------------------------------------------------------------------------


def test_h11_a_sign_in_with_both_factors_and_one_that_fails(client: Browser) -> None:
    alice = make_user("Alice", password=PASSWORD)
    secret = totp(alice)
    sign_in(client, alice, "wrong")
    sign_in(client, alice)
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    client.post("/accounts/logout/")

    assert kinds(user=alice) == [
        Kind.SIGN_IN_FAILED,
        Kind.FACTOR_REFUSED,
        Kind.SIGNED_IN,
        Kind.SIGNED_OUT,
    ]
    found = SecurityEvent.objects.get(kind=Kind.SIGNED_IN)
    assert (found.address, found.at) == ("127.0.0.1", NOW)
    assert "password" in found.detail


def test_h11_a_contact_asks_for_codes_and_mistypes_them(client: Browser, world: World) -> None:
    carla = invited(world, "Carla", (world.acme, APPROVER))
    letter = letter_after(lambda: ask(client, carla.email))
    client.post(CONFIRM, {"code": "AAA-AAA"})
    client.post(CONFIRM, {"code": code_in(letter)})
    ask(Browser(), "nobody@client.test")

    assert kinds(user=user_of(carla)) == [
        Kind.INVITED,
        Kind.CODE_SENT,
        Kind.CODE_REFUSED,
        Kind.SIGNED_IN,
    ]
    [unknown] = SecurityEvent.objects.filter(user=None)
    assert (unknown.kind, unknown.typed) == (Kind.CODE_SENT, digest_of("nobody@client.test"))


def test_h11_lock_outs_are_recorded(client: Browser, world: World) -> None:
    alice = make_user("Alice", password=PASSWORD)
    carla = invited(world, "Carla", (world.acme, APPROVER))
    for _ in range(12):
        sign_in(client, alice, "wrong")
    for _ in range(5):
        ask(Browser(), carla.email)

    assert Kind.LOCKED_OUT in kinds(user=alice)
    assert Kind.LOCKED_OUT in kinds(user=user_of(carla))


def test_h11_changes_of_passwords(client: Browser, without_second_factor: None) -> None:
    alice = make_user("Alice", AM, password=PASSWORD)
    sign_in(client, alice)
    new = dict.fromkeys(("password1", "password2"), "correct horse 2")
    new["oldpassword"] = PASSWORD
    client.post("/accounts/password/change/", new)
    client.post("/accounts/password/reset/", {"email": alice.email})

    assert kinds(user=alice) == [Kind.SIGNED_IN, Kind.PASSWORD_CHANGED, Kind.RESET_SENT]


@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        (factors.authenticator_added, Kind.FACTOR_ADDED),
        (factors.authenticator_removed, Kind.FACTOR_REMOVED),
        (factors.authenticator_reset, Kind.FACTOR_RESET),
        (account.password_reset, Kind.PASSWORD_RESET),
    ],
)
def test_h11_what_allauth_says_about_factors_and_links(db: None, signal: Signal, kind: str) -> None:
    alice = make_user("Alice", AM)
    totp(alice)
    factor = Authenticator.objects.get(user=alice)

    signal.send(sender=None, request=RequestFactory().get("/"), user=alice, authenticator=factor)

    [found] = SecurityEvent.objects.filter(user=alice)
    assert (found.kind, found.address) == (kind, "127.0.0.1")
    assert found.detail == ("" if kind == Kind.PASSWORD_RESET else "totp")


def test_h11_roles_access_and_tokens(world: World) -> None:
    ops = by(world.olga)
    leaving.set_roles(world.bob, [OPS], by=ops, at=NOW, reason="Promoted")
    leaving.deactivate(world.cora, heir=world.quin, by=ops, at=NOW, reason="Left")
    leaving.reactivate(world.cora, by=ops, at=NOW, reason="Back")
    carla = invited(world, "Carla", (world.acme, APPROVER))
    withdraw(carla.pk, by=by(world.alice), at=NOW, reason="She left.")
    wanted = ConnectionSettings(
        "wordpress",
        "crm",
        base_url="https://www.acme.example",
        token="robin:abcd efgh ijkl mnop qrst uvwx",
    )
    connect(wanted, by=by(world.ivan), at=NOW)

    roles = SecurityEvent.objects.get(kind=Kind.ROLES_CHANGED)
    assert (roles.user, roles.by) == (world.bob, world.olga)
    assert roles.detail == "+operations_lead, -account_manager"
    assert kinds(user=world.cora) == [Kind.DEACTIVATED, Kind.REACTIVATED]
    assert kinds(user=user_of(carla)) == [Kind.INVITED, Kind.WITHDRAWN]
    token = SecurityEvent.objects.get(kind=Kind.TOKEN_CHANGED)
    assert (token.by, token.detail) == (world.ivan, "crm")


def test_h11_wrong_tokens_and_signatures(client: Browser, settings: Settings) -> None:
    settings.METRICS_TOKEN = "right"

    client.get("/metrics", headers={"authorization": "Bearer wrong-secret"})
    client.post("/hooks/nobody/", "{}", content_type="application/json")

    found = SecurityEvent.objects.filter(kind=Kind.TOKEN_REFUSED).order_by("pk")
    assert [row.detail for row in found] == ["metrics", "webhook"]


def test_h11_nothing_that_was_typed_is_kept(client: Browser, world: World) -> None:
    client.post("/accounts/login/", {"login": SECRET, "password": "hunter2-hunter2"})
    ask(client, SECRET)
    client.post("/accounts/password/reset/", {"email": SECRET})

    rows = SecurityEvent.objects.values_list("kind", "typed", "detail")
    assert [kind for kind, _typed, _detail in rows]
    text = str(list(SecurityEvent.objects.values()))
    assert SECRET not in text
    assert "hunter2" not in text


def test_h11_a_database_that_does_not_answer_stops_nobody(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = make_user("Alice", password=PASSWORD)

    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("routing.audit.operations.security_notices.record_security", fail)
    answer = sign_in(client, alice)

    assert answer.status_code == 302


# -- Rows stay as they are -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE routing_securityevent SET kind = 'signed_in'",
        "UPDATE routing_securityevent SET at = at - interval '1 year'",
        "DELETE FROM routing_securityevent",
    ],
)
def test_h11_an_event_is_neither_changed_nor_removed(db: None, statement: str) -> None:
    record_security(Kind.SIGN_IN_FAILED, at=NOW, email="a@b.test")

    with (
        pytest.raises(DatabaseError, match="kept"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_h11_old_events_go_after_their_time(db: None) -> None:
    for days in (1, 0):
        at = NOW - KEPT - timedelta(days=days) + timedelta(hours=1)
        record_security(Kind.SIGN_IN_FAILED, at=at, email="a@b.test")

    assert forget_security_events(at=NOW) == 1
    assert SecurityEvent.objects.count() == 1


def test_h11_erasure_empties_addresses(world: World) -> None:
    carla = invited(world, "Carla", (world.acme, APPROVER))
    record_security(Kind.SIGNED_IN, at=NOW, user=user_of(carla), address="203.0.113.9")
    record_security(Kind.SIGN_IN_FAILED, at=NOW, email="carla@other.test", address="203.0.113.9")

    erase(carla.pk, by=by(world.olga), at=NOW, reason="Asked")

    rows = SecurityEvent.objects.filter(user=carla.user_id).values_list("address", flat=True)
    assert set(rows) == {None}
    assert SecurityEvent.objects.filter(address="203.0.113.9").count() == 1


def test_h11_one_sender_does_not_fill_the_table(db: None) -> None:
    for _ in range(MOST_AN_HOUR):
        record_security(Kind.TOKEN_REFUSED, at=NOW, address="203.0.113.9")

    assert record_security(Kind.TOKEN_REFUSED, at=NOW, address="203.0.113.9") is None
    assert record_security(Kind.TOKEN_REFUSED, at=NOW, address="203.0.113.10") is not None
    later = NOW + timedelta(hours=2)
    assert record_security(Kind.TOKEN_REFUSED, at=later, address="203.0.113.9") is not None


# -- Alarms ----------------------------------------------------------------------------------------


def test_h11_guessing_raises_one_exception_of_the_security_contact(
    client: Browser, world: World
) -> None:
    world.agency.security_owner = world.ivan
    world.agency.save()
    dora = make_user("Dora", AM, password=PASSWORD)

    for number in range(12):
        sign_in(client, dora, f"wrong {number}")

    [case] = ExceptionCase.objects.filter(reason=Reason.SECURITY_ALARM)
    assert case.item.owner == world.ivan
    assert case.evidence["message"] == "Many failed attempts to sign in to one account"
    assert "Dora" not in str(case.evidence)
    [alarm] = SecurityEvent.objects.filter(kind=Kind.ALARM)
    assert (alarm.user, alarm.detail) == (dora, "guessing_account")
    assert Notification.objects.filter(recipient=world.ivan, item=case.item).exists()


def test_h11_without_a_contact_the_agencys_owner_is_told(client: Browser, world: World) -> None:
    for number in range(12):
        record_security(Kind.CODE_REFUSED, at=NOW, user=world.cora)
        sign_in(client, world.cora, f"wrong {number}")

    assert ExceptionCase.objects.get(reason=Reason.SECURITY_ALARM).item.owner == world.olga


def test_h11_a_success_after_many_failures_is_an_alarm(client: Browser, world: World) -> None:
    dora = make_user("Dora", AM, password=PASSWORD)
    for _ in range(6):
        record_security(Kind.SIGN_IN_FAILED, at=NOW - timedelta(minutes=5), user=dora)

    sign_in(client, dora)

    assert [row.detail for row in SecurityEvent.objects.filter(kind=Kind.ALARM)] == [
        "success_after_guessing"
    ]


def test_h11_usual_mistakes_are_no_alarm(client: Browser, world: World) -> None:
    dora = make_user("Dora", AM, password=PASSWORD)
    for _ in range(3):
        sign_in(client, dora, "wrong")
    sign_in(client, dora)

    assert not SecurityEvent.objects.filter(kind=Kind.ALARM).exists()
    assert set(FAILURES) <= set(Kind)
    assert len({pattern.code for pattern in PATTERNS}) == len(PATTERNS)


# -- Search and export -----------------------------------------------------------------------------


def test_h11_events_are_searched_filtered_and_exported(
    world: World, without_second_factor: None
) -> None:
    dora = make_user("=HYPERLINK(1)", AM)
    User.objects.filter(pk=dora.pk).update(email="dora@agency.test")
    record_security(Kind.SIGN_IN_FAILED, at=NOW, user=dora, address="203.0.113.9")
    record_security(Kind.SIGNED_IN, at=NOW, user=world.bob, address="198.51.100.7")
    desk = signed_in(world.olga)
    listed = url(SecurityEvent, "changelist")

    by_name = words(desk.get(listed, {"q": "dora@agency"}))
    by_address = words(desk.get(listed, {"q": "198.51.100.7"}))
    by_kind = words(desk.get(listed, {"kind__exact": Kind.SIGN_IN_FAILED}))
    answer = desk.get(url(SecurityEvent, "export"), {"kind__exact": Kind.SIGN_IN_FAILED})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    assert ("203.0.113.9" in by_name, "198.51.100.7" in by_name) == (True, False)
    assert ("203.0.113.9" in by_address, "198.51.100.7" in by_address) == (False, True)
    assert ("203.0.113.9" in by_kind, "198.51.100.7" in by_kind) == (True, False)
    [row] = csv.DictReader(StringIO(text))
    assert list(row)[:2] == ["number", "at"]
    assert row["event"] == Kind.SIGN_IN_FAILED
    assert (row["account"], row["account_email"]) == ("'=HYPERLINK(1)", "dora@agency.test")
    assert ExportRecord.objects.get().list_name == "security_events"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("page", ["changelist", "export"])
@pytest.mark.parametrize(
    ("who", "may"),
    [("olga", True), ("audrey", True), ("alice", False), ("quin", False), ("ivan", False)],
)
def test_h11_operations_and_auditors_may_read_them(
    world: World, without_second_factor: None, who: str, page: str, may: bool
) -> None:
    answer = signed_in(getattr(world, who)).get(url(SecurityEvent, page))

    assert answer.status_code == (200 if may else 403)
