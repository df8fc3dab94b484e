from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("routing", "0040_name_reasons_of_exceptions"),
    ]

    operations = [
        AddIndexOnce(
            model_name="event",
            index=models.Index(
                fields=["source", "subject_type"],
                condition=models.Q(kind__endswith=".merge"),
                name="event_merge_idx",
            ),
        ),
    ]
