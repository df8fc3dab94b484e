import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0018_add_words_for_clients"),
    ]

    operations = [
        migrations.CreateModel(
            name="Sending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("form", models.CharField(max_length=80, verbose_name="form")),
                ("token", models.CharField(max_length=64, verbose_name="token")),
                ("leads_to", models.CharField(blank=True, max_length=500, verbose_name="leads to")),
                ("sent_at", models.DateTimeField(db_index=True, verbose_name="sent")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sending",
                "verbose_name_plural": "sendings",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "form", "token"), name="one_sending_a_token"
                    )
                ],
            },
        ),
    ]
