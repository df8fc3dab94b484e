import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0018_refuse_negative_amounts"),
        ("routing", "0031_add_client_merges"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("form", models.CharField(max_length=80, verbose_name="form")),
                ("values", models.JSONField(verbose_name="values")),
                ("saved_at", models.DateTimeField(verbose_name="saved")),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "form draft",
                "verbose_name_plural": "form drafts",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("contact", "form"), name="draft_once_a_form")
                ],
            },
        ),
    ]
