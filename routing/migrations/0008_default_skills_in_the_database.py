"""Let code from before ``skills`` go on inserting people: it leaves the column out."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0007_lock_versions_before_judging")]

    operations = [
        migrations.AlterField(
            model_name=model,
            name="skills",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                db_default=[],
                default=list,
                help_text="Lower-case codes, by comma.",
                size=None,
                verbose_name="skills",
            ),
        )
        for model in ("user", "historicaluser")
    ]
