import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0065_add_rollups"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromiseChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("new", "New work only"),
                            ("later", "Open work too, except where it would be due earlier"),
                            ("all", "All open work"),
                        ],
                        max_length=5,
                        verbose_name="applies to",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("due_at", models.DateTimeField(editable=False, null=True)),
                ("cursor", models.BigIntegerField(default=0, editable=False)),
                ("moved", models.PositiveIntegerField(default=0, verbose_name="counted anew")),
                ("kept", models.PositiveIntegerField(default=0, verbose_name="left as they were")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="routing.calendar",
                        verbose_name="calendar",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a promise",
                "verbose_name_plural": "changes of promises",
                "ordering": ("-id",),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="ClockRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("target", models.DurationField(verbose_name="target before (working time)")),
                ("was_due_at", models.DateTimeField(null=True, verbose_name="was due")),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="routing.clock",
                        verbose_name="clock",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.clockterms",
                        verbose_name="terms before",
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="routing.promisechange",
                        verbose_name="change",
                    ),
                ),
            ],
            options={
                "verbose_name": "revised clock",
                "verbose_name_plural": "revised clocks",
                "ordering": ("id",),
                "default_permissions": ("view",),
            },
        ),
        migrations.AddIndex(
            model_name="promisechange",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["due_at"],
                name="promisechange_due_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="promisechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("policy", None), ("calendar", None), _connector="XOR"),
                name="promisechange_of_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockrevision",
            constraint=models.UniqueConstraint(
                fields=("clock", "change"), name="clockrevision_once"
            ),
        ),
    ]
