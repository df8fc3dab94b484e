"""
Everything up to 0011_add_token_origin.

A new database is made in one step; one in use goes on with the migrations that this replaces.
tests/upgrade/test_schema.py compares what both lead to, object by object.
"""

import django.db.models.deletion
import integrations.base.connections
import integrations.base.secrets
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("integrations", "0001_initial"),
        ("integrations", "0002_add_outbound"),
        ("integrations", "0003_add_call_seconds"),
        ("integrations", "0004_add_health_owner"),
        ("integrations", "0005_add_worker_beats"),
        ("integrations", "0006_use_standard_terms"),
        ("integrations", "0007_count_failures_by_object"),
        ("integrations", "0008_add_discrepancies"),
        ("integrations", "0009_settle_unreadable_webhooks"),
        ("integrations", "0010_index_unreadable_webhooks"),
        ("integrations", "0011_add_token_origin"),
    ]

    initial = True

    dependencies = [
        ("routing", "0001_squashed_0041_index_merges"),
        ("delivery", "0001_squashed_0019_add_form_drafts"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkerBeat",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=200)),
                ("pid", models.PositiveIntegerField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "worker process",
                "verbose_name_plural": "worker processes",
                "default_permissions": (),
            },
        ),
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
                        help_text="Identifies this connection in events and in its webhook address.",
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
                        verbose_name="API address",
                    ),
                ),
                (
                    "public_url",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The address the external system uses to reach us, without the path.",
                        max_length=300,
                        validators=[integrations.base.connections.validate_address],
                        verbose_name="public address of this installation",
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "allowed_private",
                    models.JSONField(
                        blank=True,
                        default=list,
                        editable=False,
                        verbose_name="allowed private addresses",
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
                    models.DateTimeField(editable=False, null=True, verbose_name="last response"),
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
                ("call_s", models.FloatField(editable=False, null=True)),
                ("failing", models.JSONField(db_default=[], default=list, editable=False)),
                (
                    "failing_since",
                    models.DateTimeField(editable=False, null=True, verbose_name="failing since"),
                ),
                (
                    "reconciled_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last reconciled"),
                ),
                (
                    "token_origin",
                    models.CharField(
                        blank=True, db_default="", default="", editable=False, max_length=300
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
                    "health_backup",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup of the health owner",
                    ),
                ),
                (
                    "health_owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Gets the exceptions of the connection itself, such as a refused key. Empty: an integrations owner.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="health owner",
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
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("health_owner", None),
                            models.Q(("health_owner", models.F("health_backup")), _negated=True),
                            _connector="OR",
                        ),
                        name="connection_health_owner_is_not_backup",
                        violation_error_message="Owner and backup must be two different people.",
                    ),
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
                ("object_type", models.CharField(max_length=60, verbose_name="external type")),
                ("remote_id", models.CharField(max_length=100, verbose_name="external id")),
                (
                    "digest",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=64, verbose_name="digest"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=500,
                        verbose_name="external address",
                    ),
                ),
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
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="external_links",
                        to="routing.workitem",
                        verbose_name="work item",
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
                                ("item__isnull", True),
                            ),
                            models.Q(
                                ("client__isnull", True),
                                ("contact__isnull", False),
                                ("engagement__isnull", True),
                                ("item__isnull", True),
                            ),
                            models.Q(
                                ("client__isnull", True),
                                ("contact__isnull", True),
                                ("engagement__isnull", False),
                                ("item__isnull", True),
                            ),
                            models.Q(
                                ("client__isnull", True),
                                ("contact__isnull", True),
                                ("engagement__isnull", True),
                                ("item__isnull", False),
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
                        help_text="Identifies this connection in events and in its webhook address.",
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
                        verbose_name="API address",
                    ),
                ),
                (
                    "public_url",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The address the external system uses to reach us, without the path.",
                        max_length=300,
                        validators=[integrations.base.connections.validate_address],
                        verbose_name="public address of this installation",
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                (
                    "allowed_private",
                    models.JSONField(
                        blank=True,
                        default=list,
                        editable=False,
                        verbose_name="allowed private addresses",
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
                    "health_backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup of the health owner",
                    ),
                ),
                (
                    "health_owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        help_text="Gets the exceptions of the connection itself, such as a refused key. Empty: an integrations owner.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="health owner",
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
                ("object_type", models.CharField(max_length=60, verbose_name="external type")),
                ("remote_id", models.CharField(max_length=100, verbose_name="external id")),
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
                    "digest",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=64, verbose_name="digest"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=500,
                        verbose_name="external address",
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
            name="HistoricalOutbound",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("key", models.CharField(max_length=200, verbose_name="key")),
                ("verb", models.CharField(max_length=60, verbose_name="operation")),
                ("object_key", models.CharField(max_length=120, verbose_name="object")),
                (
                    "object_type",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="external type"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Queued"),
                            ("leased", "Sending"),
                            ("unknown", "Unconfirmed"),
                            ("retrying", "Retry scheduled"),
                            ("held", "Blocked by a failed message"),
                            ("delivered", "Delivered"),
                            ("dead", "Failed"),
                            ("discarded", "Discarded"),
                            ("superseded", "Superseded"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                (
                    "remote_id",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="external id"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="external address"
                    ),
                ),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
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
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
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
                "verbose_name": "historical outbox message",
                "verbose_name_plural": "historical outbox messages",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_outbound_idx")],
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
                (
                    "deliveries",
                    models.PositiveIntegerField(default=1, verbose_name="times received"),
                ),
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
                            ("poison", "Unreadable"),
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
                ("poison", models.PositiveIntegerField(default=0, verbose_name="unreadable")),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                ("problems", models.JSONField(default=list, verbose_name="problems")),
                (
                    "settled_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="settled"),
                ),
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
                "verbose_name": "inbound webhook",
                "verbose_name_plural": "inbound webhooks",
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
                    models.Index(
                        condition=models.Q(("poison__gt", 0), ("settled_at", None)),
                        fields=["connection", "id"],
                        name="inbound_unreadable_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "sha256"), name="inbound_body_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Outbound",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True, verbose_name="key")),
                ("verb", models.CharField(max_length=60, verbose_name="operation")),
                ("object_key", models.CharField(max_length=120, verbose_name="object")),
                (
                    "object_type",
                    models.CharField(
                        blank=True, default="", max_length=60, verbose_name="external type"
                    ),
                ),
                ("content", models.JSONField(default=dict, verbose_name="content")),
                ("assets", models.JSONField(default=list, verbose_name="files")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Queued"),
                            ("leased", "Sending"),
                            ("unknown", "Unconfirmed"),
                            ("retrying", "Retry scheduled"),
                            ("held", "Blocked by a failed message"),
                            ("delivered", "Delivered"),
                            ("dead", "Failed"),
                            ("discarded", "Discarded"),
                            ("superseded", "Superseded"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("lease", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("begun_at", models.DateTimeField(null=True, verbose_name="first tried")),
                ("look_first", models.BooleanField(default=False)),
                (
                    "last_error",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="last error"
                    ),
                ),
                (
                    "remote_id",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="external id"
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="external address"
                    ),
                ),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                ("worker", models.UUIDField(null=True)),
                ("search_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outbound",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outbound",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outbound",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "outbox message",
                "verbose_name_plural": "outbox messages",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["pending", "retrying", "unknown", "leased"])
                        ),
                        fields=["connection", "due_at", "id"],
                        name="outbound_due_idx",
                    ),
                    models.Index(
                        condition=models.Q(
                            (
                                "state__in",
                                ["pending", "retrying", "unknown", "leased", "held", "dead"],
                            )
                        ),
                        fields=["connection", "object_key", "id"],
                        name="outbound_order_idx",
                    ),
                    models.Index(
                        fields=["connection", "object_key", "-id"], name="outbound_object_idx"
                    ),
                    models.Index(
                        condition=models.Q(("remote_id", ""), _negated=True),
                        fields=["connection", "remote_id"],
                        name="outbound_remote_idx",
                    ),
                    models.Index(
                        condition=models.Q(("state", "dead")),
                        fields=["-id"],
                        name="outbound_dead_idx",
                    ),
                    models.Index(
                        condition=models.Q(("state", "leased")),
                        fields=["connection"],
                        name="outbound_leased_idx",
                    ),
                    models.Index(
                        condition=models.Q(("search_at__isnull", False)),
                        fields=["search_at"],
                        name="outbound_search_idx",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "delivered"), _negated=True),
                            ("delivered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="outbound_delivered_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "leased"), _negated=True),
                            ("leased_until__isnull", False),
                            _connector="OR",
                        ),
                        name="outbound_leased_until",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Discrepancy",
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
                        choices=[
                            ("copy", "Second object for the same work"),
                            ("stray", "Object that nothing here accounts for"),
                            ("trashed", "Moved to the trash"),
                            ("deleted", "Deleted"),
                            ("hidden", "Taken offline"),
                            ("edited", "Edited by somebody else"),
                            ("scheduled", "Scheduled by somebody else"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("object_type", models.CharField(max_length=60, verbose_name="external type")),
                ("remote_id", models.CharField(max_length=100, verbose_name="external id")),
                (
                    "object_key",
                    models.CharField(blank=True, default="", max_length=120, verbose_name="object"),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="external address"
                    ),
                ),
                (
                    "title",
                    models.CharField(blank=True, default="", max_length=300, verbose_name="title"),
                ),
                (
                    "status",
                    models.CharField(blank=True, default="", max_length=40, verbose_name="status"),
                ),
                (
                    "seen",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="digest"),
                ),
                (
                    "keeps",
                    models.CharField(
                        blank=True, default="", max_length=100, verbose_name="object kept"
                    ),
                ),
                (
                    "keeps_url",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="address kept"
                    ),
                ),
                ("changes", models.JSONField(default=list, verbose_name="changes")),
                ("texts", models.JSONField(default=dict, verbose_name="texts")),
                ("scheduled_at", models.DateTimeField(null=True, verbose_name="scheduled for")),
                ("found_at", models.DateTimeField(verbose_name="found")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "choice",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("trash", "Move to the trash"),
                            ("keep", "Leave as it is"),
                            ("theirs", "Take theirs as a new version"),
                            ("ours", "Put ours back"),
                            ("anew", "Make it anew"),
                        ],
                        default="",
                        max_length=12,
                        verbose_name="choice",
                    ),
                ),
                (
                    "chosen_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="chosen by",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="discrepancies",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="discrepancies",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="integrations.outbound",
                        verbose_name="outbox message",
                    ),
                ),
            ],
            options={
                "verbose_name": "discrepancy",
                "verbose_name_plural": "discrepancies",
                "ordering": ("-id",),
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["item"],
                        name="discrepancy_open_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("connection", "object_type", "remote_id", "kind"),
                        name="discrepancy_open_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(verbose_name="ended")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("delivered", "Written and confirmed"),
                            ("found", "Already written by an earlier attempt"),
                            ("temporary", "Temporarily unavailable"),
                            ("unknown", "No response"),
                            ("differs", "Result differs from what was sent"),
                            ("refused", "Credentials refused"),
                            ("conflict", "Changed or removed in external system"),
                            ("permanent", "Rejected"),
                            ("lost", "Worker died"),
                            ("overtaken", "Lease expired"),
                        ],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("status", models.PositiveIntegerField(default=0, verbose_name="status")),
                (
                    "error",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="message"
                    ),
                ),
                ("found", models.JSONField(default=dict, verbose_name="found")),
                (
                    "outbound",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tries",
                        to="integrations.outbound",
                        verbose_name="outbox message",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt",
                "verbose_name_plural": "attempts",
                "ordering": ("outbound", "number"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("outbound", "number"), name="attempt_once")
                ],
            },
        ),
    ]
