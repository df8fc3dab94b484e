from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("integrations", "0009_settle_unreadable_webhooks"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="inbound",
            index=models.Index(
                condition=models.Q(("poison__gt", 0), ("settled_at", None)),
                fields=["connection", "id"],
                name="inbound_unreadable_idx",
            ),
        ),
    ]
