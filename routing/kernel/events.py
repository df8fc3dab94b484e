"""Events: one immutable row per fact."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """
    A fact, recorded in the transaction that caused it.

    It holds ids and states only, never a name, an address or free text. ``kind`` is
    ``<app>.<noun>.<verb>``. ``source`` is ``throughline`` for our own facts, otherwise the slug of
    a connection. ``dedupe_key`` is unique within one outside source.
    """

    # An event is never rewritten, so personal data in it could not be erased.

    OWN = "throughline"

    impersonal = (
        "kind",
        "source",
        "dedupe_key",
        "digest",
        "subject_type",
        "subject_id",
        "from_state",
        "to_state",
    )

    kind = models.CharField(_("kind"), max_length=100)
    source = models.CharField(_("source"), max_length=60, default=OWN)
    dedupe_key = models.CharField(_("dedupe key"), max_length=200, null=True)
    digest = models.CharField(_("digest"), max_length=64, blank=True, default="")
    item = models.ForeignKey(
        "routing.WorkItem",
        on_delete=models.PROTECT,
        null=True,
        related_name="events",
        verbose_name=_("work item"),
    )
    object_id = models.BigIntegerField(_("object"), null=True)
    subject_type = models.CharField(_("subject"), max_length=60, blank=True, db_default="")
    subject_id = models.CharField(_("subject id"), max_length=100, blank=True, db_default="")
    from_state = models.CharField(_("from"), max_length=32, blank=True, default="")
    to_state = models.CharField(_("to"), max_length=32, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-id",)
        default_permissions = ("view",)
        # Finds outside events by their subject. Our own have none and are left out of it.
        indexes = (
            models.Index(
                fields=["source", "subject_type", "subject_id", "id"],
                condition=~models.Q(subject_id=""),
                name="event_subject_idx",
            ),
            # Merges are few. A late event of an object that is gone looks for the one it became.
            models.Index(
                fields=["source", "subject_type"],
                condition=models.Q(kind__endswith=".merge"),
                name="event_merge_idx",
            ),
            # What each source sends, how often and when last. Our own facts are left out of it.
            models.Index(
                fields=["source", "kind", "at"],
                condition=models.Q(dedupe_key__isnull=False),
                name="event_source_kind_idx",
            ),
            # By day and person, newest first, as the list of events shows them. One by kind would
            # cost every step, and common kinds are found on the way.
            models.Index(fields=["at", "id"], name="event_day_idx"),
            models.Index(fields=["actor", "at", "id"], name="event_actor_idx"),
        )
        # Capture relies on it: ON CONFLICT leaves out events that were sent again.
        constraints = (
            models.UniqueConstraint(
                fields=("source", "dedupe_key"),
                condition=models.Q(dedupe_key__isnull=False),
                name="event_captured_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Payload(models.Model):
    """
    The body of an outside event.

    It may hold personal data, so erasure may rewrite it. The event keeps its digest.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("body",)
    emptied_whole = ("body",)

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="payload")
    body = models.JSONField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("payload")
        verbose_name_plural = _("payloads")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"payload of {self.event_id}"


class Dispatch(models.Model):
    """
    An event that has not been routed to a flow yet.

    The row is the queue. It is deleted once the event is routed, and quarantined (with a
    ``parked_reason``) when a person must look at it.
    """

    redactable = ("parked_reason",)

    # An event is never updated, so the state of its processing is a row beside it:
    # docs/decisions/0005.
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="dispatch")
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    parked_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("queued event")
        verbose_name_plural = _("queued events")
        default_permissions = ("view",)
        indexes = (
            models.Index(
                fields=["due_at", "id"],
                condition=models.Q(parked_reason=""),
                name="dispatch_due_idx",
            ),
        )

    def __str__(self) -> str:
        return f"event {self.event_id}"
