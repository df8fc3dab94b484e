import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0002_refuse_inactive_owners"),
    ]

    operations = [
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "absence",
                "verbose_name_plural": "absences",
                "ordering": ("-starts_at",),
                "indexes": [models.Index(fields=["user", "starts_at"], name="absence_user_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))),
                        name="absence_starts_before_it_ends",
                        violation_error_message="An absence ends after it starts.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Agency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "backup",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default owner",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.team",
                        verbose_name="default team",
                    ),
                ),
            ],
            options={
                "verbose_name": "agency",
                "verbose_name_plural": "agency",
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_agency"),
                    models.CheckConstraint(
                        condition=models.Q(("owner", models.F("backup")), _negated=True),
                        name="agency_owner_is_not_backup",
                        violation_error_message="Owner and backup must be two different people.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("parked_reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispatch",
                        to="routing.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "waiting event",
                "verbose_name_plural": "waiting events",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("parked_reason", "")),
                        fields=["due_at", "id"],
                        name="dispatch_due_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExceptionRoute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information is missing"),
                            ("missing_context", "It is not clear which client this is for"),
                            ("duplicate", "More than one client fits"),
                            ("failed_connector", "An outside system refuses us"),
                            (
                                "conflicting_duplicate",
                                "The same event came twice with different content",
                            ),
                            ("no_rule", "No routing rule fits"),
                            ("nobody_available", "Nobody is available to take it"),
                            ("failed_step", "A step keeps failing"),
                        ],
                        max_length=40,
                        unique=True,
                        verbose_name="reason",
                    ),
                ),
                (
                    "taker",
                    models.CharField(
                        choices=[
                            ("work", "Whoever owns the work"),
                            ("policy", "The flow's policy owner"),
                            ("agency", "The agency's default pair"),
                        ],
                        default="work",
                        max_length=10,
                        verbose_name="goes to",
                    ),
                ),
                (
                    "timebox_minutes",
                    models.PositiveIntegerField(
                        default=240, verbose_name="timebox (working minutes)"
                    ),
                ),
            ],
            options={
                "verbose_name": "exception route",
                "verbose_name_plural": "exception map",
                "ordering": ("reason",),
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="Flow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "purpose",
                    models.TextField(
                        help_text="Which decision the business trusts this flow to make.",
                        verbose_name="purpose",
                    ),
                ),
                (
                    "outcome",
                    models.TextField(
                        help_text="What proves that it happened.", verbose_name="outcome"
                    ),
                ),
                (
                    "runbook",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="What to do when it stops, and how to roll it back.",
                        verbose_name="runbook",
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "flow",
                "verbose_name_plural": "flows",
                "ordering": ("name",),
                "permissions": (("publish_flow", "Can publish and roll back flow versions"),),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("owner", models.F("backup")), _negated=True),
                        name="flow_owner_is_not_backup",
                        violation_error_message="Policy owner and backup must be two different people.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FlowVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "action",
                    models.CharField(
                        help_text="What it starts once it knows who.",
                        max_length=60,
                        verbose_name="action",
                    ),
                ),
                (
                    "template",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Fields in braces are filled in, such as {deal.name}.",
                        verbose_name="brief template",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        default="{deal.name}",
                        help_text="May name fields in braces.",
                        max_length=200,
                        verbose_name="title of the work",
                    ),
                ),
                (
                    "policy",
                    models.CharField(default="standard", max_length=50, verbose_name="SLA policy"),
                ),
                (
                    "published_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="published"),
                ),
                (
                    "copied_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="copy of",
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
            ],
            options={
                "verbose_name": "flow version",
                "verbose_name_plural": "flow versions",
                "ordering": ("flow", "-number"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(fields=("flow", "number"), name="flow_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FlowField",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z]+(\\.[a-z][a-z_]*)+\\Z",
                                "Lower case with a dot, such as deal.amount.",
                            )
                        ],
                        verbose_name="name",
                    ),
                ),
                ("label", models.CharField(max_length=120, verbose_name="label")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("number", "number"),
                            ("date", "date"),
                            ("boolean", "boolean"),
                            ("email", "email"),
                            ("choice", "choice"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("required", models.BooleanField(default=False, verbose_name="required")),
                (
                    "personal",
                    models.BooleanField(
                        default=False,
                        help_text="Names a person: rules may not use it.",
                        verbose_name="personal",
                    ),
                ),
                ("choices", models.JSONField(blank=True, default=list, verbose_name="choices")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fields",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "field",
                "verbose_name_plural": "fields",
                "ordering": ("position", "id"),
                "constraints": [
                    models.UniqueConstraint(fields=("version", "name"), name="flow_field_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalAbsence",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
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
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical absence",
                "verbose_name_plural": "historical absences",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_absence_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalAgency",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
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
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default backup",
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
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default owner",
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
                        verbose_name="default team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical agency",
                "verbose_name_plural": "historical agency",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_agency_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalExceptionRoute",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information is missing"),
                            ("missing_context", "It is not clear which client this is for"),
                            ("duplicate", "More than one client fits"),
                            ("failed_connector", "An outside system refuses us"),
                            (
                                "conflicting_duplicate",
                                "The same event came twice with different content",
                            ),
                            ("no_rule", "No routing rule fits"),
                            ("nobody_available", "Nobody is available to take it"),
                            ("failed_step", "A step keeps failing"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                (
                    "taker",
                    models.CharField(
                        choices=[
                            ("work", "Whoever owns the work"),
                            ("policy", "The flow's policy owner"),
                            ("agency", "The agency's default pair"),
                        ],
                        default="work",
                        max_length=10,
                        verbose_name="goes to",
                    ),
                ),
                (
                    "timebox_minutes",
                    models.PositiveIntegerField(
                        default=240, verbose_name="timebox (working minutes)"
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
            ],
            options={
                "verbose_name": "historical exception route",
                "verbose_name_plural": "historical exception map",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_exceptionroute_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalFlow",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, verbose_name="slug")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "purpose",
                    models.TextField(
                        help_text="Which decision the business trusts this flow to make.",
                        verbose_name="purpose",
                    ),
                ),
                (
                    "outcome",
                    models.TextField(
                        help_text="What proves that it happened.", verbose_name="outcome"
                    ),
                ),
                (
                    "runbook",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="What to do when it stops, and how to roll it back.",
                        verbose_name="runbook",
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
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy backup",
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
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical flow",
                "verbose_name_plural": "historical flows",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_flow_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalFlowVersion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "action",
                    models.CharField(
                        help_text="What it starts once it knows who.",
                        max_length=60,
                        verbose_name="action",
                    ),
                ),
                (
                    "template",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Fields in braces are filled in, such as {deal.name}.",
                        verbose_name="brief template",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        default="{deal.name}",
                        help_text="May name fields in braces.",
                        max_length=200,
                        verbose_name="title of the work",
                    ),
                ),
                (
                    "policy",
                    models.CharField(default="standard", max_length=50, verbose_name="SLA policy"),
                ),
                (
                    "published_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="published"),
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
                    "copied_from",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="copy of",
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
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical flow version",
                "verbose_name_plural": "historical flow versions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_flowversion_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "words",
                    models.CharField(
                        choices=[
                            ("owns", "You now own this"),
                            ("backs_up", "You now back this up"),
                            ("exception", "Needs your decision"),
                        ],
                        max_length=20,
                        verbose_name="message",
                    ),
                ),
                ("dedupe_key", models.CharField(max_length=120, unique=True)),
                ("at", models.DateTimeField(verbose_name="at")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="read")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="routing.workitem",
                        verbose_name="about",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="to",
                    ),
                ),
            ],
            options={
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["recipient", "-id"],
                        name="notification_unread_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.JSONField()),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payload",
                        to="routing.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "payload",
                "verbose_name_plural": "payloads",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "skills",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="skills needed",
                    ),
                ),
                (
                    "account_first",
                    models.BooleanField(
                        default=False,
                        help_text="The client's owner takes it when available, whoever has less to do.",
                        verbose_name="account owner first",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Urgent"), (2, "High"), (3, "Normal"), (4, "Low")],
                        default=3,
                        verbose_name="priority",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule",
                "verbose_name_plural": "rules",
                "ordering": ("position",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "position"), name="rule_position_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Condition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.PositiveSmallIntegerField(default=1, verbose_name="group")),
                ("field", models.CharField(max_length=60, verbose_name="field")),
                (
                    "operator",
                    models.CharField(
                        choices=[
                            ("equals", "equals"),
                            ("not_equals", "not_equals"),
                            ("at_least", "at_least"),
                            ("below", "below"),
                            ("one_of", "one_of"),
                            ("contains", "contains"),
                            ("known", "known"),
                            ("unknown", "unknown"),
                        ],
                        max_length=12,
                        verbose_name="operator",
                    ),
                ),
                (
                    "value",
                    models.JSONField(blank=True, default=None, null=True, verbose_name="value"),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conditions",
                        to="routing.rule",
                        verbose_name="rule",
                    ),
                ),
            ],
            options={
                "verbose_name": "condition",
                "verbose_name_plural": "conditions",
                "ordering": ("group", "id"),
            },
        ),
        migrations.CreateModel(
            name="Run",
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
                            ("received", "Received"),
                            ("enriching", "Enriching"),
                            ("waiting", "Waiting for a person"),
                            ("routed", "Routed"),
                            ("in_delivery", "In delivery"),
                            ("awaiting_outcome", "Awaiting outcome"),
                            ("complete", "Complete"),
                            ("closed_unproven", "Closed unproven"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="received",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("source", models.CharField(max_length=60, verbose_name="source")),
                ("subject_type", models.CharField(max_length=60, verbose_name="subject")),
                ("subject_id", models.CharField(max_length=100, verbose_name="subject id")),
                (
                    "flow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followed_by",
                        to="routing.run",
                        verbose_name="follows",
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
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "run",
                "verbose_name_plural": "runs",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        fields=["source", "subject_type", "subject_id"], name="run_subject_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ["complete", "closed_unproven", "cancelled"]),
                            _negated=True,
                        ),
                        fields=("flow", "source", "subject_type", "subject_id"),
                        name="one_open_run_a_subject",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule_name", models.CharField(max_length=120, verbose_name="rule")),
                ("asked", models.TextField(verbose_name="decided on")),
                ("answer", models.TextField(verbose_name="answer")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "backup",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="flow version",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "ordering": ("run", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Enrichment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("facts", models.JSONField(verbose_name="facts")),
                ("sources", models.JSONField(default=dict, verbose_name="where from")),
                ("client_id", models.BigIntegerField(null=True)),
                ("contact_ids", models.JSONField(default=list)),
                ("engagement_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField(verbose_name="at")),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrichments",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "enrichment",
                "verbose_name_plural": "enrichments",
                "ordering": ("run", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="ExceptionCase",
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
                            ("claimed", "Claimed"),
                            ("escalated", "Escalated"),
                            ("resolved", "Resolved"),
                            ("dismissed", "Dismissed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information is missing"),
                            ("missing_context", "It is not clear which client this is for"),
                            ("duplicate", "More than one client fits"),
                            ("failed_connector", "An outside system refuses us"),
                            (
                                "conflicting_duplicate",
                                "The same event came twice with different content",
                            ),
                            ("no_rule", "No routing rule fits"),
                            ("nobody_available", "Nobody is available to take it"),
                            ("failed_step", "A step keeps failing"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True, default="", max_length=10, verbose_name="stopped at"
                    ),
                ),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("blocking", models.BooleanField(default=True, verbose_name="blocking")),
                ("claimed_at", models.DateTimeField(null=True, verbose_name="claimed")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="as_%(class)s",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exceptions",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "exception",
                "verbose_name_plural": "exceptions",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["open", "claimed", "escalated"])),
                        fields=("run", "step", "reason"),
                        name="one_open_exception_a_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalExceptionCase",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("claimed", "Claimed"),
                            ("escalated", "Escalated"),
                            ("resolved", "Resolved"),
                            ("dismissed", "Dismissed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information is missing"),
                            ("missing_context", "It is not clear which client this is for"),
                            ("duplicate", "More than one client fits"),
                            ("failed_connector", "An outside system refuses us"),
                            (
                                "conflicting_duplicate",
                                "The same event came twice with different content",
                            ),
                            ("no_rule", "No routing rule fits"),
                            ("nobody_available", "Nobody is available to take it"),
                            ("failed_step", "A step keeps failing"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True, default="", max_length=10, verbose_name="stopped at"
                    ),
                ),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("blocking", models.BooleanField(default=True, verbose_name="blocking")),
                ("claimed_at", models.DateTimeField(null=True, verbose_name="claimed")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
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
                "verbose_name": "historical exception",
                "verbose_name_plural": "historical exceptions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_exceptioncase_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRun",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("enriching", "Enriching"),
                            ("waiting", "Waiting for a person"),
                            ("routed", "Routed"),
                            ("in_delivery", "In delivery"),
                            ("awaiting_outcome", "Awaiting outcome"),
                            ("complete", "Complete"),
                            ("closed_unproven", "Closed unproven"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="received",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("source", models.CharField(max_length=60, verbose_name="source")),
                ("subject_type", models.CharField(max_length=60, verbose_name="subject")),
                ("subject_id", models.CharField(max_length=100, verbose_name="subject id")),
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
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.run",
                        verbose_name="follows",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical run",
                "verbose_name_plural": "historical runs",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_run_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="RunEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("started", "Started the run"),
                            ("joined", "Joined the run"),
                            ("unclaimed", "Claimed by no flow"),
                            ("echo", "Our own write, come back"),
                        ],
                        max_length=10,
                        verbose_name="part",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="routing.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run_events",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "part of an event",
                "verbose_name_plural": "parts of events",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("event", "run"), name="event_part_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("run", None)),
                        fields=("event",),
                        name="event_unclaimed_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("capture", "Capture"),
                            ("enrich", "Enrich"),
                            ("validate", "Validate"),
                            ("decide", "Decide"),
                            ("act", "Act"),
                            ("refresh", "Refresh facts"),
                        ],
                        max_length=10,
                        verbose_name="step",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("done", "Done"),
                            ("stopped", "Stopped at an exception"),
                        ],
                        default="due",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("lease", models.PositiveIntegerField(default=0)),
                (
                    "last_error",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="last error"
                    ),
                ),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ("run", "id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "due")),
                        fields=["name", "due_at", "id"],
                        name="runstep_due_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "name"), name="run_step_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Trigger",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=100, verbose_name="kind of event")),
                (
                    "field",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Empty: any event of this kind.",
                        max_length=60,
                        verbose_name="field",
                    ),
                ),
                (
                    "value",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="equals"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="triggers",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "trigger",
                "verbose_name_plural": "triggers",
            },
        ),
        migrations.AddField(
            model_name="event",
            name="subject_id",
            field=models.CharField(
                blank=True, db_default="", max_length=100, verbose_name="subject id"
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="subject_type",
            field=models.CharField(
                blank=True, db_default="", max_length=60, verbose_name="subject"
            ),
        ),
        migrations.AddField(
            model_name="historicaluser",
            name="skills",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                default=list,
                help_text="Lower-case codes, by comma.",
                size=None,
                verbose_name="skills",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="skills",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                default=list,
                help_text="Lower-case codes, by comma.",
                size=None,
                verbose_name="skills",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("subject_id", ""), _negated=True),
                fields=["source", "subject_type", "subject_id", "id"],
                name="event_subject_idx",
            ),
        ),
        migrations.AddField(
            model_name="historicalworkitem",
            name="run",
            field=models.ForeignKey(
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
        migrations.AddField(
            model_name="workitem",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="work",
                to="routing.run",
                verbose_name="run",
            ),
        ),
    ]
