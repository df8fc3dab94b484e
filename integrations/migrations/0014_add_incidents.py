import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0013_notice_changed_shapes"),
        ("routing", "0069_name_incidents"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="backlog_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="An incident is opened when a message that could be sent has waited longer. Empty: 15.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="incident at a backlog older than (minutes)",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="backlog_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="incident_calls",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Fewer calls open no incident. Empty: 20.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="of at least so many calls",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="incident_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Empty: 10.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
                verbose_name="within so many minutes",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="incident_percent",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="An incident is opened when so many of the calls failed. Empty: 20.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(100),
                ],
                verbose_name="incident at errors (percent)",
            ),
        ),
        migrations.AddField(
            model_name="historicalconnection",
            name="backlog_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="An incident is opened when a message that could be sent has waited longer. Empty: 15.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="incident at a backlog older than (minutes)",
            ),
        ),
        migrations.AddField(
            model_name="historicalconnection",
            name="incident_calls",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Fewer calls open no incident. Empty: 20.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="of at least so many calls",
            ),
        ),
        migrations.AddField(
            model_name="historicalconnection",
            name="incident_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Empty: 10.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60),
                ],
                verbose_name="within so many minutes",
            ),
        ),
        migrations.AddField(
            model_name="historicalconnection",
            name="incident_percent",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="An incident is opened when so many of the calls failed. Empty: 20.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(100),
                ],
                verbose_name="incident at errors (percent)",
            ),
        ),
        migrations.CreateModel(
            name="Incident",
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
                            ("open", "Open"),
                            ("acknowledged", "Acknowledged"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("cause", models.CharField(max_length=120, verbose_name="cause")),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "Critical"), ("major", "Major"), ("minor", "Minor")],
                        default="major",
                        max_length=10,
                        verbose_name="severity",
                    ),
                ),
                (
                    "signal",
                    models.CharField(
                        choices=[
                            ("breaker", "The connection was paused"),
                            ("errors", "Many calls failed"),
                            ("backlog", "Messages waited too long"),
                            ("person", "A person"),
                        ],
                        max_length=10,
                        verbose_name="noticed by",
                    ),
                ),
                ("signals", models.JSONField(default=list, verbose_name="also noticed by")),
                ("began_at", models.DateTimeField(verbose_name="trouble began")),
                ("noticed_at", models.DateTimeField(verbose_name="noticed")),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen")),
                ("joined", models.PositiveIntegerField(default=0, verbose_name="more of the same")),
                ("acknowledged_at", models.DateTimeField(null=True, verbose_name="acknowledged")),
                ("recovered_at", models.DateTimeField(null=True, verbose_name="recovered")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                ("canary_at", models.DateTimeField(null=True, verbose_name="tested")),
                ("canary_passed", models.BooleanField(null=True, verbose_name="test passed")),
                (
                    "canary_said",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="result of the test"
                    ),
                ),
                ("ticked", models.JSONField(default=list, verbose_name="steps done")),
                ("found", models.TextField(blank=True, default="", verbose_name="what caused it")),
                (
                    "measure",
                    models.TextField(blank=True, default="", verbose_name="measure against it"),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="as_%(class)s",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="IncidentMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("found_at", models.DateTimeField(verbose_name="found waiting")),
                (
                    "incident",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="integrations.incident",
                    ),
                ),
                (
                    "outbound",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="integrations.outbound",
                    ),
                ),
            ],
            options={
                "verbose_name": "message held up by an incident",
                "verbose_name_plural": "messages held up by incidents",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="IncidentPause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pauses",
                        to="integrations.incident",
                    ),
                ),
                (
                    "switch_off",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incident_pause",
                        to="routing.switchoff",
                    ),
                ),
            ],
            options={
                "verbose_name": "flow paused by an incident",
                "verbose_name_plural": "flows paused by incidents",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HistoricalIncident",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("acknowledged", "Acknowledged"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("cause", models.CharField(max_length=120, verbose_name="cause")),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "Critical"), ("major", "Major"), ("minor", "Minor")],
                        default="major",
                        max_length=10,
                        verbose_name="severity",
                    ),
                ),
                (
                    "signal",
                    models.CharField(
                        choices=[
                            ("breaker", "The connection was paused"),
                            ("errors", "Many calls failed"),
                            ("backlog", "Messages waited too long"),
                            ("person", "A person"),
                        ],
                        max_length=10,
                        verbose_name="noticed by",
                    ),
                ),
                ("signals", models.JSONField(default=list, verbose_name="also noticed by")),
                ("began_at", models.DateTimeField(verbose_name="trouble began")),
                ("noticed_at", models.DateTimeField(verbose_name="noticed")),
                ("last_seen_at", models.DateTimeField(verbose_name="last seen")),
                ("joined", models.PositiveIntegerField(default=0, verbose_name="more of the same")),
                ("acknowledged_at", models.DateTimeField(null=True, verbose_name="acknowledged")),
                ("recovered_at", models.DateTimeField(null=True, verbose_name="recovered")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                ("canary_at", models.DateTimeField(null=True, verbose_name="tested")),
                ("canary_passed", models.BooleanField(null=True, verbose_name="test passed")),
                (
                    "canary_said",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="result of the test"
                    ),
                ),
                ("ticked", models.JSONField(default=list, verbose_name="steps done")),
                ("found", models.TextField(blank=True, default="", verbose_name="what caused it")),
                (
                    "measure",
                    models.TextField(blank=True, default="", verbose_name="measure against it"),
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
            ],
            options={
                "verbose_name": "historical incident",
                "verbose_name_plural": "historical incidents",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_incident_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["open", "acknowledged"])),
                fields=("cause",),
                name="one_open_incident_a_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentmessage",
            constraint=models.UniqueConstraint(
                fields=("incident", "outbound"), name="message_once_incident"
            ),
        ),
    ]
