"""Migrations: safe beside the code before them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, CreateModel, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED
from pytest_django import DjangoDbBlocker

from routing.kernel.migrating import AddIndexOnce, CreateModelOnce
from routing.kernel.sql import run
from tests.world import World

OURS = ("routing", "delivery", "integrations")
# From before the rule: 0002 finishes 0001, and 0008 gives the column of 0003 its default.
EARLIER = {("delivery", "0002_link_requests"), ("routing", "0003_add_flows_and_runs")}
# The last that were released. Those after them are judged, and can be taken back.
RELEASED = {"routing": "0063", "delivery": "0029", "integrations": "0013"}
# These grow with the agency and not with its work.
SMALL = {
    "routing_agency",
    "routing_historicalagency",
    "routing_redaction",
    "integrations_connection",
}
ALTER = r"ALTER TABLE (?:ONLY )?\"?(\w+)\"? .*"
KEEPS_WAITING = {
    r"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)\S+ ON \"?(\w+)": "use AddIndexOnce",
    ALTER + r"ADD CONSTRAINT \S+ (?:CHECK|FOREIGN KEY)(?!.*NOT VALID)": "use AddConstraintNotValid",
    ALTER + r"ADD CONSTRAINT \S+ (?:UNIQUE \(|EXCLUDE)": "make its index first",
    ALTER + r"ADD COLUMN .* UNIQUE": "add the column, then its index",
    ALTER + r"ADD COLUMN .* DEFAULT \(?\w+\(": "add the column, set the default, fill in batches",
    ALTER + r"ALTER COLUMN \S+ TYPE ": "add another column",
    ALTER + r"ALTER COLUMN \S+ SET NOT NULL": "prove it by a constraint that was validated",
}


def unsafe_columns(loader: MigrationLoader) -> Iterator[str]:
    """
    Columns added to a table that older code inserts into, which neither may be empty nor have a
    default in the database.
    """
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app not in OURS or (app, name) in EARLIER:
            continue
        made = {step.name_lower for step in migration.operations if isinstance(step, CreateModel)}
        for step in migration.operations:
            if (
                isinstance(step, AddField)
                and step.model_name_lower not in made
                and not _harmless(step)
            ):
                yield f"{app}.{name}: {step.model_name}.{step.name} needs a db_default"


def _harmless(step: AddField) -> bool:
    return step.field.many_to_many or step.field.null or step.field.db_default is not NOT_PROVIDED


def test_a_new_column_does_not_break_code_from_before_it() -> None:
    assert list(unsafe_columns(MigrationLoader(None))) == []


def unreleased(loader: MigrationLoader) -> Iterator[Migration]:
    for (app, name), migration in sorted(loader.disk_migrations.items()):
        if app in OURS and name[:4] > RELEASED[app]:
            yield migration


def waits(statement: str, made: set[str]) -> Iterator[str]:
    """Yield what to do about a statement that keeps others waiting while it reads or writes."""
    for pattern, instead in KEEPS_WAITING.items():
        found = re.search(pattern, statement)
        if found and found[1] not in made | SMALL:
            yield f"{found[1]}: {instead}"


def ways_to_wait(loader: MigrationLoader, migration: Migration) -> Iterator[str]:
    statements = loader.collect_sql([Plan(migration, backwards=False)])
    made = {found[1] for each in statements if (found := re.match(r'CREATE TABLE "(\w+)"', each))}
    for statement in statements:
        yield from waits(statement, made)
    altered = {found[1] for each in statements if (found := re.match(ALTER, each))} - made - SMALL
    if migration.atomic and altered and any(_is_python(each) for each in migration.operations):
        yield f"{', '.join(altered)}: move rows in another migration, which holds no table"
    if not migration.atomic and not all(_may_be_repeated(each) for each in migration.operations):
        yield "what is not one transaction may be interrupted, and must be able to begin anew"


def _is_python(step: Operation) -> bool:
    return isinstance(step, RunPython)


def _may_be_repeated(step: Operation) -> bool:
    if isinstance(step, SeparateDatabaseAndState):
        return not step.database_operations
    return isinstance(step, RunPython | AddIndexOnce | CreateModelOnce)


def released(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """
    Return the migrations to go back to there: their own, or those that they are squashed into.
    Those that depend on others come first.
    """
    known = MigrationLoader(connection).graph.nodes
    return sorted(
        (app, name) for app, name in known if app in OURS and RELEASED[app] in name.split("_")
    )


class Plan(NamedTuple):
    migration: Migration
    backwards: bool


@pytest.mark.drill
def test_39_no_migration_keeps_others_waiting_while_it_reads_or_writes_a_table(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():  # a concurrent index refuses the transaction of a test
        loader = MigrationLoader(connections["default"])
        found = {
            f"{migration.app_label}.{migration.name}": list(ways_to_wait(loader, migration))
            for migration in unreleased(loader)
        }

    assert found
    assert {name: ways for name, ways in found.items() if ways} == {}


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX "i" ON "routing_event" ("at");',
        'CREATE UNIQUE INDEX "i" ON "routing_event" ("at");',
        'ALTER TABLE "routing_event" ADD CONSTRAINT "c" CHECK ("at" > now());',
        'ALTER TABLE "routing_event" ADD CONSTRAINT "c" UNIQUE ("at");',
        'ALTER TABLE "routing_event" ADD COLUMN "k" uuid DEFAULT (gen_random_uuid()) NOT NULL;',
        'ALTER TABLE "routing_event" ADD COLUMN "k" uuid NULL UNIQUE;',
        'ALTER TABLE "routing_event" ALTER COLUMN "k" TYPE text USING "k"::text;',
        'ALTER TABLE "routing_event" ALTER COLUMN "k" SET NOT NULL;',
    ],
)
def test_39_what_keeps_others_waiting_is_recognised(statement: str) -> None:
    assert len(list(waits(statement, set()))) == 1
    assert list(waits(statement, {"routing_event"})) == []


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX CONCURRENTLY "i" ON "routing_event" ("at");',
        'ALTER TABLE "routing_event" ADD CONSTRAINT "c" CHECK ("at" > now()) NOT VALID;',
        'ALTER TABLE "routing_event" VALIDATE CONSTRAINT "c";',
        """ALTER TABLE "routing_event" ADD COLUMN "k" varchar(9) DEFAULT 'a' NOT NULL;""",
        'ALTER TABLE "routing_event" ADD COLUMN "k" uuid NULL CONSTRAINT "f" REFERENCES "t"("id");',
    ],
)
def test_39_what_is_done_in_an_instant_is_allowed(statement: str) -> None:
    assert list(waits(statement, set())) == []


@pytest.mark.parametrize("table", ["routing_user", "routing_historicaluser"])
def test_code_from_before_skills_goes_on_inserting_people(world: World, table: str) -> None:
    columns = [
        column
        for (column,) in run(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            " AND column_name NOT IN ('skills', 'email', 'recorded_at') AND is_identity = 'NO'",
            [table],
        )
    ]
    names, email = (
        ", ".join(columns),
        ("email, ", "'before@agency.test', ") if table == "routing_user" else ("", ""),
    )

    made = run(
        f"INSERT INTO {table} ({email[0]}{names}) SELECT {email[1]}{names} FROM {table} WHERE id = "  # noqa: S608
        f"%s LIMIT 1 RETURNING skills",  # our own names
        [world.alice.pk],
    )

    assert made == [([],)]
