from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # indexes that are made beside running work need no transaction

    dependencies = [
        ("integrations", "0009_settle_unreadable_webhooks"),
    ]

    operations = [
        AddIndexOnce(
            model_name="outbound",
            index=models.Index(
                condition=models.Q(("search_at__isnull", False)),
                fields=["search_at"],
                name="outbound_search_idx",
            ),
        ),
        AddIndexOnce(
            model_name="inbound",
            index=models.Index(
                condition=models.Q(("poison__gt", 0), ("settled_at", None)),
                fields=["connection", "id"],
                name="inbound_unreadable_idx",
            ),
        ),
    ]
