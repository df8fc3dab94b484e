"""
H12: rows as they are now, and the dates of history, are held against the chain. Nothing that was
changed or put there past the product stays unseen.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from delivery.models import Request
from delivery.requests.operations import requests
from integrations.models import Inbound
from routing.audit.ledgers import RECORDED, history_models, record_instants
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.kernel.sql import run
from routing.models import Client, Contact, Enrichment, Escalation, File, RunEvent
from tests.delivery.making import hand_in, make_deliverables, with_the_client
from tests.routing.audit.tampering import tamper
from tests.world import NOW, World, by, make_request

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
    pytest.mark.requirement("A2", "E16"),
]
HISTORY = "delivery_historicalrequest"


@pytest.fixture
def triaged(committed_world: World) -> Request:
    request = make_request(committed_world.acme)
    requests.triage([request.pk], by=by(committed_world.alice), at=NOW, reason="Urgent")
    return request


def as_app(statement: str, *params: Any) -> None:
    """Change rows as somebody who has the app's own password."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def forge(row: Request, state: str, days_ago: int, seconds: int = 0) -> None:
    """Copy the newest history of a row with another state and an older date."""
    columns = [each.column for each in Request.history.model._meta.concrete_fields]
    kept = [name for name in columns if name not in {"history_id", "state", "history_date"}]
    names = ", ".join(kept)
    as_app(
        f"INSERT INTO {HISTORY} ({names}, state, history_date) SELECT {names}, %s, %s "  # noqa: S608  # our own names
        f"FROM {HISTORY} WHERE id = %s ORDER BY history_id DESC LIMIT 1",
        state,
        NOW - timedelta(days=days_ago, seconds=seconds),
        row.pk,
    )


# -- Present rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE delivery_request SET state = 'closed'", "delivery_request: row {noun} differs"),
        ("UPDATE delivery_request SET details = 'x'", "newest history: details"),
        ("UPDATE routing_workitem SET priority = 1", "newest history: priority"),
        ("UPDATE routing_workitem SET state = 'closed'", "in another state than its Request"),
        ("UPDATE routing_workitem SET is_open = false", "in another state than its Request"),
        ("UPDATE routing_client SET restricted = true", "routing_client: row {client} differs"),
    ],
)
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "not sealed yet"])
def test_h12_a_row_changed_without_history_is_found(
    triaged: Request, statement: str, says: str, sealed: bool
) -> None:
    if sealed:
        seal(at=NOW)
    before = verify()

    as_app(statement)

    assert before.whole
    said = says.format(noun=triaged.pk, client=triaged.item.client_id)
    assert said in verify().first_break


def test_h12_a_row_that_is_gone_or_came_by_itself_is_found(
    triaged: Request, superuser_dsn: str
) -> None:
    first = Client.objects.get()
    tamper(
        superuser_dsn,
        "INSERT INTO routing_client (code, name, timezone, team_id, owner_id, backup_id, "
        "restricted) SELECT 'NEW', 'New', 'UTC', team_id, owner_id, backup_id, false FROM "
        "routing_client WHERE id = %s",
        first.pk,
    )
    added = verify().first_break
    tamper(superuser_dsn, "DELETE FROM routing_client WHERE code = 'NEW'")
    tamper(superuser_dsn, "DELETE FROM delivery_request WHERE id = %s", triaged.pk)

    assert added == f"routing_client: row {first.pk + 1} has no history"
    assert verify().first_break == (
        f"delivery_request: row {triaged.pk} is gone, and its history does not say so"
    )


def test_h12_work_of_every_kind_is_whole(committed_world: World) -> None:
    [row] = make_deliverables(committed_world)
    with_the_client(committed_world, row)
    seal(at=NOW)
    [other] = make_deliverables(committed_world)
    hand_in(committed_world, other)
    before = verify()
    seal(at=NOW + timedelta(seconds=30))

    assert (before.first_break, verify().first_break) == ("", "")


# -- Dates of history ------------------------------------------------------------------------------


@pytest.mark.parametrize("seals", ["before", "after", "never", "before and after"])
def test_h12_a_forged_backdated_row_is_found(triaged: Request, seals: str) -> None:
    if "before" in seals:
        seal(at=NOW)
    whole = verify().whole

    as_app("UPDATE delivery_request SET state = 'closed'")
    as_app("UPDATE routing_workitem SET state = 'closed', is_open = false")
    forge(triaged, "closed", days_ago=3)
    if "after" in seals:
        seal(at=NOW + timedelta(minutes=1))

    assert whole
    assert "is dated before" in verify().first_break


