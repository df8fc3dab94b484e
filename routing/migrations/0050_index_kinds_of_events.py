from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("routing", "0049_tell_of_migrations"),
    ]

    operations = [
        AddIndexOnce(
            model_name="event",
            index=models.Index(
                fields=["source", "kind", "at"],
                condition=models.Q(dedupe_key__isnull=False),
                name="event_source_kind_idx",
            ),
        ),
    ]
