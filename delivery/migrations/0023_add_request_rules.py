import delivery.requests.rules
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0022_index_templates_of_briefs"),
        ("routing", "0049_tell_of_migrations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalrequest",
            name="tags",
            field=models.JSONField(blank=True, db_default=[], default=list, verbose_name="tags"),
        ),
        migrations.AddField(
            model_name="request",
            name="tags",
            field=models.JSONField(blank=True, db_default=[], default=list, verbose_name="tags"),
        ),
        migrations.CreateModel(
            name="HistoricalRequestRule",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "pattern",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=100,
                        validators=[delivery.requests.rules.validate_pattern],
                        verbose_name="titles",
                    ),
                ),
                (
                    "tags",
                    models.JSONField(
                        blank=True,
                        default=list,
                        validators=[delivery.requests.rules.validate_tags],
                        verbose_name="tags",
                    ),
                ),
                (
                    "tag_needed",
                    models.BooleanField(default=False, verbose_name="a tag is required"),
                ),
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
                        help_text="Leave empty for all clients that have no rule of their own.",
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
                "verbose_name": "historical request rule",
                "verbose_name_plural": "historical request rules",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_requestrule_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="RequestRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=100,
                        validators=[delivery.requests.rules.validate_pattern],
                        verbose_name="titles",
                    ),
                ),
                (
                    "tags",
                    models.JSONField(
                        blank=True,
                        default=list,
                        validators=[delivery.requests.rules.validate_tags],
                        verbose_name="tags",
                    ),
                ),
                (
                    "tag_needed",
                    models.BooleanField(default=False, verbose_name="a tag is required"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        help_text="Leave empty for all clients that have no rule of their own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="request_rules",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "request rule",
                "verbose_name_plural": "request rules",
                "ordering": ("client__name", "id"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client",),
                        name="one_request_rule_a_client",
                        nulls_distinct=False,
                        violation_error_message="There is a rule for this client already. Change that one.",
                    )
                ],
            },
        ),
    ]
