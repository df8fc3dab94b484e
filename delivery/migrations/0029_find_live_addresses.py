from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("delivery", "0028_keep_reports"),
        ("routing", "0063_exports"),
    ]

    operations = [
        AddIndexOnce(
            model_name="deliverable",
            index=models.Index(
                condition=models.Q(("live_url", ""), _negated=True),
                fields=["live_url"],
                name="deliverable_live_at_idx",
            ),
        ),
    ]
