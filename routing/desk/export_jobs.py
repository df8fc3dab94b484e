"""
Exports: the long ones, which a worker writes into a file, and the record of each one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.desk.exports import FORMATS
from routing.kernel.roles import AUDITOR, EVERYONE, OPS, grant

grant("routing.view_export", *EVERYONE)
grant("routing.view_exportrecord", OPS, AUDITOR)

FORMAT_CHOICES = [(each, each.upper()) for each in FORMATS]


class ExportQuerySet(models.QuerySet["Export"]):
    def due(self, at: datetime) -> Self:
        """Filter for those that a worker may take at ``at`` (aware), also from a dead worker."""
        return self.filter(due_at__lte=at)

    def running(self) -> Self:
        """Filter for those that are not finished, cancelled or failed."""
        return self.filter(due_at__isnull=False)

    def ready(self, at: datetime) -> Self:
        return self.exclude(storage_key="").filter(expires_at__gt=at)


class Export(models.Model):
    """
    A long list that a worker writes into a file for one person, who alone may download it.

    The row is the queue. While it is written, ``due_at`` is the end of the lease and ``lease`` its
    token; ``done`` counts the rows written so far. Afterwards ``due_at`` is None, and there is a
    ``storage_key``, a ``cancelled_at`` or the code of a ``fault``. File and row are gone after a
    day. ``query`` is the query of the list's address. It may hold what somebody searched for.
    """

    class Fault(models.TextChoices):
        DENIED = "denied", _("You may not see this list any more.")
        GONE = "gone", _("This list or a filter of it does not exist any more.")
        TOO_MANY = "too_many", _("XLSX cannot hold this many rows. Choose CSV.")
        NO_ROOM = "no_room", _("The storage is full. Tell your administrator.")
        FAILED = "failed", _("The file could not be written. Export the list again.")

    LEASE = timedelta(minutes=2)
    KEPT = timedelta(days=1)
    MOST_ATTEMPTS = 5

    redactable = ("query",)
    impersonal = ("list_name", "format", "fault", "file_name", "storage_key", "sha256")

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="exports",
        verbose_name=_("person"),
    )
    list_name = models.CharField(_("list"), max_length=60)
    query = models.TextField(_("filters"), blank=True, default="")
    format = models.CharField(_("format"), max_length=4, choices=FORMAT_CHOICES)
    asked_at = models.DateTimeField(_("asked for"))
    due_at = models.DateTimeField(_("due"), null=True)
    lease = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    total = models.PositiveBigIntegerField(_("rows"))
    done = models.PositiveBigIntegerField(_("rows written"), default=0)
    finished_at = models.DateTimeField(_("finished"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    fault = models.CharField(_("fault"), max_length=10, choices=Fault, blank=True, default="")
    file_name = models.CharField(_("file"), max_length=100, blank=True, default="")
    storage_key = models.CharField(max_length=80, blank=True, default="", editable=False)
    size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("In bytes."))
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, default="")
    expires_at = models.DateTimeField(_("gone after"), null=True)
    fetched_at = models.DateTimeField(_("downloaded"), null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="export_due_idx",
            ),
        )

    def __str__(self) -> str:
        return self.file_name or f"{self.list_name}.{self.format}"


class ExportRecord(models.Model):
    """
    Who exported what: the list, its filters, the format, the rows and the digest of the file.

    It is evidence: the app only adds rows, and they are sealed. A security event would not do,
    because those are kept for a while only and hold nothing that somebody typed, as filters do. An
    erasure empties ``filters``.
    """

    class Way(models.TextChoices):
        PAGE = "page", _("Downloaded at once")
        JOB = "job", _("Written in the background")
        COMMAND = "command", _("By command")

    append_only: ClassVar[bool] = True
    redactable = ("filters",)
    impersonal = ("list_name", "format", "way", "sha256")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("person"),
    )
    list_name = models.CharField(_("list"), max_length=60)
    filters = models.JSONField(_("filters"), default=list)  # as [name, value]
    format = models.CharField(_("format"), max_length=4, choices=FORMAT_CHOICES)
    way = models.CharField(_("way"), max_length=10, choices=Way)
    rows = models.PositiveBigIntegerField(_("rows"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("export record")
        verbose_name_plural = _("export records")
        ordering = ("-id",)
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.list_name}.{self.format} {self.at:%Y-%m-%d %H:%M}"
