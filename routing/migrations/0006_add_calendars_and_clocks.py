import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import routing.sla.calendars
import routing.people.staff
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0005_add_client_domains"),
    ]

    operations = [
        migrations.CreateModel(
            name="Calendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "hours",
                    models.JSONField(
                        default=routing.sla.calendars.working_week,
                        help_text="Windows by day: {“mon”: [“09:00-12:30”, “13:30-17:30”]}. Days left out are closed; 24:00 ends a day.",
                        validators=[routing.sla.calendars.validate_week],
                        verbose_name="weekly hours",
                    ),
                ),
                (
                    "holiday_country",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Country code, such as GB. Empty: none.",
                        max_length=2,
                        verbose_name="public holidays of",
                    ),
                ),
                (
                    "holiday_subdivision",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Such as ENG or BY, where parts differ.",
                        max_length=10,
                        verbose_name="part of the country",
                    ),
                ),
                (
                    "extra_dates",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="By date, with a name: {“2026-12-24”: “Christmas Eve”}.",
                        validators=[routing.sla.calendars.validate_dates],
                        verbose_name="other days off",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
                ),
            ],
            options={
                "verbose_name": "calendar",
                "verbose_name_plural": "calendars",
                "ordering": ("name",),
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="ClockTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("document", models.JSONField(verbose_name="terms")),
            ],
            options={
                "verbose_name": "terms of clocks",
                "verbose_name_plural": "terms of clocks",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SLAPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "calendar_source",
                    models.CharField(
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="team",
                        max_length=6,
                        verbose_name="counts in",
                    ),
                ),
                (
                    "also_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="",
                        help_text="Empty: the first alone.",
                        max_length=6,
                        verbose_name="and only in",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
                ),
            ],
            options={
                "verbose_name": "SLA policy",
                "verbose_name_plural": "SLA policies",
                "ordering": ("name",),
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("purpose", models.CharField(max_length=32, verbose_name="purpose")),
                ("policy_version", models.PositiveIntegerField(verbose_name="policy version")),
                ("target", models.DurationField(verbose_name="target (working time)")),
                ("warn_after", models.DurationField(verbose_name="warns after (working time)")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("running_since", models.DateTimeField(null=True, verbose_name="running since")),
                ("paused_at", models.DateTimeField(null=True, verbose_name="paused")),
                ("stopped_at", models.DateTimeField(null=True, verbose_name="stopped")),
                (
                    "waiting_on",
                    models.CharField(
                        choices=[
                            ("agency", "Agency"),
                            ("client", "Client"),
                            ("vendor", "Vendor"),
                            ("incident", "Incident"),
                        ],
                        default="agency",
                        max_length=10,
                        verbose_name="waiting on",
                    ),
                ),
                (
                    "cause",
                    models.CharField(default="work", max_length=10, verbose_name="because of"),
                ),
                (
                    "spent",
                    models.DurationField(
                        default=datetime.timedelta, verbose_name="spent (working time)"
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("warn_at", models.DateTimeField(null=True, verbose_name="warns")),
                ("warned_at", models.DateTimeField(null=True, verbose_name="warned")),
                ("breached_at", models.DateTimeField(null=True, verbose_name="breached")),
                ("met_at", models.DateTimeField(null=True, verbose_name="met")),
                ("wakes_at", models.DateTimeField(editable=False, null=True)),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="routing.clockterms",
                        verbose_name="terms",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "clock",
                "verbose_name_plural": "clocks",
                "ordering": ("item", "id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["item", "id"], name="clock_item_idx"),
                    models.Index(
                        condition=models.Q(("wakes_at__isnull", False)),
                        fields=["wakes_at"],
                        include=("id",),
                        name="clock_wakes_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at", None)),
                        fields=("item", "purpose"),
                        name="one_open_clock_a_purpose",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("due_at__isnull", False),
                                ("paused_at", None),
                                ("running_since__isnull", False),
                                ("stopped_at", None),
                            ),
                            models.Q(
                                ("due_at", None),
                                ("paused_at__isnull", False),
                                ("running_since", None),
                                ("stopped_at", None),
                            ),
                            models.Q(
                                ("paused_at", None),
                                ("running_since", None),
                                ("stopped_at__isnull", False),
                                ("wakes_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="clock_runs_pauses_or_stopped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("met_at", None), ("breached_at", None), _connector="OR"
                        ),
                        name="clock_met_or_breached",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as request or exceptioncase.",
                        max_length=32,
                        verbose_name="kind of work",
                    ),
                ),
                (
                    "purpose",
                    models.SlugField(
                        help_text="Such as first_response, triage or resolution.",
                        max_length=32,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "worktime",
                    models.DurationField(
                        help_text="Hours:minutes:seconds, such as 08:00:00; a day counts 24 hours.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=1)),
                            django.core.validators.MaxValueValidator(
                                datetime.timedelta(days=83, seconds=28800)
                            ),
                        ],
                        verbose_name="working time",
                    ),
                ),
                (
                    "warn_percent",
                    models.PositiveSmallIntegerField(
                        default=75,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="warn at (percent)",
                    ),
                ),
                (
                    "runs_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, by comma. Empty: all.",
                        size=None,
                        verbose_name="runs in",
                    ),
                ),
                (
                    "met_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, by comma.",
                        size=None,
                        verbose_name="met in",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": ("policy", "kind", "worktime"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("policy", "kind", "purpose"), name="target_once_a_policy"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="routing.calendar",
                        verbose_name="calendar",
                    ),
                ),
                (
                    "client",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_use",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "team",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_use",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "use of a calendar",
                "verbose_name_plural": "uses of calendars",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("team", None), ("client", None), _connector="OR"),
                        name="calendar_use_names_one",
                        violation_error_message="Name a team or a client, not both.",
                    ),
                    models.UniqueConstraint(
                        models.Value(1),
                        condition=models.Q(("client", None), ("team", None)),
                        name="one_agency_calendar",
                        violation_error_message="The agency already has a calendar.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "does",
                    models.CharField(
                        choices=[("run", "run"), ("pause", "pause"), ("stop", "stop")],
                        max_length=5,
                        verbose_name="does",
                    ),
                ),
                (
                    "party",
                    models.CharField(
                        choices=[
                            ("agency", "Agency"),
                            ("client", "Client"),
                            ("vendor", "Vendor"),
                            ("incident", "Incident"),
                        ],
                        max_length=10,
                        verbose_name="whose minutes",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("work", "work"),
                            ("state", "state"),
                            ("hold", "hold"),
                            ("waiting", "waiting"),
                            ("children", "children"),
                            ("met", "met"),
                            ("ended", "ended"),
                        ],
                        max_length=10,
                        verbose_name="because of",
                    ),
                ),
                ("state", models.CharField(max_length=32, verbose_name="state")),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="marks",
                        to="routing.clock",
                        verbose_name="clock",
                    ),
                ),
            ],
            options={
                "verbose_name": "mark of a clock",
                "verbose_name_plural": "marks of clocks",
                "ordering": ("clock", "id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["clock", "id"], name="clockmark_clock_idx")],
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField(verbose_name="level")),
                ("due_at", models.DateTimeField(verbose_name="reached")),
                ("caught_up", models.BooleanField(default=False, verbose_name="caught up")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escalations",
                        to="routing.clock",
                        verbose_name="clock",
                    ),
                ),
            ],
            options={
                "verbose_name": "escalation",
                "verbose_name_plural": "escalations",
                "ordering": ("clock", "level"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("caught_up", False), ("sent_at", None)),
                        fields=["due_at"],
                        include=("id",),
                        name="escalation_unsent_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("clock", "level"), name="escalation_level_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalCalendar",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, verbose_name="slug")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "hours",
                    models.JSONField(
                        default=routing.sla.calendars.working_week,
                        help_text="Windows by day: {“mon”: [“09:00-12:30”, “13:30-17:30”]}. Days left out are closed; 24:00 ends a day.",
                        validators=[routing.sla.calendars.validate_week],
                        verbose_name="weekly hours",
                    ),
                ),
                (
                    "holiday_country",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Country code, such as GB. Empty: none.",
                        max_length=2,
                        verbose_name="public holidays of",
                    ),
                ),
                (
                    "holiday_subdivision",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Such as ENG or BY, where parts differ.",
                        max_length=10,
                        verbose_name="part of the country",
                    ),
                ),
                (
                    "extra_dates",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="By date, with a name: {“2026-12-24”: “Christmas Eve”}.",
                        validators=[routing.sla.calendars.validate_dates],
                        verbose_name="other days off",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
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
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical calendar",
                "verbose_name_plural": "historical calendars",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_calendar_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCalendarUse",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
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
                    "calendar",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.calendar",
                        verbose_name="calendar",
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
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical use of a calendar",
                "verbose_name_plural": "historical uses of calendars",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_calendaruse_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalSLAPolicy",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, verbose_name="slug")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "calendar_source",
                    models.CharField(
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="team",
                        max_length=6,
                        verbose_name="counts in",
                    ),
                ),
                (
                    "also_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="",
                        help_text="Empty: the first alone.",
                        max_length=6,
                        verbose_name="and only in",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
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
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical SLA policy",
                "verbose_name_plural": "historical SLA policies",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_slapolicy_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTarget",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as request or exceptioncase.",
                        max_length=32,
                        verbose_name="kind of work",
                    ),
                ),
                (
                    "purpose",
                    models.SlugField(
                        db_index=False,
                        help_text="Such as first_response, triage or resolution.",
                        max_length=32,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "worktime",
                    models.DurationField(
                        help_text="Hours:minutes:seconds, such as 08:00:00; a day counts 24 hours.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=1)),
                            django.core.validators.MaxValueValidator(
                                datetime.timedelta(days=83, seconds=28800)
                            ),
                        ],
                        verbose_name="working time",
                    ),
                ),
                (
                    "warn_percent",
                    models.PositiveSmallIntegerField(
                        default=75,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="warn at (percent)",
                    ),
                ),
                (
                    "runs_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, by comma. Empty: all.",
                        size=None,
                        verbose_name="runs in",
                    ),
                ),
                (
                    "met_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, by comma.",
                        size=None,
                        verbose_name="met in",
                    ),
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
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical target",
                "verbose_name_plural": "historical targets",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_target_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="workitem",
            name="is_timed",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
