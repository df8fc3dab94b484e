from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("routing", "0023_choose_regions_of_holidays"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="decision",
            index=models.Index(fields=["owner", "at"], name="decision_owner_idx"),
        ),
        AddIndexConcurrently(
            model_name="decision",
            index=models.Index(fields=["backup", "at"], name="decision_backup_idx"),
        ),
    ]
