import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0062_views"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("list_name", models.CharField(max_length=60, verbose_name="list")),
                ("filters", models.JSONField(default=list, verbose_name="filters")),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON")],
                        max_length=4,
                        verbose_name="format",
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("page", "Downloaded at once"),
                            ("job", "Written in the background"),
                            ("command", "By command"),
                        ],
                        max_length=10,
                        verbose_name="way",
                    ),
                ),
                ("rows", models.PositiveBigIntegerField(verbose_name="rows")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "export record",
                "verbose_name_plural": "export records",
                "ordering": ("-id",),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("list_name", models.CharField(max_length=60, verbose_name="list")),
                ("query", models.TextField(blank=True, default="", verbose_name="filters")),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON")],
                        max_length=4,
                        verbose_name="format",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("lease", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("total", models.PositiveBigIntegerField(verbose_name="rows")),
                ("done", models.PositiveBigIntegerField(default=0, verbose_name="rows written")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("cancelled_at", models.DateTimeField(null=True, verbose_name="cancelled")),
                (
                    "fault",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("denied", "You may not see this list any more."),
                            ("gone", "This list or a filter of it does not exist any more."),
                            ("too_many", "XLSX cannot hold this many rows. Choose CSV."),
                            ("no_room", "The storage is full. Tell your administrator."),
                            ("failed", "The file could not be written. Export the list again."),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="fault",
                    ),
                ),
                (
                    "file_name",
                    models.CharField(blank=True, default="", max_length=100, verbose_name="file"),
                ),
                (
                    "storage_key",
                    models.CharField(blank=True, default="", editable=False, max_length=80),
                ),
                (
                    "size",
                    models.PositiveBigIntegerField(
                        default=0, help_text="In bytes.", verbose_name="size"
                    ),
                ),
                (
                    "sha256",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="SHA-256"),
                ),
                ("expires_at", models.DateTimeField(null=True, verbose_name="gone after")),
                ("fetched_at", models.DateTimeField(null=True, verbose_name="downloaded")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="export_due_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ("-id",),
                "proxy": True,
                "default_permissions": ("view",),
                "indexes": [],
                "constraints": [],
            },
            bases=("routing.event",),
        ),
    ]
