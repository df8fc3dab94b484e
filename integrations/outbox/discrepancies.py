"""Discrepancy: a difference between our rows and what is in an external system."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.outbox.models import Outbound
from routing.models import User, WorkItem

FILES = "media"  # external type of files


class DiscrepancyQuerySet(models.QuerySet["Discrepancy"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def undecided(self) -> Self:
        """Filter for those that a person has to decide about."""
        return self.open().filter(choice="")


class Discrepancy(models.Model):
    """
    An external object that is not as our rows say, until a person has decided what to do.

    ``item`` is the work that the object belongs to, or None if no row here knows it. ``seen`` is
    the digest of what the object held when it was looked at: nothing else is written over.
    ``keeps`` names the object of ours that a copy stands beside. ``choice`` is what a person chose,
    and ``message`` carries it out.
    """

    class Kind(models.TextChoices):
        COPY = "copy", _("Second object for the same work")
        STRAY = "stray", _("Object that nothing here accounts for")
        TRASHED = "trashed", _("Moved to the trash")
        DELETED = "deleted", _("Deleted")
        HIDDEN = "hidden", _("Taken offline")
        EDITED = "edited", _("Edited by somebody else")
        SCHEDULED = "scheduled", _("Scheduled by somebody else")

    class Choice(models.TextChoices):
        TRASH = "trash", _("Move to the trash")
        KEEP = "keep", _("Leave as it is")
        THEIRS = "theirs", _("Take theirs as a new version")
        OURS = "ours", _("Put ours back")
        ANEW = "anew", _("Make it anew")

    redactable = ("url", "title", "keeps_url", "texts", "changes")
    impersonal = (
        "kind",
        "object_type",
        "remote_id",
        "object_key",
        "status",
        "seen",
        "keeps",
        "choice",
    )

    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="discrepancies",
        verbose_name=_("connection"),
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    object_type = models.CharField(_("external type"), max_length=60)
    remote_id = models.CharField(_("external id"), max_length=100)
    object_key = models.CharField(_("object"), max_length=120, blank=True, default="")
    item = models.ForeignKey(
        WorkItem,
        on_delete=models.PROTECT,
        null=True,
        related_name="discrepancies",
        verbose_name=_("work item"),
    )
    url = models.CharField(_("external address"), max_length=500, blank=True, default="")
    title = models.CharField(_("title"), max_length=300, blank=True, default="")
    status = models.CharField(_("status"), max_length=40, blank=True, default="")
    seen = models.CharField(_("digest"), max_length=64, blank=True, default="")
    keeps = models.CharField(_("object kept"), max_length=100, blank=True, default="")
    keeps_url = models.CharField(_("address kept"), max_length=500, blank=True, default="")
    changes = models.JSONField(_("changes"), default=list)
    texts = models.JSONField(_("texts"), default=dict)
    scheduled_at = models.DateTimeField(_("scheduled for"), null=True)
    found_at = models.DateTimeField(_("found"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    choice = models.CharField(_("choice"), max_length=12, choices=Choice, blank=True, default="")
    chosen_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("chosen by"),
    )
    message = models.ForeignKey(
        Outbound,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("outbox message"),
    )

    objects = DiscrepancyQuerySet.as_manager()

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        ordering = ("-id",)
        default_permissions = ()  # shown in exceptions, to whoever may see those
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "object_type", "remote_id", "kind"),
                condition=models.Q(ended_at=None),
                name="discrepancy_open_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["item"],
                condition=models.Q(ended_at=None),
                name="discrepancy_open_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.object_type} {self.remote_id}"

    @property
    def place(self) -> tuple[str, str]:
        return self.object_type, self.remote_id

    @property
    def is_file(self) -> bool:
        return self.object_type == FILES

    def over(self, choice: str) -> dict[str, Any]:
        """Return the part of a message that says how to go over this object, see ``Over``."""
        return {
            "discrepancy": self.pk,
            "choice": choice,
            "remote_id": self.remote_id,
            "seen": self.seen,
        }
