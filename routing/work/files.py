"""File: uploaded bytes, with their detected type."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.people.clients import Client

TABLE = "text/csv"
# The class attribute of a model that refers to files: the lookup of the work that each row belongs
# to, such as ``note__item``. A check refuses a model without it.
WORK_OF_FILE = "work_of_file"


class FileQuerySet(models.QuerySet["File"]):
    def kept(self) -> Self:
        """Files whose bytes are still there."""
        return self.exclude(storage_key="")

    def addressed(self, key: UUID | int, number: str = "pk") -> Self:
        """
        Filter for the file that an address names.

        :param number: the lookup for an earlier address, which had a number in place of the key
        """
        lookup: dict[str, Any] = {"key": key} if isinstance(key, UUID) else {number: key}
        return self.filter(**lookup)


class File(models.Model):
    """
    An uploaded file. Only erasure changes a row: it clears ``name`` and may delete the bytes, after
    which ``storage_key`` is empty.

    The same bytes uploaded twice are two rows with one storage key. A file is personal data, so
    there is no history table.

    Addresses have the ``key``, because numbers can be counted. Who may see a file follows from the
    work that refers to it: see ``routing.work.visibility.files_seen_by``.
    """

    class Scan(models.TextChoices):
        NOT_SCANNED = "not_scanned", _("Not scanned for viruses")
        CLEAN = "clean", _("Scanned: no virus found")
        INFECTED = "infected", _("Infected")

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("name",)
    impersonal = ("sha256", "type", "scan", "storage_key")

    key = models.UUIDField(default=uuid4, db_default=RandomUUID(), unique=True, editable=False)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("In bytes."))
    type = models.CharField(
        _("type"), max_length=100, help_text=_("MIME type, detected from the content.")
    )
    name = models.CharField(_("name"), max_length=255, blank=True)
    width = models.PositiveIntegerField(
        _("width"), null=True, blank=True, help_text=_("In pixels, for images.")
    )
    height = models.PositiveIntegerField(
        _("height"), null=True, blank=True, help_text=_("In pixels, for images.")
    )
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="files",
        verbose_name=_("uploaded by"),
    )
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="files",
        verbose_name=_("client"),
        help_text=_("The client the file belongs to."),
    )
    scan = models.CharField(_("scan"), max_length=12, choices=Scan, default=Scan.NOT_SCANNED)
    # Not unique: equal bytes are stored once, and several rows may refer to them.
    storage_key = models.CharField(max_length=80, blank=True, db_index=True, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded"))
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

    objects = FileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ("-id",)
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(sha256__regex="^[0-9a-f]{64}$"), name="file_sha256_is_hex"
            ),
            models.CheckConstraint(
                condition=~models.Q(storage_key="") | models.Q(erased_at__isnull=False),
                name="file_has_bytes_or_is_erased",
            ),
        )

    def __str__(self) -> str:
        return self.name or str(_("File %(number)s")) % {"number": self.pk}

    @property
    def is_image(self) -> bool:
        return self.width is not None

    @property
    def is_table(self) -> bool:
        return self.type == TABLE

    @property
    def is_kept(self) -> bool:
        return bool(self.storage_key)
