"""HandLaunch: the record of a person who launched a deliverable where no adapter does."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.models import Deliverable
from routing.kernel.roles import EVERYONE, grant
from routing.people.staff import User
from routing.work.files import File

grant("delivery.view_handlaunch", *EVERYONE)


class HandLaunch(models.Model):
    """
    What a person recorded when they launched a deliverable in a channel without an adapter.

    It has a public address, a screenshot or both. The newest one of a deliverable counts: it is
    recorded anew if the proof was not found or no longer holds.
    """

    redactable = ("address",)

    deliverable = models.ForeignKey(
        Deliverable,
        on_delete=models.PROTECT,
        related_name="launches",
        verbose_name=_("deliverable"),
    )
    address = models.CharField(_("address"), max_length=1000, blank=True, default="")
    evidence = models.ForeignKey(
        File,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("screenshot"),
    )
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"))

    # Triggers of the database refuse updates and deletions.
    append_only: ClassVar[bool] = True
    work_of_file: ClassVar[str] = "deliverable__item"

    class Meta:
        verbose_name = _("launch by hand")
        verbose_name_plural = _("launches by hand")
        ordering = ("deliverable", "-id")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(address="") | models.Q(evidence__isnull=False),
                name="hand_launch_is_shown",
            ),
        )
        indexes = (
            # Who may see a file is asked by the file, and not every launch has one.
            models.Index(
                fields=["evidence"],
                condition=models.Q(evidence__isnull=False),
                name="hand_launch_evidence_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.deliverable} {self.address}".strip()


def newest_launch(item_id: int) -> HandLaunch | None:
    """Return the launch that counts for the deliverable of a work item."""
    rows = HandLaunch.objects.filter(deliverable__item=item_id).select_related("evidence")
    return rows.order_by("-pk").first()
