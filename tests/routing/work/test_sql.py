"""Hand-written statements are seen by whatever watches Django's own, and are sent as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from delivery.models import Request
from delivery.requests.operations import requests
from routing.kernel.sql import run
from tests.world import NOW, World, by, make_request

ONE = "SELECT %s::int"
POINT = "SELECT %s::point"  # psycopg has no loader for it, so the form it came in shows
WAYS = pytest.mark.parametrize("is_watched", [False, True], ids=["direct", "watched"])


@contextmanager
def watched() -> Iterator[list[str]]:
    """The statements that pass an execute wrapper."""
    sent = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield sent


def ran(
    sql: str, params: list[Any], *, is_watched: bool, binary: bool = False
) -> list[tuple[Any, ...]]:
    if not is_watched:
        return run(sql, params, binary=binary)
    with watched() as sent:
        found = run(sql, params, binary=binary)
    assert sent == [sql]
    return found


def prepared(statement: str) -> int:
    """How many statements with this text the server keeps for this session."""
    [(found,)] = run(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement = %s", [statement]
    )
    return int(found)


def test_an_execute_wrapper_sees_the_statements_of_the_door(world: World) -> None:
    request = make_request(world.acme)

    with watched() as sent:
        requests.triage([request.pk], by=by(world.alice), at=NOW)

    assert any(sql.startswith("SELECT w.xmin") for sql in sent)
    assert any(sql.startswith("WITH new AS") and "UPDATE" in sql for sql in sent)


def test_the_query_log_holds_every_statement_in_its_order(db: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        run(ONE, [1])
        list(Request.objects.values("pk"))
        run(ONE, [2], binary=True)

    texts = [query["sql"] for query in captured]
    assert (texts[0], texts[2]) == (ONE, ONE)
    assert "delivery_request" in texts[1]
    assert len(texts) == 3


def test_debug_logs_and_nothing_is_logged_without(db: None, settings: Settings) -> None:
    lengths = [len(connection.queries_log)]
    for debug in (False, True):
        settings.DEBUG = debug
        run(ONE, [1])
        lengths.append(len(connection.queries_log))

    assert lengths[1] == lengths[0]
    assert lengths[2] == lengths[1] + 1


@WAYS
@pytest.mark.parametrize("binary", [False, True])
def test_a_statement_is_prepared_at_its_first_use(db: None, is_watched: bool, binary: bool) -> None:
    number = f"/* {is_watched} {binary} */"

    found = ran(f"{ONE} {number}", [7], is_watched=is_watched, binary=binary)

    assert found == [(7,)]
    assert prepared(f"SELECT $1::int {number}") == 1


@WAYS
def test_values_come_in_the_form_that_was_asked_for(db: None, is_watched: bool) -> None:
    [(text,)] = ran(POINT, ["(1,2)"], is_watched=is_watched)
    [(bits,)] = ran(POINT, ["(1,2)"], is_watched=is_watched, binary=True)

    assert text == "(1,2)"
    assert isinstance(bits, bytes)


@WAYS
def test_a_statement_without_rows_returns_none(db: None, is_watched: bool) -> None:
    assert ran("SET LOCAL lock_timeout = '5s'", [], is_watched=is_watched) == []


@WAYS
def test_an_error_is_djangos_and_what_follows_waits_for_the_rollback(
    db: None, is_watched: bool
) -> None:
    with transaction.atomic():
        with pytest.raises(DataError):
            ran("SELECT 1 / %s::int", [0], is_watched=is_watched)
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            ran(ONE, [1], is_watched=is_watched)

    assert ran(ONE, [1], is_watched=is_watched) == [(1,)]
