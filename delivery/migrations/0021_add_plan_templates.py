import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0020_index_evidence_of_answers"),
        ("routing", "0049_tell_of_migrations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="brief",
            name="launch_date",
            field=models.DateField(blank=True, null=True, verbose_name="launch or due date"),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="launch_date",
            field=models.DateField(blank=True, null=True, verbose_name="launch or due date"),
        ),
        migrations.CreateModel(
            name="HistoricalPlanTemplate",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "New work"),
                            ("campaign", "Campaign"),
                            ("change", "Change"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="kind of work",
                    ),
                ),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
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
                "verbose_name": "historical brief template",
                "verbose_name_plural": "historical brief templates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_plantemplate_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="PlanTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "New work"),
                            ("campaign", "Campaign"),
                            ("change", "Change"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="kind of work",
                    ),
                ),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plan_templates",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "brief template",
                "verbose_name_plural": "brief templates",
                "ordering": ("name",),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("kind", "client"),
                        name="one_default_plan_template",
                        nulls_distinct=False,
                        violation_error_message="Another template is the default for this kind and client.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_default", False), ("is_active", True), _connector="OR"
                        ),
                        name="default_plan_template_is_active",
                        violation_error_message="An inactive template cannot be the default.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanTemplateVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "body",
                    models.TextField(
                        blank=True, default="", max_length=20000, verbose_name="brief text"
                    ),
                ),
                (
                    "lines",
                    models.JSONField(blank=True, default=list, verbose_name="planned deliverables"),
                ),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
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
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="delivery.plantemplate",
                        verbose_name="template",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a brief template",
                "verbose_name_plural": "versions of brief templates",
                "ordering": ("template", "-number"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("template", "number"), name="plan_template_number_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="brief",
            name="template",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="briefs",
                to="delivery.plantemplateversion",
                verbose_name="template",
            ),
        ),
        migrations.AddField(
            model_name="historicalbrief",
            name="template",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="delivery.plantemplateversion",
                verbose_name="template",
            ),
        ),
    ]
