"""
Add two reasons of exceptions, and write e-mail addresses with the domain in ASCII, as they are
looked up from now on.

Where two rows turn out to have one address, the first keeps it and the other stays as it is.
``check --database default`` names it.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

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
# Only these can change: all others are in ASCII already.
WRITTEN_OTHERWISE = r"[^\x01-\x7f]|xn--"


def write_in_one_form(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    for app, model in (("routing", "Contact"), ("routing", "User"), ("account", "EmailAddress")):
        rows = apps.get_model(app, model)._default_manager.using(database)
        for row in rows.filter(email__iregex=WRITTEN_OTHERWISE).order_by("pk"):
            wanted = stored_address(row.email)
            taken = rows.filter(email__iexact=canonical_address(wanted)).exclude(pk=row.pk)
            if wanted != row.email and not taken.exists():
                rows.filter(pk=row.pk).update(email=wanted)


def reason_of(model: str, *, unique: bool = False) -> migrations.AlterField:
    field = models.CharField(choices=REASONS, max_length=40, unique=unique, verbose_name="reason")
    return migrations.AlterField(model_name=model, name="reason", field=field)


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0001_initial"),
        ("routing", "0035_add_image_previews"),
    ]

    operations = [
        reason_of("exceptioncase"),
        reason_of("exceptionroute", unique=True),
        reason_of("historicalexceptioncase"),
        reason_of("historicalexceptionroute"),
        migrations.RunPython(write_in_one_form, migrations.RunPython.noop),
    ]
