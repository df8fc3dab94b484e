import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0004_add_form_channel"),
        ("integrations", "0001_initial"),
        ("routing", "0015_add_delivery_reasons"),
        ("routing", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalOutbound",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("verb", models.CharField(max_length=60, verbose_name="what")),
                ("object_key", models.CharField(max_length=120, verbose_name="object")),
                (
                    "object_type",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="type there"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting its turn"),
                            ("leased", "Being sent"),
                            ("unknown", "Not known whether it arrived"),
                            ("retrying", "To be tried again"),
                            ("held", "Held behind a failed one"),
                            ("delivered", "Delivered"),
                            ("dead", "Failed"),
                            ("discarded", "Discarded"),
                            ("superseded", "Overtaken by a newer one"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                (
                    "remote_id",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="id there"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="address there"
                    ),
                ),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical outgoing change",
                "verbose_name_plural": "historical outgoing changes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_outbound_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Outbound",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True, verbose_name="key")),
                ("verb", models.CharField(max_length=60, verbose_name="what")),
                ("object_key", models.CharField(max_length=120, verbose_name="object")),
                (
                    "object_type",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="type there"
                    ),
                ),
                ("content", models.JSONField(default=dict, verbose_name="content")),
                ("assets", models.JSONField(default=list, verbose_name="files")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting its turn"),
                            ("leased", "Being sent"),
                            ("unknown", "Not known whether it arrived"),
                            ("retrying", "To be tried again"),
                            ("held", "Held behind a failed one"),
                            ("delivered", "Delivered"),
                            ("dead", "Failed"),
                            ("discarded", "Discarded"),
                            ("superseded", "Overtaken by a newer one"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("lease", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("begun_at", models.DateTimeField(null=True, verbose_name="first tried")),
                ("look_first", models.BooleanField(default=False)),
                (
                    "last_error",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="last error"
                    ),
                ),
                (
                    "remote_id",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="id there"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="address there"
                    ),
                ),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outbound",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outbound",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outbound",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "outgoing change",
                "verbose_name_plural": "outgoing changes",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["pending", "retrying", "unknown", "leased"])
                        ),
                        fields=["connection", "due_at", "id"],
                        name="outbound_due_idx",
                    ),
                    models.Index(
                        condition=models.Q(
                            (
                                "state__in",
                                ["pending", "retrying", "unknown", "leased", "held", "dead"],
                            )
                        ),
                        fields=["connection", "object_key", "id"],
                        name="outbound_order_idx",
                    ),
                    models.Index(
                        fields=["connection", "object_key", "-id"], name="outbound_object_idx"
                    ),
                    models.Index(
                        condition=models.Q(("remote_id", ""), _negated=True),
                        fields=["connection", "remote_id"],
                        name="outbound_remote_idx",
                    ),
                    models.Index(
                        condition=models.Q(("state", "dead")),
                        fields=["-id"],
                        name="outbound_dead_idx",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "delivered"), _negated=True),
                            ("delivered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="outbound_delivered_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "leased"), _negated=True),
                            ("leased_until__isnull", False),
                            _connector="OR",
                        ),
                        name="outbound_leased_until",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("started_at", models.DateTimeField(verbose_name="began")),
                ("ended_at", models.DateTimeField(verbose_name="ended")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("delivered", "Done, and found there"),
                            ("found", "An earlier try had done it"),
                            ("temporary", "Busy or away"),
                            ("unknown", "The answer was lost"),
                            ("differs", "What is there is not what was sent"),
                            ("refused", "Our credentials were refused"),
                            ("conflict", "Changed or gone on the other side"),
                            ("permanent", "Refused for good"),
                            ("lost", "Its worker died"),
                            ("overtaken", "Took longer than its lease"),
                        ],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("status", models.PositiveIntegerField(default=0, verbose_name="status")),
                (
                    "error",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="said"),
                ),
                ("found", models.JSONField(default=dict, verbose_name="found there")),
                (
                    "outbound",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tries",
                        to="integrations.outbound",
                        verbose_name="outgoing change",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ("outbound", "number"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("outbound", "number"), name="attempt_once")
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="externallink",
            name="link_to_exactly_one",
        ),
        migrations.AddField(
            model_name="externallink",
            name="digest",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="digest"
            ),
        ),
        migrations.AddField(
            model_name="externallink",
            name="item",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="external_links",
                to="routing.workitem",
                verbose_name="work item",
            ),
        ),
        migrations.AddField(
            model_name="externallink",
            name="url",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=500, verbose_name="address there"
            ),
        ),
        migrations.AddField(
            model_name="historicalexternallink",
            name="digest",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="digest"
            ),
        ),
        migrations.AddField(
            model_name="historicalexternallink",
            name="item",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="routing.workitem",
                verbose_name="work item",
            ),
        ),
        migrations.AddField(
            model_name="historicalexternallink",
            name="url",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=500, verbose_name="address there"
            ),
        ),
        migrations.AddConstraint(
            model_name="externallink",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("client__isnull", False),
                        ("contact__isnull", True),
                        ("engagement__isnull", True),
                        ("item__isnull", True),
                    ),
                    models.Q(
                        ("client__isnull", True),
                        ("contact__isnull", False),
                        ("engagement__isnull", True),
                        ("item__isnull", True),
                    ),
                    models.Q(
                        ("client__isnull", True),
                        ("contact__isnull", True),
                        ("engagement__isnull", False),
                        ("item__isnull", True),
                    ),
                    models.Q(
                        ("client__isnull", True),
                        ("contact__isnull", True),
                        ("engagement__isnull", True),
                        ("item__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="link_to_exactly_one",
            ),
        ),
    ]
