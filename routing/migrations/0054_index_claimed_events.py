from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("routing", "0053_notice_changed_shapes"),
    ]

    operations = [
        AddIndexOnce(
            model_name="heldevent",
            index=models.Index(
                fields=["claim"],
                condition=models.Q(claim__isnull=False),
                name="heldevent_claim_idx",
            ),
        ),
    ]
