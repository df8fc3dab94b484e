"""
10.

History is evidence: the running app's role cannot rewrite one row of it, and a chain shows what
anybody else did.
"""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, connections, models, transaction

from routing.audit.ledgers import append_only_models, history_models, ledgers
from routing.models import DoorOnly, Event, User
from tests.world import World, make_request

pytestmark = pytest.mark.requirement("A2", "G18")

EVIDENCE = append_only_models()


@pytest.mark.parametrize("model", EVIDENCE, ids=lambda model: model._meta.db_table)
@pytest.mark.parametrize(
    "statement", ['UPDATE "{t}" SET {c} = {c}', 'DELETE FROM "{t}"', 'TRUNCATE "{t}" CASCADE']
)
@pytest.mark.django_db(databases=["default", "owner"])
def test_neither_the_app_nor_the_owner_rewrites_it(
    model: type[models.Model], statement: str
) -> None:
    sql = statement.format(t=model._meta.db_table, c=model._meta.pk.column)

    for alias, says in (("default", "permission denied"), ("owner", "append-only")):
        with (
            pytest.raises(DatabaseError, match=says),
            transaction.atomic(using=alias),
            connections[alias].cursor() as cursor,
        ):
            cursor.execute(sql)


def test_the_app_owns_no_table_and_may_not_make_or_drop_one(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = "
            "current_user"
        )
        assert cursor.fetchone() == (0,)
    for statement in (
        "CREATE TABLE own (x int)",
        'DROP TABLE "routing_event"',
        'ALTER TABLE "routing_event" DISABLE TRIGGER ALL',
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "name", ["routing_workitem", "delivery_request", "routing_run", "routing_user"]
)
def test_the_app_deletes_neither_work_nor_people(db: None, name: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608  # the names are above


def test_every_history_table_is_append_only_and_sealed() -> None:
    tables = {model._meta.db_table for model in history_models()}

    assert tables <= {ledger.table for ledger in ledgers()}
    assert Event._meta.db_table in {ledger.table for ledger in ledgers()}
    for model in DoorOnly.__subclasses__():
        assert hasattr(model, "history") or model._meta.abstract, model


def test_evidence_names_its_actor_and_holds_no_name_or_address(world: World) -> None:
    request = make_request(world.acme)
    columns = {field.attname for field in Event._meta.concrete_fields}

    assert request.history.get().history_user == User.objects.system()
    assert not columns & {"email", "full_name", "reason", "body", "payload"}