def test_h12_a_forged_row_of_an_object_without_other_history_is_found(
    triaged: Request, superuser_dsn: str
) -> None:
    seal(at=NOW)
    [(row,)] = run(
        "INSERT INTO routing_historicalteam (id, name, lead_id, history_date, history_type, "
        "history_user_id, history_change_reason) VALUES (999, 'x', 1, %s, '+', 1, '') "
        "RETURNING history_id",
        [NOW - timedelta(days=1)],
    )

    unsealed = verify().first_break
    seal(at=NOW + timedelta(minutes=1))

    says = f"row {row} is dated before a seal that does not have it"
    assert unsealed == f"routing_historicalteam: {says}"
    assert says in verify().first_break


def test_h12_a_row_dated_after_its_seal_is_found(triaged: Request) -> None:
    forge(triaged, "triaged", days_ago=-2)

    seal(at=NOW)

    assert "is dated after it was sealed" in verify().first_break


@pytest.mark.parametrize("instant", ["NULL", "clock_timestamp() - interval '3 days'"])
def test_h12_an_instant_of_recording_that_does_not_fit_is_found(
    triaged: Request, committed_world: World, superuser_dsn: str, instant: str
) -> None:
    seal(at=NOW)
    requests.accept([triaged.pk], by=by(committed_world.alice), at=NOW)
    tamper(
        superuser_dsn,
        f"UPDATE {HISTORY} SET recorded_at = {instant} WHERE history_id = (SELECT "  # noqa: S608
        f"max(history_id) FROM {HISTORY})",
    )

    seal(at=NOW + timedelta(minutes=1))

    assert "recorded" in verify().first_break


def test_h12_the_instant_of_recording_is_sealed(triaged: Request, superuser_dsn: str) -> None:
    seal(at=NOW)

    tamper(
        superuser_dsn,
        "UPDATE delivery_historicalrequest SET recorded_at = recorded_at + interval '1 s'",
    )

    assert "was changed" in verify().first_break


# -- The column ------------------------------------------------------------------------------------


def test_h12_the_database_writes_when_it_recorded_each_row(triaged: Request) -> None:
    client = Client.objects.get()
    client.name = "Acme again"
    client.save()

    tables = (HISTORY, "routing_historicalworkitem", "routing_historicalclient")
    for table in tables:
        rows = run(
            f"SELECT recorded_at IS NULL, abs(extract(epoch FROM clock_timestamp() - "  # noqa: S608
            f"recorded_at)) < 600 FROM {table}"
        )
        assert set(rows) == {(False, True)}
    assert not any(RECORDED in _fields(model) for model in history_models())


def _fields(model: Any) -> set[str]:
    return {field.column for field in model._meta.concrete_fields}


def test_h12_the_app_sets_neither_the_instant_nor_the_number() -> None:
    tables = [model._meta.db_table for model in history_models()]

    rights = run(
        "SELECT DISTINCT has_column_privilege(current_user, t, 'recorded_at', 'INSERT'), "
        "has_column_privilege(current_user, t, 'history_id', 'INSERT'), "
        "has_column_privilege(current_user, t, 'history_date', 'INSERT') FROM unnest(%s::text[]) t",
        [tables],
    )

    assert rights == [(False, False, True)]


def test_h12_an_insert_with_the_instant_is_refused(triaged: Request) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        as_app(
            f"INSERT INTO {HISTORY} (id, recorded_at) VALUES (1, now() - interval '1 year')"  # noqa: S608
        )


def test_h12_rows_from_before_the_column_stay_empty(triaged: Request) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {HISTORY} DROP COLUMN recorded_at")
        record_instants("owner")
        record_instants("owner")
        cursor.execute(f"SELECT count(*), count(recorded_at) FROM {HISTORY}")  # noqa: S608
        found = cursor.fetchone()
        transaction.set_rollback(True, using="owner")

    assert found == (2, 0)


def test_h12_the_app_may_not_delete_what_shows_what_happened() -> None:
    for model in (Escalation, Inbound, Enrichment, RunEvent, File, Client, Contact):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            as_app(f"DELETE FROM {model._meta.db_table}")  # noqa: S608  # our own names
