import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0037_complete_erasures"),
    ]

    operations = [
        # The default writes the table anew, with another key in each row.
        migrations.AddField(
            model_name="file",
            name="key",
            field=models.UUIDField(
                db_default=RandomUUID(), default=uuid.uuid4, editable=False, unique=True
            ),
        ),
    ]
