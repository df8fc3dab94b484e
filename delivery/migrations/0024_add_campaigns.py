import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0023_add_request_rules"),
        ("routing", "0058_name_new_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
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
                            ("planning", "Planning"),
                            ("launching", "Launching"),
                            ("live", "Live"),
                            ("proven", "Proven"),
                            ("closed", "Closed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planning",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "launch_date",
                    models.DateField(blank=True, null=True, verbose_name="launch date"),
                ),
                (
                    "live_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="live since"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HandLaunch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="address"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
            ],
            options={
                "verbose_name": "launch by hand",
                "verbose_name_plural": "launches by hand",
                "ordering": ("deliverable", "-id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HistoricalCampaign",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planning", "Planning"),
                            ("launching", "Launching"),
                            ("live", "Live"),
                            ("proven", "Proven"),
                            ("closed", "Closed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planning",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "launch_date",
                    models.DateField(blank=True, null=True, verbose_name="launch date"),
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
            ],
            options={
                "verbose_name": "historical campaign",
                "verbose_name_plural": "historical campaigns",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="approval",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="routing.team",
                verbose_name="team",
            ),
        ),
        migrations.AddField(
            model_name="approvalstage",
            name="team",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="routing.team",
                verbose_name="team",
            ),
        ),
        migrations.AddField(
            model_name="historicalapproval",
            name="team",
            field=models.ForeignKey(
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
        AddConstraintNotValid(
            model_name="approvalstage",
            constraint=models.CheckConstraint(
                condition=models.Q(("team", None), ("audience", "internal"), _connector="OR"),
                name="stage_of_a_team_is_internal",
                violation_error_message="Only a stage of the agency can name a team.",
            ),
        ),
        # The column is empty and the table small, so this reads it in no time.
        ValidateConstraint(model_name="approvalstage", name="stage_of_a_team_is_internal"),
        migrations.AddField(
            model_name="campaign",
            name="item",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="as_%(class)s",
                to="routing.workitem",
                verbose_name="work item",
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="request",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="campaign",
                to="delivery.request",
                verbose_name="request",
            ),
        ),
        migrations.AddField(
            model_name="handlaunch",
            name="by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="handlaunch",
            name="deliverable",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="launches",
                to="delivery.deliverable",
                verbose_name="deliverable",
            ),
        ),
        migrations.AddField(
            model_name="handlaunch",
            name="evidence",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="routing.file",
                verbose_name="screenshot",
            ),
        ),
        migrations.AddField(
            model_name="historicalcampaign",
            name="history_user",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="historicalcampaign",
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
            model_name="historicalcampaign",
            name="request",
            field=models.ForeignKey(
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
        migrations.AddIndex(
            model_name="handlaunch",
            index=models.Index(
                condition=models.Q(("evidence__isnull", False)),
                fields=["evidence"],
                name="hand_launch_evidence_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="handlaunch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("address", ""), _negated=True),
                    ("evidence__isnull", False),
                    _connector="OR",
                ),
                name="hand_launch_is_shown",
            ),
        ),
        migrations.AddIndex(
            model_name="historicalcampaign",
            index=models.Index(fields=["id", "history_date"], name="hist_campaign_idx"),
        ),
    ]
