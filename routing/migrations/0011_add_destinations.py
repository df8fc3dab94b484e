import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0010_add_files_and_notes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Destination",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as wordpress or static.",
                        max_length=30,
                        verbose_name="kind of system",
                    ),
                ),
                (
                    "connection",
                    models.SlugField(
                        blank=True,
                        default="",
                        help_text="Empty: the only active connection of this kind.",
                        max_length=60,
                        verbose_name="connection",
                    ),
                ),
                (
                    "post_type",
                    models.CharField(
                        default="posts",
                        max_length=30,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z][a-z0-9_-]*\\Z",
                                "Lower-case letters, digits, - and _, such as posts or pages.",
                            )
                        ],
                        verbose_name="post type",
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A([a-z0-9-]+/)*[a-z0-9-]*\\Z",
                                "Folders such as blog/news: lower-case letters, digits and -.",
                            )
                        ],
                        verbose_name="path",
                    ),
                ),
                (
                    "publishes_on_approval",
                    models.BooleanField(
                        default=True,
                        help_text="Otherwise an account manager starts the publishing.",
                        verbose_name="publish on approval",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="destinations",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "destination",
                "verbose_name_plural": "destinations",
                "ordering": ("client", "name"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "name"), name="destination_name_once_a_client"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalDestination",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as wordpress or static.",
                        max_length=30,
                        verbose_name="kind of system",
                    ),
                ),
                (
                    "connection",
                    models.SlugField(
                        blank=True,
                        db_index=False,
                        default="",
                        help_text="Empty: the only active connection of this kind.",
                        max_length=60,
                        verbose_name="connection",
                    ),
                ),
                (
                    "post_type",
                    models.CharField(
                        default="posts",
                        max_length=30,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z][a-z0-9_-]*\\Z",
                                "Lower-case letters, digits, - and _, such as posts or pages.",
                            )
                        ],
                        verbose_name="post type",
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A([a-z0-9-]+/)*[a-z0-9-]*\\Z",
                                "Folders such as blog/news: lower-case letters, digits and -.",
                            )
                        ],
                        verbose_name="path",
                    ),
                ),
                (
                    "publishes_on_approval",
                    models.BooleanField(
                        default=True,
                        help_text="Otherwise an account manager starts the publishing.",
                        verbose_name="publish on approval",
                    ),
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
                "verbose_name": "historical destination",
                "verbose_name_plural": "historical destinations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_destination_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.RemoveConstraint(
            model_name="exceptioncase",
            name="one_open_exception_a_reason",
        ),
        migrations.AlterField(
            model_name="exceptioncase",
            name="reason",
            field=models.CharField(
                choices=[
                    ("missing_fields", "Required information is missing"),
                    ("missing_context", "It is not clear which client this is for"),
                    ("duplicate", "More than one client fits"),
                    ("failed_connector", "An outside system refuses us"),
                    ("conflicting_duplicate", "The same event came twice with different content"),
                    ("no_rule", "No routing rule fits"),
                    ("nobody_available", "Nobody is available to take it"),
                    ("failed_step", "A step keeps failing"),
                    ("rounds_exceeded", "More change rounds than were sold"),
                    ("rejected", "What was made is rejected"),
                    ("no_answer", "Nobody answered in time"),
                ],
                max_length=40,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="exceptionroute",
            name="reason",
            field=models.CharField(
                choices=[
                    ("missing_fields", "Required information is missing"),
                    ("missing_context", "It is not clear which client this is for"),
                    ("duplicate", "More than one client fits"),
                    ("failed_connector", "An outside system refuses us"),
                    ("conflicting_duplicate", "The same event came twice with different content"),
                    ("no_rule", "No routing rule fits"),
                    ("nobody_available", "Nobody is available to take it"),
                    ("failed_step", "A step keeps failing"),
                    ("rounds_exceeded", "More change rounds than were sold"),
                    ("rejected", "What was made is rejected"),
                    ("no_answer", "Nobody answered in time"),
                ],
                max_length=40,
                unique=True,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="historicalexceptioncase",
            name="reason",
            field=models.CharField(
                choices=[
                    ("missing_fields", "Required information is missing"),
                    ("missing_context", "It is not clear which client this is for"),
                    ("duplicate", "More than one client fits"),
                    ("failed_connector", "An outside system refuses us"),
                    ("conflicting_duplicate", "The same event came twice with different content"),
                    ("no_rule", "No routing rule fits"),
                    ("nobody_available", "Nobody is available to take it"),
                    ("failed_step", "A step keeps failing"),
                    ("rounds_exceeded", "More change rounds than were sold"),
                    ("rejected", "What was made is rejected"),
                    ("no_answer", "Nobody answered in time"),
                ],
                max_length=40,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="historicalexceptionroute",
            name="reason",
            field=models.CharField(
                choices=[
                    ("missing_fields", "Required information is missing"),
                    ("missing_context", "It is not clear which client this is for"),
                    ("duplicate", "More than one client fits"),
                    ("failed_connector", "An outside system refuses us"),
                    ("conflicting_duplicate", "The same event came twice with different content"),
                    ("no_rule", "No routing rule fits"),
                    ("nobody_available", "Nobody is available to take it"),
                    ("failed_step", "A step keeps failing"),
                    ("rounds_exceeded", "More change rounds than were sold"),
                    ("rejected", "What was made is rejected"),
                    ("no_answer", "Nobody answered in time"),
                ],
                max_length=40,
                verbose_name="reason",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="words",
            field=models.CharField(
                choices=[
                    ("owns", "You now own this"),
                    ("backs_up", "You now back this up"),
                    ("exception", "Needs your decision"),
                    ("approval", "Waits for your approval"),
                    ("ask_client", "The client can be asked now"),
                    ("changes", "Changes are asked for"),
                    ("rework", "Came back from QA"),
                    ("approved", "Is approved"),
                ],
                max_length=20,
                verbose_name="message",
            ),
        ),
        migrations.AddConstraint(
            model_name="exceptioncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("blocking", True), ("state__in", ["open", "claimed", "escalated"])
                ),
                fields=("run", "step", "reason"),
                name="one_open_exception_a_reason",
            ),
        ),
    ]
