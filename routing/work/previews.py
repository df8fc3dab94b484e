"""
Previews of images. Pillow redraws them, so nothing hidden in the original reaches a page.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

TYPE = "image/webp"
MOST_SIDE = 1200  # pixels


class ImagePreviewQuerySet(models.QuerySet["ImagePreview"]):
    def due(self, at: datetime) -> Self:
        return self.filter(due_at__lte=at)


class ImagePreview(models.Model):
    """
    A small picture of the image with these bytes, or the wish for one.

    The row is the queue: a worker draws what is due. While it draws, ``due_at`` is the end of its
    lease. Afterwards it is None, and there is a ``picture`` or the code of a ``fault``.
    """

    LEASE = timedelta(minutes=2)
    MOST_ATTEMPTS = 3

    redactable = ("picture",)
    impersonal = ("sha256", "fault")

    sha256 = models.CharField(_("SHA-256"), max_length=64, unique=True)
    picture = models.BinaryField(_("picture"), null=True)
    fault = models.CharField(_("fault"), max_length=30, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), null=True)

    objects = ImagePreviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("image preview")
        verbose_name_plural = _("image previews")
        default_permissions = ()
        indexes = (
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="image_preview_due_idx",
            ),
        )

    def __str__(self) -> str:
        return self.sha256[:12]


def want(sha256: str, *, at: datetime) -> None:
    """Ask for a preview, unless somebody did before. A worker draws it within seconds."""
    row = ImagePreview(sha256=sha256, due_at=at)
    ImagePreview.objects.bulk_create([row], ignore_conflicts=True)


def forget(sha256: str) -> None:
    ImagePreview.objects.filter(sha256=sha256).delete()
