from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is made beside running work needs no transaction

    dependencies = [
        ("routing", "0029_add_missing_approvers"),
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
