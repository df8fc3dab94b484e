from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # the index is made while work goes on

    dependencies = [("routing", "0031_add_client_merges")]

    operations = [
        AddIndexOnce(
            "workitem",
            models.Index(
                fields=["kind"],
                condition=models.Q(waiting_on="client"),
                name="workitem_at_client_idx",
            ),
        ),
    ]
