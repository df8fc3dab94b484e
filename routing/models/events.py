"""What happened, once and for ever: one immutable row a fact."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.models.work import WorkItem


class Event(models.Model):
    """
    A fact, recorded in the transaction that caused it. Ids and states only: never a name, an address or free text.

    ``kind`` is ``<app>.<noun>.<verb>``; ``source`` is ``throughline`` for our own facts, otherwise a connection's slug, and
    within one outside source ``dedupe_key`` is unique.
    """

    OWN = "throughline"

    kind = models.CharField(_("kind"), max_length=100)
    source = models.CharField(_("source"), max_length=60, default=OWN)
    dedupe_key = models.CharField(_("dedupe key"), max_length=200, null=True)
    digest = models.CharField(_("digest"), max_length=64, blank=True, default="")
    item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, null=True, related_name="events", verbose_name=_("work item"))
    object_id = models.BigIntegerField(_("object"), null=True)
    from_state = models.CharField(_("from"), max_length=32, blank=True, default="")
    to_state = models.CharField(_("to"), max_length=32, blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-id",)
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("source", "dedupe_key"), condition=models.Q(dedupe_key__isnull=False), name="event_captured_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
