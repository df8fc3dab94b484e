import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0069_name_incidents"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="words",
            field=models.CharField(
                choices=[
                    ("owns", "You are now the owner"),
                    ("backs_up", "You are now the backup"),
                    ("exception", "Needs your decision"),
                    ("approval", "Needs your approval"),
                    ("ask_client", "Ready to ask the client"),
                    ("changes", "Changes requested"),
                    ("rework", "Returned by QA"),
                    ("checks", "Checks of the brief failed"),
                    ("approved", "Approved"),
                    ("not_owner", "You are no longer the owner"),
                    ("not_backup", "You are no longer the backup"),
                    ("assigned", "Assigned to you"),
                    ("not_assigned", "No longer assigned to you"),
                    ("sign_off", "Needs your sign-off"),
                    ("brief", "Brief to be written"),
                    ("plan", "The plan changed"),
                    ("note", "New note"),
                    ("held", "Put on hold"),
                    ("resumed", "Resumed"),
                    ("cancelled", "Cancelled"),
                    ("rejected", "Rejected"),
                    ("duplicate", "Closed as a duplicate"),
                    ("archived", "Archived"),
                    ("failed", "Publishing failed"),
                    ("claimed", "Claimed by a colleague"),
                    ("resolved", "Resolved by a colleague"),
                    ("dismissed", "Dismissed by a colleague"),
                    ("invoice", "Invoice to be recorded"),
                    ("unproven", "Closed without proof"),
                    ("waived", "Proof waived"),
                    ("differs", "The page differs from what was approved"),
                    ("rolled_back", "A flow was rolled back"),
                    ("review", "A flow to be reviewed"),
                    ("review_late", "The review of a flow is overdue"),
                    ("flow_says", "Message of a flow"),
                    ("migrated", "Moved to another version of its flow"),
                    ("not_taken_in", "A request that you recorded was rejected"),
                    ("expired", "Closed without a decision in time"),
                    ("closed", "The question was withdrawn"),
                    ("decide", "Your approval is needed"),
                    ("reminder", "Reminder: your approval is needed"),
                    ("impact", "Accept or decline a change"),
                    ("decided", "The client decided"),
                    ("answered", "The client answered"),
                    ("withdrawn", "The client withdrew it"),
                    ("warning", "Due soon"),
                    ("breach", "Overdue"),
                    ("escalation", "Overdue and escalated to you"),
                    ("incident", "An incident was opened"),
                    ("affected", "An incident holds up your work"),
                    ("incident_over", "The incident is closed"),
                ],
                max_length=20,
                verbose_name="message",
            ),
        ),
        migrations.CreateModel(
            name="FlowReview",
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
                        choices=[("open", "Open"), ("closed", "Closed")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("publication", "Some days after a publication"),
                            ("date", "The review date of the flow"),
                            ("by_hand", "Drawn by a person"),
                        ],
                        max_length=12,
                        verbose_name="cause",
                    ),
                ),
                ("review_date", models.DateField(null=True, verbose_name="review date")),
                ("seed", models.BigIntegerField(verbose_name="seed of the sample")),
                (
                    "criteria_digest",
                    models.CharField(max_length=64, verbose_name="digest of the criteria"),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("reminded_at", models.DateTimeField(null=True, verbose_name="reminded")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                (
                    "flow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="routing.flow",
                        verbose_name="flow",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "flow review",
                "verbose_name_plural": "flow reviews",
                "default_permissions": ("add", "view"),
            },
        ),
        migrations.CreateModel(
            name="HistoricalFlowReview",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("closed", "Closed")],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("publication", "Some days after a publication"),
                            ("date", "The review date of the flow"),
                            ("by_hand", "Drawn by a person"),
                        ],
                        max_length=12,
                        verbose_name="cause",
                    ),
                ),
                ("review_date", models.DateField(null=True, verbose_name="review date")),
                ("seed", models.BigIntegerField(verbose_name="seed of the sample")),
                (
                    "criteria_digest",
                    models.CharField(max_length=64, verbose_name="digest of the criteria"),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("reminded_at", models.DateTimeField(null=True, verbose_name="reminded")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
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
            ],
            options={
                "verbose_name": "historical flow review",
                "verbose_name_plural": "historical flow reviews",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="ReviewAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=24, verbose_name="question")),
                ("is_yes", models.BooleanField(verbose_name="yes")),
                ("reason", models.TextField(blank=True, default="", verbose_name="reason")),
                (
                    "settled_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("rule", "A rule changes"),
                            ("check", "A new check"),
                            ("waiver", "A written waiver"),
                        ],
                        default="",
                        max_length=8,
                        verbose_name="settled by",
                    ),
                ),
                ("until", models.DateField(null=True, verbose_name="until")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "answered_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="answered by",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner of the check or waiver",
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="routing.flowreview",
                        verbose_name="review",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="version with the change",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer of a review",
                "verbose_name_plural": "answers of reviews",
                "ordering": ("id",),
                "default_permissions": ("add", "view"),
            },
        ),
        migrations.CreateModel(
            name="ReviewSample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seed", models.BigIntegerField(verbose_name="seed")),
                (
                    "stratum",
                    models.CharField(
                        choices=[
                            ("completed", "Completed"),
                            ("stalled", "Stalled"),
                            ("set_up", "Set up by hand or with skipped steps"),
                        ],
                        max_length=10,
                        verbose_name="stratum",
                    ),
                ),
                ("place", models.PositiveSmallIntegerField(verbose_name="place")),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="run",
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sample",
                        to="routing.flowreview",
                        verbose_name="review",
                    ),
                ),
            ],
            options={
                "verbose_name": "sampled run",
                "verbose_name_plural": "sampled runs",
                "ordering": ("place", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.AddConstraint(
            model_name="flowreview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cause", "publication")),
                fields=("version",),
                name="one_review_a_publication",
            ),
        ),
        migrations.AddConstraint(
            model_name="flowreview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cause", "date")),
                fields=("flow", "review_date"),
                name="one_review_a_date",
            ),
        ),
        migrations.AddIndex(
            model_name="historicalflowreview",
            index=models.Index(fields=["id", "history_date"], name="hist_flowreview_idx"),
        ),
        migrations.AddConstraint(
            model_name="reviewsample",
            constraint=models.UniqueConstraint(
                fields=("review", "seed", "item"), name="sampled_once"
            ),
        ),
    ]
