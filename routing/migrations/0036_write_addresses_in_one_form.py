"""
Add two reasons of exceptions, and write e-mail addresses with the domain in ASCII, as they are
looked up from now on.

Where two rows turn out to have one address, the first keeps it and the other stays as it is.
``check --database default`` names it.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper

from routing.kernel.domains import canonical_address, stored_address

REASONS = [
    ("missing_fields", "Required information missing"),
    ("missing_context", "Client unclear"),
    ("duplicate", "Several clients match"),
    ("failed_connector", "Credentials refused"),
    ("conflicting_duplicate", "Conflicting duplicate event"),
    ("no_rule", "No routing rule matches"),
    ("nobody_available", "Nobody available"),
    ("failed_step", "Step keeps failing"),
    ("rounds_exceeded", "Change rounds exceeded"),
    ("rejected", "Deliverable rejected"),
    ("outcome_missing", "Published page not visible"),
    ("outcome_decayed", "Proof no longer holds"),
    ("no_answer", "No answer in time"),
    ("approvers_missing", "Too few approvers left"),
    ("connection_failing", "Connection keeps failing"),
    ("failed_delivery", "Delivery to external system failed"),
    ("unreadable", "Received data cannot be read"),
    ("form_changed", "Form sends other fields"),
    ("remote_conflict", "Changed or removed in external system"),
    ("security_alarm", "Security alarm"),
]
# ruff: noqa: S608  # the names are ours
# Only these can change: all others are in ASCII already.
WRITTEN_OTHERWISE = r"[^\x01-\x7f]|xn--"


# The last is allauth's, and not there yet in a database that is made by these migrations.
TABLES = ("routing_contact", "routing_user", "account_emailaddress")


def write_in_one_form(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for table in set(TABLES) & set(connection.introspection.table_names(cursor)):
            write_table_in_one_form(cursor, table)


def write_table_in_one_form(cursor: CursorWrapper, table: str) -> None:
    cursor.execute(
        f"SELECT id, email FROM {table} WHERE email ~* %s ORDER BY id", [WRITTEN_OTHERWISE]
    )
    for pk, email in cursor.fetchall():
        wanted = stored_address(email)
        if wanted != email:
            cursor.execute(
                f"UPDATE {table} SET email = %s WHERE id = %s AND NOT EXISTS ("
                f"SELECT FROM {table} WHERE upper(email) = upper(%s) AND id <> %s)",
                [wanted, pk, canonical_address(wanted), pk],
            )


def reason_of(model: str, *, unique: bool = False) -> migrations.AlterField:
    field = models.CharField(choices=REASONS, max_length=40, unique=unique, verbose_name="reason")
    return migrations.AlterField(model_name=model, name="reason", field=field)


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0035_add_image_previews"),
    ]

    operations = [
        reason_of("exceptioncase"),
        reason_of("exceptionroute", unique=True),
        reason_of("historicalexceptioncase"),
        reason_of("historicalexceptionroute"),
        migrations.RunPython(write_in_one_form, migrations.RunPython.noop),
    ]
