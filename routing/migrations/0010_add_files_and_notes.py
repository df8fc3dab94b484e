import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0009_add_seal_sweeps"),
    ]

    operations = [
        migrations.CreateModel(
            name="File",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "size",
                    models.PositiveBigIntegerField(help_text="In bytes.", verbose_name="size"),
                ),
                (
                    "type",
                    models.CharField(
                        help_text="By its content: a MIME type.",
                        max_length=100,
                        verbose_name="type",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                (
                    "width",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="In pixels, of images.",
                        null=True,
                        verbose_name="width",
                    ),
                ),
                (
                    "height",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="In pixels, of images.",
                        null=True,
                        verbose_name="height",
                    ),
                ),
                (
                    "scan",
                    models.CharField(
                        choices=[
                            ("not_scanned", "Not scanned for viruses"),
                            ("clean", "Scanned: no virus found"),
                            ("infected", "Infected"),
                        ],
                        default="not_scanned",
                        max_length=12,
                        verbose_name="scan",
                    ),
                ),
                (
                    "storage_key",
                    models.CharField(blank=True, db_index=True, editable=False, max_length=80),
                ),
                ("uploaded_at", models.DateTimeField(verbose_name="uploaded")),
                (
                    "erased_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="erased"),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose it is.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "uploader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "file",
                "verbose_name_plural": "files",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="file_sha256_is_hex",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("storage_key", ""), _negated=True),
                            ("erased_at__isnull", False),
                            _connector="OR",
                        ),
                        name="file_has_bytes_or_is_erased",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("internal", "Internal: only the agency"),
                            ("client", "Shared: the client reads it too"),
                        ],
                        default="internal",
                        max_length=8,
                        verbose_name="who reads it",
                    ),
                ),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        max_length=10000,
                        validators=[django.core.validators.MaxLengthValidator(10000)],
                        verbose_name="note",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="written")),
                (
                    "erased_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="erased"),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="routing.workitem",
                        verbose_name="about",
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "ordering": ("-id",),
                "default_permissions": ("add", "view"),
            },
        ),
        migrations.CreateModel(
            name="NoteFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note_files",
                        to="routing.file",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note_files",
                        to="routing.note",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a note",
                "verbose_name_plural": "files of notes",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("note", "file"), name="file_once_a_note")
                ],
            },
        ),
        migrations.AddField(
            model_name="note",
            name="files",
            field=models.ManyToManyField(
                related_name="notes",
                through="routing.NoteFile",
                to="routing.file",
                verbose_name="files",
            ),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["item", "-id"], name="note_item_idx"),
        ),
    ]
