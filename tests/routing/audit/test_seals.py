"""Sealing and verifying: nothing committed stays unsealed, and nothing sealed changes unseen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from delivery.models import Engagement, Request
from delivery.requests.operations import requests
from routing.audit.ledgers import ledgers
from routing.audit.operations.seals import SWEEP_EVERY, column_types, seal
from routing.audit.verify import verify
from routing.kernel.canonical import PINNED, digest_sql
from routing.kernel.sql import run
from routing.models import Event, Seal
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults
from tests.routing.audit.tampering import tamper
from tests.world import NOW, World, by, make_request

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.requirement("A2"),
]

ELSEWHERE = {
    "TimeZone": "Pacific/Chatham",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "-10",
    "bytea_output": "escape",
}
# Each type that occurs in a ledger, and others whose text depends on a setting.
VALUES = {
    "bigint": "42",
    "integer": "42",
    "smallint": "42",
    "boolean": "true",
    "character varying": "'a, b'",
    "text": "'a, b'",
    "numeric": "1234.50",
    "date": "'2026-02-01'",
    "time without time zone": "'10:11:12.131415'",
    "timestamp with time zone": "'2026-02-01 10:11:12.131415+03'",
    "interval": "'1 day 02:03:04.5'",
    "jsonb": '\'{"b": [1.50, "x"], "a": null}\'',
    "ARRAY": "ARRAY['a,b', 'c']",
    "timestamptz[]": "ARRAY['2026-02-01 10:11:12+03'::timestamptz]",
    "double precision": "0.1::float8 + 0.2::float8",
    "bytea": "'\\x0041ff'",
    "tstzrange": "'[2026-02-01 10:11:12+03,)'",
}


@pytest.fixture
def triaged(committed_world: World) -> Request:
    request = make_request(committed_world.acme, details="Call Carla on 0171 123")
    requests.triage(
        [request.pk], by=by(committed_world.alice), at=NOW, reason="Carla is in a hurry"
    )
    return request


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """A session with other settings, closed afterwards."""
    yield
    connection.close()


def use(settings: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute(f"SET {name} = '{value}'")


def test_everything_committed_is_sealed_once(triaged: Request) -> None:
    first, second = seal(at=NOW), seal(at=NOW)

    verification = verify()
    assert first > 0
    assert second == 0
    assert (verification.whole, verification.sealed, verification.unsealed) == (True, first, 0)
    assert verification.sealed_up_to == NOW


def test_what_is_not_sealed_yet_is_counted(triaged: Request) -> None:
    seal(at=NOW)

    requests.accept([triaged.pk], by=Actor.system(), at=NOW)

    assert verify().unsealed == 2  # one history row, one event


def test_an_uncommitted_lower_row_is_sealed_later_not_lost(
    triaged: Request, committed_world: World, superuser_dsn: str
) -> None:
    name = connection.settings_dict["NAME"]
    event = "INSERT INTO routing_event (kind, source, digest, from_state, to_state, actor_id, at) VALUES ('late', 'x', '', '', '', %s, now())"  # noqa: E501
    with psycopg.connect(superuser_dsn, dbname=name) as slow:
        slow.execute(event, [committed_world.alice.pk])
        requests.accept([triaged.pk], by=Actor.system(), at=NOW)
        seal(at=NOW)
        unsealed = verify().unsealed
        slow.commit()
    sealed = seal(at=NOW)

    assert (unsealed, sealed) == (0, 1)
    assert verify().whole


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE delivery_historicalrequest SET state = 'closed' WHERE history_id = %s",
            "was changed",
        ),
        (
            "UPDATE delivery_historicalrequest SET history_user_id = 999 WHERE history_id = %s",
            "was changed",
        ),
        (
            (
                "UPDATE delivery_historicalrequest SET history_change_reason = 'else' WHERE history_id "  # noqa: E501
                "= %s"
            ),
            "was changed",
        ),
        ("DELETE FROM delivery_historicalrequest WHERE history_id = %s", "is gone"),
        (
            (
                "UPDATE routing_sealedrow SET digest = 'x' WHERE ledger = 'delivery_historicalrequest' "  # noqa: E501
                "AND row_id = %s"
            ),
            "its head does not match",
        ),
    ],
)
def test_tampering_is_found(
    triaged: Request, superuser_dsn: str, statement: str, what: str
) -> None:
    seal(at=NOW)
    history_id = triaged.history.first().history_id

    tamper(superuser_dsn, statement, history_id)

    assert what in verify().first_break


def test_a_row_whose_id_was_taken_before_its_transaction_had_a_number_is_sealed_within_the_hour(
    triaged: Request, committed_world: World, superuser_dsn: str
) -> None:
    name, alice = connection.settings_dict["NAME"], committed_world.alice.pk
    event = (
        "INSERT INTO routing_event (kind, source, dedupe_key, digest, from_state, to_state, "
        "actor_id, at)"
        " VALUES ('deal', 'crm', '1', '', '', '', %s, now()) ON CONFLICT DO NOTHING RETURNING id"
    )
    with (
        psycopg.connect(superuser_dsn, dbname=name) as first,
        psycopg.connect(superuser_dsn, dbname=name) as second,
    ):
        first.execute(event, [alice])
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(second.execute, event, [alice])
            wait_until_blocked(second)
            make_request(committed_world.acme)
            seal(at=NOW)
            first.rollback()
            [(late,)] = waiting.result(20).fetchall()
        make_request(committed_world.acme)
        seal(at=NOW)
        second.commit()
    found, before = seal(at=NOW + timedelta(minutes=1)), verify()
    swept, after = seal(at=NOW + SWEEP_EVERY), verify()

    assert Event.objects.filter(pk=late, source="crm").exists()
    # Snapshots span the server: a transaction of another database keeps the floor down, and then
    # the row is not passed over.
    passed_over = 1 - found
    assert (before.unsealed, before.passed_over, before.whole) == (passed_over, passed_over, True)
    assert (swept, after.unsealed, after.passed_over, after.whole) == (passed_over, 0, 0, True)


def wait_until_blocked(session: psycopg.Connection[tuple[object, ...]]) -> None:
    ends = time.monotonic() + 20
    while run("SELECT cardinality(pg_blocking_pids(%s))", [session.info.backend_pid]) == [(0,)]:
        assert time.monotonic() < ends, "it never waited"
        time.sleep(0.02)


def test_the_whole_ledger_is_looked_at_once_an_hour(
    triaged: Request, committed_world: World, superuser_dsn: str
) -> None:
    seal(at=NOW)
    make_request(committed_world.acme)
    seal(at=NOW)
    tamper(
        superuser_dsn,
        "UPDATE routing_event SET id = -1 WHERE id = (SELECT max(id) FROM routing_event WHERE kind "
        "LIKE '%%triage')",
    )

    sealed = [seal(at=NOW + timedelta(minutes=minutes)) for minutes in (59, 60, 61)]

    assert sealed == [0, 1, 0]


def test_a_chain_sealed_under_some_settings_verifies_under_others(
    committed_world: World, elsewhere: None
) -> None:
    ensure_defaults(at=NOW)
    Engagement.objects.create(
        client=committed_world.acme, name="Site", amount=Decimal("1234.50"), starts_date=NOW.date()
    )
    make_request(committed_world.acme)
    use(ELSEWHERE)
    assert seal(at=NOW) > 0
    there = verify().first_break
    connection.close()

    assert (there, verify().first_break) == ("", "")


@pytest.mark.parametrize("kind", VALUES)
def test_the_text_of_a_value_depends_on_no_setting(db: None, elsewhere: None, kind: str) -> None:
    cast = "text[]" if kind == "ARRAY" else kind
    digest = f"SELECT {digest_sql(['x'], {'x': kind}, 'v')} FROM (SELECT ({VALUES[kind]})::{cast} AS x) v"  # noqa: E501, S608
    connection.set_autocommit(False)
    run(f"SELECT {PINNED}")
    here = run(digest)
    connection.rollback()
    use(ELSEWHERE)
    run(f"SELECT {PINNED}")
    there = run(digest)
    connection.rollback()
    connection.set_autocommit(True)

    assert here == there


def test_every_type_that_occurs_in_evidence_is_known_to_be_stable(db: None) -> None:
    types = column_types()

    assert {
        types[ledger.table][column]
        for ledger in ledgers()
        for column in (*ledger.facts, *ledger.free_text)
    } <= set(VALUES)


@pytest.mark.parametrize(
    ("one", "other"), [("'infinity'", "NULL"), ("'0044-03-15'", "'0044-03-15 BC'")]
)
@pytest.mark.parametrize("kind", ["date", "timestamp with time zone"])
def test_strange_dates_do_not_pass_for_others(db: None, kind: str, one: str, other: str) -> None:
    digest = digest_sql(["x"], {"x": kind}, "v")
    [(first,), (second,)] = run(
        f"SELECT {digest} FROM (VALUES ({one}::{kind}), ({other}::{kind})) v(x)"  # noqa: S608
    )  # see above

    assert first != second


def test_a_sealed_table_that_is_no_evidence_any_more_is_a_break(
    triaged: Request, superuser_dsn: str
) -> None:
    seal(at=NOW)
    first = Seal.objects.earliest("id")
    tamper(
        superuser_dsn, "UPDATE routing_seal SET ledger = 'routing_removed' WHERE id = %s", first.pk
    )

    assert (
        verify().first_break
        == f"seal {first.pk} of routing_removed: cannot be checked: table routing_removed is no "
        f"evidence any more"
    )
