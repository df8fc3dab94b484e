"""The schema that migrations lead to, whichever way was taken."""

from __future__ import annotations

import re

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections

from config.storage import schema
from tests.plugin import DATABASE
from tests.test_migrations import released
from tests.upgrade.conftest import Upgraded

# Drills, because a database of then is migrated first.
pytestmark = [pytest.mark.drill, pytest.mark.requirement("I8", "P7")]

# Columns, constraints, indexes, triggers, functions, and the room that tables leave for versions.
STANDING = """
    SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attidentity, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        AND NOT a.attisdropped
    UNION SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE conrelid <> 0
    UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION SELECT pg_get_functiondef(p.oid) FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION SELECT relname || ' ' || array_to_string(reloptions, ' ') FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL"""

# A dump writes these otherwise than what it was made of.
NOISE = re.compile(r"::character varying|::text(?:\[\])?|[()]")


def schema_of(superuser_dsn: str, database: str) -> set[str]:
    with psycopg.connect(superuser_dsn, dbname=database) as superuser:
        return {NOISE.sub("", row[0]) for row in superuser.execute(STANDING)}


def test_a_database_in_use_comes_to_the_schema_of_a_new_one(
    upgraded: Upgraded, superuser_dsn: str
) -> None:
    """A new one is made by the squashed migrations, one in use by those that they replace."""
    new = schema_of(superuser_dsn, f"{DATABASE}_template")
    used = schema_of(superuser_dsn, connections["owner"].settings_dict["NAME"])

    assert used - new == set()
    assert new - used == set()


@pytest.mark.parametrize("upgraded", ["first_version"], indirect=True)
def test_what_was_released_last_is_come_back_to_and_left_again(
    upgraded: Upgraded, superuser_dsn: str
) -> None:
    """Code from before knows no squashed migration: its databases have only what they replace."""
    name = connections["owner"].settings_dict["NAME"]
    before = schema_of(superuser_dsn, name)

    for app, migration in released(connections["owner"]):
        call_command("migrate", app, migration, verbosity=0, interactive=False)
    with psycopg.connect(superuser_dsn, dbname=name) as superuser:
        superuser.execute("DELETE FROM django_migrations WHERE name LIKE '%squashed%'")
    then = schema_of(superuser_dsn, name)
    call_command("migrate", verbosity=0, interactive=False)

    assert "routing_rollup" not in " ".join(then)
    assert schema_of(superuser_dsn, name) == before
    assert schema.migration_status(connection).pending == ()
