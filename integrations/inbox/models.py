"""Inbound: a webhook, stored byte for byte."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection


class Inbound(models.Model):
    """
    One verified webhook, as received.

    It may hold personal data, so its body may be emptied, while its events stay. ``headers`` has
    only useful ones, and never a signature. An identical body is stored once, and ``deliveries``
    counts how often it came. The numbers count the results of its events. ``problems`` lists
    ``{"place", "reason"}`` of events that were not captured normally (the first 50).
    """

    class State(models.TextChoices):
        STORED = "stored", _("Stored")
        PROCESSED = "processed", _("Processed")
        IGNORED = "ignored", _("Ignored")
        POISON = "poison", _("Unreadable")

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("headers", "raw", "reason", "problems")
    emptied_whole = ("raw",)
    impersonal = ("sha256", "state")

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="inbound", verbose_name=_("connection")
    )
    received_at = models.DateTimeField(_("received"))
    last_received_at = models.DateTimeField(_("last received"))
    deliveries = models.PositiveIntegerField(_("times received"), default=1)
    headers = models.JSONField(_("headers"), default=dict)
    raw = models.BinaryField(_("body"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.STORED)
    captured = models.PositiveIntegerField(_("captured"), default=0)
    repeated = models.PositiveIntegerField(_("repeated"), default=0)
    conflicting = models.PositiveIntegerField(_("conflicting"), default=0)
    ignored = models.PositiveIntegerField(_("ignored"), default=0)
    poison = models.PositiveIntegerField(_("unreadable"), default=0)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    problems = models.JSONField(_("problems"), default=list)
    # Read again after a fix, and still unreadable: nobody needs to look at it any more.
    settled_at = models.DateTimeField(_("settled"), null=True, editable=False)

    class Meta:
        verbose_name = _("inbound webhook")
        verbose_name_plural = _("inbound webhooks")
        ordering = ("-received_at", "-id")
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(fields=("connection", "sha256"), name="inbound_body_once"),
        )
        indexes = (
            models.Index(fields=["-received_at", "-id"], name="inbound_newest_idx"),
            models.Index(fields=["connection", "-received_at"], name="inbound_connection_idx"),
            models.Index(
                fields=["-received_at"], condition=~models.Q(reason=""), name="inbound_trouble_idx"
            ),
            models.Index(
                fields=["connection", "id"],
                condition=models.Q(poison__gt=0, settled_at=None),
                name="inbound_unreadable_idx",
            ),
        )

    def __str__(self) -> str:
        return f"{self.connection_id}/{self.sha256[:12]}"
