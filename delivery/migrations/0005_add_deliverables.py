import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0004_add_form_channel"),
        ("routing", "0011_add_destinations"),
        ("routing", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovalStage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "The agency"), ("client", "The client")],
                        max_length=10,
                        verbose_name="asks",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        choices=[
                            ("any", "One of them"),
                            ("all", "All of them"),
                            ("some", "So many of them"),
                        ],
                        default="any",
                        max_length=4,
                        verbose_name="is through when",
                    ),
                ),
                ("need", models.PositiveSmallIntegerField(default=1, verbose_name="how many")),
                (
                    "answer_days",
                    models.PositiveSmallIntegerField(default=14, verbose_name="days to answer"),
                ),
                (
                    "flow_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approval_stages",
                        to="routing.flowversion",
                        verbose_name="flow version",
                    ),
                ),
            ],
            options={
                "verbose_name": "approval stage",
                "verbose_name_plural": "approval stages",
                "ordering": ("flow_version", "position"),
                "default_permissions": ("add", "change", "delete", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("flow_version", "position"), name="stage_position_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Check",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("params", models.JSONField(blank=True, default=dict, verbose_name="parameters")),
                (
                    "format",
                    models.CharField(
                        blank=True,
                        choices=[("page", "Web page or article"), ("file", "Files to hand over")],
                        default="",
                        max_length=10,
                        verbose_name="for",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(default=100, verbose_name="position"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "check",
                "verbose_name_plural": "checks",
                "ordering": ("position", "id"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "client"),
                        name="check_name_once_a_client",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalCheck",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("params", models.JSONField(blank=True, default=dict, verbose_name="parameters")),
                (
                    "format",
                    models.CharField(
                        blank=True,
                        choices=[("page", "Web page or article"), ("file", "Files to hand over")],
                        default="",
                        max_length=10,
                        verbose_name="for",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(default=100, verbose_name="position"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
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
                "verbose_name": "historical check",
                "verbose_name_plural": "historical checks",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_check_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "word",
                    models.CharField(
                        choices=[
                            ("approve", "Approves"),
                            ("changes", "Asks for changes"),
                            ("reject", "Rejects"),
                        ],
                        max_length=10,
                        verbose_name="answer",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.file",
                        verbose_name="evidence",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.note",
                        verbose_name="comment",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ("approval", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Approval",
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
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("changes_requested", "Changes requested"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("stage", models.PositiveSmallIntegerField(verbose_name="stage")),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "The agency"), ("client", "The client")],
                        max_length=10,
                        verbose_name="asks",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        choices=[
                            ("any", "One of them"),
                            ("all", "All of them"),
                            ("some", "So many of them"),
                        ],
                        default="any",
                        max_length=4,
                        verbose_name="is through when",
                    ),
                ),
                ("need", models.PositiveSmallIntegerField(default=1, verbose_name="how many")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
                "verbose_name": "approval",
                "verbose_name_plural": "approvals",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="CheckResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("params", models.JSONField(default=dict, verbose_name="parameters")),
                ("passed", models.BooleanField(verbose_name="passed")),
                ("findings", models.JSONField(default=list, verbose_name="findings")),
                ("at", models.DateTimeField(verbose_name="at")),
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
                    "check_row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="results",
                        to="delivery.check",
                        verbose_name="check",
                    ),
                ),
            ],
            options={
                "verbose_name": "check result",
                "verbose_name_plural": "check results",
                "ordering": ("version", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HistoricalApproval",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("changes_requested", "Changes requested"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("stage", models.PositiveSmallIntegerField(verbose_name="stage")),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "The agency"), ("client", "The client")],
                        max_length=10,
                        verbose_name="asks",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        choices=[
                            ("any", "One of them"),
                            ("all", "All of them"),
                            ("some", "So many of them"),
                        ],
                        default="any",
                        max_length=4,
                        verbose_name="is through when",
                    ),
                ),
                ("need", models.PositiveSmallIntegerField(default=1, verbose_name="how many")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
            ],
            options={
                "verbose_name": "historical approval",
                "verbose_name_plural": "historical approvals",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "title",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="title"),
                ),
                (
                    "slug",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="slug"),
                ),
                ("excerpt", models.TextField(blank=True, default="", verbose_name="excerpt")),
                ("body_html", models.TextField(blank=True, default="", verbose_name="body")),
                (
                    "seo_title",
                    models.CharField(
                        blank=True, default="", max_length=200, verbose_name="SEO title"
                    ),
                ),
                (
                    "seo_description",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="SEO description"
                    ),
                ),
                ("terms", models.JSONField(blank=True, default=dict, verbose_name="terms")),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="what is new"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "ordering": ("deliverable", "number"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Deliverable",
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
                            ("planned", "Planned"),
                            ("in_production", "In production"),
                            ("in_qa", "In QA"),
                            ("rework", "Rework"),
                            ("in_internal_review", "In internal review"),
                            ("in_client_review", "With the client"),
                            ("approved", "Approved"),
                            ("publishing", "Publishing"),
                            ("publish_failed", "Publishing failed"),
                            ("live", "Live"),
                            ("handed_over", "Handed over"),
                            ("archived", "Archived"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "key",
                    models.CharField(editable=False, max_length=12, verbose_name="key in the plan"),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("page", "Web page or article"), ("file", "Files to hand over")],
                        default="page",
                        max_length=10,
                        verbose_name="what it is",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="planned amount"
                    ),
                ),
                (
                    "hours",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=8, verbose_name="planned hours"
                    ),
                ),
                ("due_date", models.DateField(blank=True, null=True, verbose_name="planned for")),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(default=0, verbose_name="change rounds used"),
                ),
                (
                    "live_url",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="live at"
                    ),
                ),
                (
                    "live_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="live since"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "brief",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliverables",
                        to="delivery.brief",
                        verbose_name="brief",
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliverables",
                        to="routing.destination",
                        verbose_name="goes to",
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
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="delivery.deliverable",
                        verbose_name="replaces",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliverables",
                        to="delivery.request",
                        verbose_name="request",
                    ),
                ),
                (
                    "reworked",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="delivery.version",
                        verbose_name="sent back",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "deliverable",
                "verbose_name_plural": "deliverables",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "key"), name="planned_once_a_request"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            models.Q(("state", "cancelled"), _negated=True),
                            ("replaces__isnull", False),
                        ),
                        fields=("replaces",),
                        name="one_successor_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["planned", "in_production", "cancelled"]),
                            ("version__isnull", False),
                            _connector="OR",
                        ),
                        name="what_is_judged_has_a_version",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalDeliverable",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("in_production", "In production"),
                            ("in_qa", "In QA"),
                            ("rework", "Rework"),
                            ("in_internal_review", "In internal review"),
                            ("in_client_review", "With the client"),
                            ("approved", "Approved"),
                            ("publishing", "Publishing"),
                            ("publish_failed", "Publishing failed"),
                            ("live", "Live"),
                            ("handed_over", "Handed over"),
                            ("archived", "Archived"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "key",
                    models.CharField(editable=False, max_length=12, verbose_name="key in the plan"),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("page", "Web page or article"), ("file", "Files to hand over")],
                        default="page",
                        max_length=10,
                        verbose_name="what it is",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="planned amount"
                    ),
                ),
                (
                    "hours",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=8, verbose_name="planned hours"
                    ),
                ),
                ("due_date", models.DateField(blank=True, null=True, verbose_name="planned for")),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(default=0, verbose_name="change rounds used"),
                ),
                (
                    "live_url",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="live at"
                    ),
                ),
                (
                    "live_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="live since"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
                    "brief",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.brief",
                        verbose_name="brief",
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.destination",
                        verbose_name="goes to",
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
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.deliverable",
                        verbose_name="replaces",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.request",
                        verbose_name="request",
                    ),
                ),
                (
                    "reworked",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.version",
                        verbose_name="sent back",
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
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical deliverable",
                "verbose_name_plural": "historical deliverables",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_deliverable_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="VersionFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=30, verbose_name="role")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                (
                    "alt",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="text in its place"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="routing.file",
                        verbose_name="file",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a version",
                "verbose_name_plural": "files of versions",
                "ordering": ("version", "position"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "position"), name="version_file_place_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="answer",
            name="approval",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="delivery.approval",
                verbose_name="approval",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="approvals",
                to="delivery.version",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="checkresult",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results",
                to="delivery.version",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="historicalapproval",
            name="version",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="delivery.version",
                verbose_name="version",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="deliverable",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="delivery.deliverable",
                verbose_name="deliverable",
            ),
        ),
        migrations.AddField(
            model_name="brief",
            name="amount",
            field=models.DecimalField(
                db_default=0,
                decimal_places=2,
                default=0,
                editable=False,
                max_digits=14,
                verbose_name="planned amount",
            ),
        ),
        migrations.AddField(
            model_name="brief",
            name="approved_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="approved"),
        ),
        migrations.AddField(
            model_name="brief",
            name="approved_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="brief",
            name="first_approver",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="first approval by",
            ),
        ),
        migrations.AddField(
            model_name="brief",
            name="planned",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="planned deliverables"
            ),
        ),
        migrations.AddField(
            model_name="brief",
            name="submitted_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="amount",
            field=models.DecimalField(
                db_default=0,
                decimal_places=2,
                default=0,
                editable=False,
                max_digits=14,
                verbose_name="planned amount",
            ),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="approved_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="approved"),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="approved_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="first_approver",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="first approval by",
            ),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="planned",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="planned deliverables"
            ),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="submitted_by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="author",
            ),
        ),
        migrations.AddIndex(
            model_name="brief",
            index=models.Index(
                condition=models.Q(("state", "approved")),
                fields=["engagement"],
                include=("amount",),
                name="brief_approved_amount_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="brief",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(("approved_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="author_never_approves_brief",
            ),
        ),
        migrations.AddConstraint(
            model_name="brief",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_approver", None),
                    models.Q(("first_approver", models.F("approved_by")), _negated=True),
                    _connector="OR",
                ),
                name="two_people_approve_above_budget",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contact", None), ("user__isnull", False)),
                    models.Q(("contact__isnull", False), ("user", None)),
                    _connector="OR",
                ),
                name="one_person_answers",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recorded_by", None),
                    models.Q(("contact__isnull", False), ("evidence__isnull", False)),
                    _connector="OR",
                ),
                name="recorded_answer_has_evidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("user__isnull", False)),
                fields=("approval", "user"),
                name="user_answers_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="answer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("contact__isnull", False)),
                fields=("approval", "contact"),
                name="contact_answers_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                fields=("deliverable", "number"), name="version_number_once"
            ),
        ),
        migrations.AddIndex(
            model_name="historicalapproval",
            index=models.Index(fields=["id", "history_date"], name="hist_approval_idx"),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["expires_at"],
                name="approval_expiry_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "pending")),
                fields=("version", "stage"),
                name="one_open_question_a_stage",
            ),
        ),
    ]
