"""Record what a redaction rewrote, key the digests of text, and keep erasures."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0036_write_addresses_in_one_form"),
    ]

    operations = [
        migrations.AddField(
            model_name="seal",
            name="text_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="redaction",
            name="columns",
            field=models.JSONField(db_default=[], default=list, verbose_name="columns"),
        ),
        migrations.AddField(
            model_name="redaction",
            name="digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="redaction",
            name="facts_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.RemoveConstraint(model_name="redaction", name="row_redacted_once"),
        migrations.AddIndex(
            model_name="redaction",
            index=models.Index(fields=["ledger", "row_id"], name="redaction_row_idx"),
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("terms", models.TextField(blank=True, default="", editable=False)),
                ("report", models.JSONField(blank=True, default=dict, verbose_name="report")),
                (
                    "done_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="completed"),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "contact",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasure",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "default_permissions": ("view",),
            },
        ),
    ]
