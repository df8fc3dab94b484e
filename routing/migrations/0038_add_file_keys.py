import uuid

from django.apps.registry import Apps
from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# A default that differs from row to row, set as the column is added, would write the whole table
# anew while nobody may read it. None of these steps holds the table for longer than an instant, and
# each may be taken again.
BEFORE = (
    "ALTER TABLE routing_file ADD COLUMN IF NOT EXISTS key uuid",
    "ALTER TABLE routing_file ALTER COLUMN key SET DEFAULT gen_random_uuid()",
    "ALTER TABLE routing_file DROP CONSTRAINT IF EXISTS routing_file_key_there",
    (
        "ALTER TABLE routing_file ADD CONSTRAINT routing_file_key_there "
        "CHECK (key IS NOT NULL) NOT VALID"
    ),
)
FILL = """
    UPDATE routing_file SET key = gen_random_uuid()
    WHERE key IS NULL AND id > %s AND id <= %s"""
BATCH = 5_000
AFTER = (
    "ALTER TABLE routing_file VALIDATE CONSTRAINT routing_file_key_there",
    "ALTER TABLE routing_file ALTER COLUMN key SET NOT NULL",
    "ALTER TABLE routing_file DROP CONSTRAINT routing_file_key_there",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS routing_file_key_key ON routing_file (key)",
)
IS_UNIQUE = "SELECT FROM pg_constraint WHERE conname = 'routing_file_key_key'"
UNIQUE = (
    "ALTER TABLE routing_file ADD CONSTRAINT routing_file_key_key"
    " UNIQUE USING INDEX routing_file_key_key"
)


def give_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        for statement in BEFORE:
            cursor.execute(statement)
        cursor.execute("SELECT coalesce(max(id), 0) FROM routing_file")
        for start in range(0, cursor.fetchone()[0], BATCH):
            cursor.execute(FILL, [start, start + BATCH])
        cursor.execute(IS_UNIQUE)
        if not cursor.rowcount:
            for statement in (*AFTER, UNIQUE):
                cursor.execute(statement)


def take_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE routing_file DROP COLUMN IF EXISTS key")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("routing", "0037_complete_erasures"),
    ]

    operations = [
        migrations.RunPython(give_keys, take_keys),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="file",
                    name="key",
                    field=models.UUIDField(
                        db_default=RandomUUID(), default=uuid.uuid4, editable=False, unique=True
                    ),
                ),
            ],
        ),
    ]
