"""Note: text about a work item, for colleagues only or shared with the client."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.work.files import File
from routing.work.items import WorkItem

MOST_SIGNS = 10_000


class NoteQuerySet(models.QuerySet["Note"]):
    def for_client(self) -> Self:
        """Filter for notes that the client may read."""
        return self.filter(audience=Note.Audience.CLIENT)


class Note(models.Model):
    """
    Text that someone wrote about a work item.

    It is personal data that erasure rewrites, so there is no history table. Event records that the
    note was written, without its text.
    """

    class Audience(models.TextChoices):
        INTERNAL = "internal", _("Internal: only the agency")
        CLIENT = "client", _("Shared: visible to the client")

    redactable = ("body",)
    impersonal = ("audience",)

    item = models.ForeignKey(
        WorkItem, on_delete=models.PROTECT, related_name="notes", verbose_name=_("about")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="notes",
        verbose_name=_("author"),
    )
    audience = models.CharField(
        _("visible to"), max_length=8, choices=Audience, default=Audience.INTERNAL
    )
    body = models.TextField(
        _("note"), max_length=MOST_SIGNS, validators=[MaxLengthValidator(MOST_SIGNS)], blank=True
    )
    files = models.ManyToManyField(
        File, through="NoteFile", related_name="notes", verbose_name=_("files")
    )
    at = models.DateTimeField(_("written"))
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)

    objects = NoteQuerySet.as_manager()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("-id",)
        default_permissions = ("add", "view")
        indexes = (models.Index(fields=["item", "-id"], name="note_item_idx"),)

    def __str__(self) -> str:
        return f"{self.item} · {self.author}"

    @property
    def is_shared(self) -> bool:
        return self.audience == self.Audience.CLIENT


class NoteFile(models.Model):
    """A file attached to a note."""

    work_of_file: ClassVar[str] = "note__item"

    note = models.ForeignKey(Note, on_delete=models.PROTECT, related_name="note_files")
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="note_files")

    class Meta:
        verbose_name = _("file of a note")
        verbose_name_plural = _("files of notes")
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("note", "file"), name="file_once_a_note"),)

    def __str__(self) -> str:
        return f"{self.note} · {self.file}"
