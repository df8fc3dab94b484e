import django.db.models.deletion
import integrations.base.connections
import integrations.base.secrets
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("delivery", "0003_add_engagements_and_briefs"),
        ("routing", "0005_add_client_domains"),
        ("routing", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="Names this connection in events and in its hook's address.",
                        max_length=60,
                        unique=True,
                        verbose_name="slug",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("kind", models.CharField(max_length=30, verbose_name="kind")),
                (
                    "base_url",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=300,
                        validators=[integrations.base.connections.validate_address],
                        verbose_name="address of its API",
                    ),
                ),
                (
                    "public_url",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="As the other side calls us, without the path.",
                        max_length=300,
                        validators=[integrations.base.connections.validate_address],
                        verbose_name="our public address",
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "allowed_private",
                    models.JSONField(
                        blank=True,
                        default=list,
                        editable=False,
                        verbose_name="private addresses it may use",
                    ),
                ),
                (
                    "signing_secrets",
                    integrations.base.secrets.EncryptedField(verbose_name="signing secrets"),
                ),
                ("token", integrations.base.secrets.EncryptedField(verbose_name="token")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="failures in a row"
                    ),
                ),
                (
                    "paused_until",
                    models.DateTimeField(editable=False, null=True, verbose_name="paused until"),
                ),
                (
                    "last_ok_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last answered"),
                ),
                (
                    "last_error",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=300,
                        verbose_name="last error",
                    ),
                ),
                (
                    "default_backup",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup of new clients",
                    ),
                ),
                (
                    "default_owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner of new clients",
                    ),
                ),
                (
                    "default_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team of new clients",
                    ),
                ),
                (
                    "service_user",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connection",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acts as",
                    ),
                ),
            ],
            options={
                "verbose_name": "connection",
                "verbose_name_plural": "connections",
                "ordering": ("name",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("default_owner", None),
                            models.Q(("default_owner", models.F("default_backup")), _negated=True),
                            _connector="OR",
                        ),
                        name="connection_owner_is_not_backup",
                        violation_error_message="Owner and backup must be two different people.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExternalLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("object_type", models.CharField(max_length=60, verbose_name="type there")),
                ("remote_id", models.CharField(max_length=100, verbose_name="id there")),
                (
                    "client",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="external_links",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="external_links",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="external_links",
                        to="delivery.engagement",
                        verbose_name="engagement",
                    ),
                ),
            ],
            options={
                "verbose_name": "external link",
                "verbose_name_plural": "external links",
                "ordering": ("connection", "object_type", "remote_id"),
                "default_permissions": ("view", "delete"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "object_type", "remote_id"),
                        name="external_object_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("client__isnull", False),
                                ("contact__isnull", True),
                                ("engagement__isnull", True),
                            ),
                            models.Q(
                                ("client__isnull", True),
                                ("contact__isnull", False),
                                ("engagement__isnull", True),
                            ),
                            models.Q(
                                ("client__isnull", True),
                                ("contact__isnull", True),
                                ("engagement__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="link_to_exactly_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalConnection",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        db_index=False,
                        help_text="Names this connection in events and in its hook's address.",
                        max_length=60,
                        verbose_name="slug",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("kind", models.CharField(max_length=30, verbose_name="kind")),
                (
                    "base_url",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=300,
                        validators=[integrations.base.connections.validate_address],
                        verbose_name="address of its API",
                    ),
                ),
                (
                    "public_url",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="As the other side calls us, without the path.",
                        max_length=300,
                        validators=[integrations.base.connections.validate_address],
                        verbose_name="our public address",
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "allowed_private",
                    models.JSONField(
                        blank=True,
                        default=list,
                        editable=False,
                        verbose_name="private addresses it may use",
                    ),
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
                    "default_backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup of new clients",
                    ),
                ),
                (
                    "default_owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner of new clients",
                    ),
                ),
                (
                    "default_team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team of new clients",
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
                    "service_user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acts as",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical connection",
                "verbose_name_plural": "historical connections",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_connection_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalExternalLink",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("object_type", models.CharField(max_length=60, verbose_name="type there")),
                ("remote_id", models.CharField(max_length=100, verbose_name="id there")),
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
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.engagement",
                        verbose_name="engagement",
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
                "verbose_name": "historical external link",
                "verbose_name_plural": "historical external links",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_externallink_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Inbound",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("last_received_at", models.DateTimeField(verbose_name="last received")),
                ("deliveries", models.PositiveIntegerField(default=1, verbose_name="deliveries")),
                ("headers", models.JSONField(default=dict, verbose_name="headers")),
                ("raw", models.BinaryField(verbose_name="body")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("stored", "Stored"),
                            ("processed", "Processed"),
                            ("ignored", "Ignored"),
                            ("poison", "Not readable"),
                        ],
                        default="stored",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("captured", models.PositiveIntegerField(default=0, verbose_name="captured")),
                ("repeated", models.PositiveIntegerField(default=0, verbose_name="repeated")),
                ("conflicting", models.PositiveIntegerField(default=0, verbose_name="conflicting")),
                ("ignored", models.PositiveIntegerField(default=0, verbose_name="ignored")),
                ("poison", models.PositiveIntegerField(default=0, verbose_name="not readable")),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("problems", models.JSONField(default=list, verbose_name="problems")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inbound",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "inbound delivery",
                "verbose_name_plural": "inbound deliveries",
                "ordering": ("-received_at", "-id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["-received_at", "-id"], name="inbound_newest_idx"),
                    models.Index(
                        fields=["connection", "-received_at"], name="inbound_connection_idx"
                    ),
                    models.Index(
                        condition=models.Q(("reason", ""), _negated=True),
                        fields=["-received_at"],
                        name="inbound_trouble_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "sha256"), name="inbound_body_once"
                    )
                ],
            },
        ),
    ]
