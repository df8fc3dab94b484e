import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0024_add_campaigns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BriefCheckResult",
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
                ("accepted", models.BooleanField(default=False, verbose_name="accepted")),
                ("reason", models.TextField(blank=True, default="", verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "brief",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_results",
                        to="delivery.brief",
                        verbose_name="brief",
                    ),
                ),
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
                        related_name="brief_results",
                        to="delivery.check",
                        verbose_name="check",
                    ),
                ),
            ],
            options={
                "verbose_name": "check result of a brief",
                "verbose_name_plural": "check results of briefs",
                "ordering": ("brief", "id"),
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("accepted", True), ("passed", True), _negated=True),
                        name="only_a_failure_is_accepted",
                    )
                ],
            },
        ),
    ]
