import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


REASONS = [
    ("missing_fields", "Required information missing"),
    ("missing_context", "Client unclear"),
    ("duplicate", "Several clients match"),
    ("failed_connector", "Credentials refused"),
    ("conflicting_duplicate", "Conflicting duplicate event"),
    ("no_rule", "No routing rule matches"),
    ("nobody_available", "Nobody available"),
    ("failed_step", "Step keeps failing"),
    ("rounds_exceeded", "Change rounds exceeded"),
    ("rejected", "Deliverable rejected"),
    ("outcome_missing", "Published page not visible"),
    ("outcome_decayed", "Proof no longer holds"),
    ("no_answer", "No answer in time"),
    ("approvers_missing", "Too few approvers left"),
    ("connection_failing", "Connection keeps failing"),
    ("failed_delivery", "Delivery to external system failed"),
    ("unreadable", "Received data cannot be read"),
    ("form_changed", "Form sends other fields"),
    ("remote_conflict", "Changed or removed in external system"),
    ("security_alarm", "Security alarm"),
    ("flow_off", "Flow is switched off"),
]

# Going back, what waits is queued again, so that it is not lost with its table. An event that has
# joined a run is not: older code would process it a second time.
QUEUE_AGAIN = """
INSERT INTO routing_dispatch (event_id, due_at, attempts, parked_reason)
SELECT DISTINCT h.event_id, now(), 0, '' FROM routing_heldevent h
WHERE h.state = 'held'
    AND NOT EXISTS (SELECT FROM routing_runevent p WHERE p.event_id = h.event_id)
ON CONFLICT (event_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0041_index_merges"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exceptioncase",
            name="reason",
            field=models.CharField(choices=REASONS, max_length=40, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="exceptionroute",
            name="reason",
            field=models.CharField(
                choices=REASONS, max_length=40, unique=True, verbose_name="reason"
            ),
        ),
        migrations.AlterField(
            model_name="historicalexceptioncase",
            name="reason",
            field=models.CharField(choices=REASONS, max_length=40, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="historicalexceptionroute",
            name="reason",
            field=models.CharField(choices=REASONS, max_length=40, verbose_name="reason"),
        ),
        migrations.CreateModel(
            name="SwitchOff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("off_at", models.DateTimeField(verbose_name="switched off")),
                (
                    "off_reason",
                    models.TextField(verbose_name="reason for switching off"),
                ),
                ("on_at", models.DateTimeField(null=True, verbose_name="switched on")),
                (
                    "on_reason",
                    models.TextField(
                        blank=True, default="", verbose_name="reason for switching on"
                    ),
                ),
                (
                    "rejects",
                    models.BooleanField(default=False, verbose_name="waiting events rejected"),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="switch_offs",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "off_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="switched off by",
                    ),
                ),
                (
                    "on_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="switched on by",
                    ),
                ),
            ],
            options={
                "verbose_name": "switch-off",
                "verbose_name_plural": "switch-offs",
                "ordering": ("-off_at", "-id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HistoricalHeldEvent",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Waiting"),
                            ("released", "Released"),
                            ("processed", "Processed"),
                            ("rejected", "Rejected"),
                        ],
                        default="held",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
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
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flow",
                        verbose_name="flow",
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
                (
                    "switch_off",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.switchoff",
                        verbose_name="switch-off",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical held event",
                "verbose_name_plural": "historical held events",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HeldEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Waiting"),
                            ("released", "Released"),
                            ("processed", "Processed"),
                            ("rejected", "Rejected"),
                        ],
                        default="held",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                (
                    "client",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held",
                        to="routing.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_events",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_events",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "switch_off",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_events",
                        to="routing.switchoff",
                        verbose_name="switch-off",
                    ),
                ),
            ],
            options={
                "verbose_name": "held event",
                "verbose_name_plural": "held events",
                "ordering": ("received_at", "event_id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HistoricalSwitchOff",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("off_at", models.DateTimeField(verbose_name="switched off")),
                (
                    "off_reason",
                    models.TextField(verbose_name="reason for switching off"),
                ),
                ("on_at", models.DateTimeField(null=True, verbose_name="switched on")),
                (
                    "on_reason",
                    models.TextField(
                        blank=True, default="", verbose_name="reason for switching on"
                    ),
                ),
                (
                    "rejects",
                    models.BooleanField(default=False, verbose_name="waiting events rejected"),
                ),
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
                    "flow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flow",
                        verbose_name="flow",
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
                    "off_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="switched off by",
                    ),
                ),
                (
                    "on_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="switched on by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical switch-off",
                "verbose_name_plural": "historical switch-offs",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_switchoff_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name="switchoff",
            constraint=models.UniqueConstraint(
                condition=models.Q(("on_at", None)), fields=("flow",), name="flow_off_once"
            ),
        ),
        migrations.AddIndex(
            model_name="historicalheldevent",
            index=models.Index(fields=["id", "history_date"], name="hist_heldevent_idx"),
        ),
        migrations.AddIndex(
            model_name="heldevent",
            index=models.Index(
                condition=models.Q(("state", "held")),
                fields=["flow", "received_at", "event"],
                name="heldevent_waiting_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="heldevent",
            index=models.Index(
                condition=models.Q(("run__isnull", False)), fields=["run"], name="heldevent_run_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="heldevent",
            constraint=models.UniqueConstraint(fields=("event", "flow"), name="held_once_a_flow"),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, QUEUE_AGAIN),
    ]
