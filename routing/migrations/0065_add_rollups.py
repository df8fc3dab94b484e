import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

from routing.kernel.migrating import AddIndexOnce, CreateModelOnce


class Migration(migrations.Migration):
    atomic = False  # indexes that are made beside running work need no transaction

    dependencies = [
        ("routing", "0064_remind_of_ends"),
    ]

    operations = [
        CreateModelOnce(
            name="RollupState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("basis", models.CharField(max_length=64)),
                ("horizon", models.BigIntegerField()),
                ("seen", models.JSONField(default=dict)),
                ("as_of", models.DateTimeField()),
                ("rebuilt_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        CreateModelOnce(
            name="Rollup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=32)),
                ("day", models.DateField()),
                ("client", models.BigIntegerField(default=0)),
                ("kind", models.CharField(default="", max_length=32)),
                ("key", models.CharField(default="", max_length=32)),
                ("other", models.CharField(default="", max_length=32)),
                ("apart", models.BooleanField(default=False)),
                ("n", models.PositiveIntegerField()),
                ("good", models.PositiveIntegerField(default=0)),
                ("total", models.DurationField(null=True)),
                (
                    "took",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DurationField(), null=True, size=None
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "day", "client", "kind", "key", "other", "apart"),
                        name="rollup_of_a_group",
                    )
                ],
            },
        ),
        AddIndexOnce(
            model_name="clock",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=["started_at", "stopped_at"],
                name="clock_times_idx",
                pages_per_range=32,
            ),
        ),
        AddIndexOnce(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("breached_at__isnull", False)),
                fields=["breached_at"],
                name="clock_breached_idx",
            ),
        ),
    ]
