"""PayloadShape: the fields that events of a connection have. ShapeChange: an event with others."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from routing.models import Event


class PayloadShape(models.Model):
    """
    What is known of the bodies of one kind of event of a connection.

    ``forms`` has an entry for each form that shares the connection, and one for anything else:
    ``{"name", "seen", "quiet", "fields": {name: {"types", "run", "tick"}}}``. It has no values.
    ``run`` counts the newest bodies in a row that had the field, and ``quiet`` those without a new
    one.
    """

    redactable = ("forms",)
    impersonal = ("kind",)

    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="payload_shapes",
        db_index=False,
        verbose_name=_("connection"),
    )
    kind = models.CharField(_("kind of event"), max_length=100)
    forms = models.JSONField(_("forms"), default=list)
    # Events up to this one have been looked at.
    last_event = models.BigIntegerField(_("last event"), default=0)

    class Meta:
        verbose_name = _("payload shape")
        verbose_name_plural = _("payload shapes")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("connection", "kind"), name="payload_shape_once"),
        )

    def __str__(self) -> str:
        return f"{self.connection_id}/{self.kind}"


class ShapeChange(models.Model):
    """
    An event whose body has other fields or types than those before it.

    ``gone`` and ``new`` are names of fields. ``retyped`` has a name, the types before and the type
    now. ``was`` and ``now`` are both shapes: names with types, without values.
    """

    lasting: ClassVar[bool] = True  # the app may not delete it
    redactable = ("gone", "new", "retyped", "was", "now")

    event = models.OneToOneField(
        Event, on_delete=models.PROTECT, related_name="shape_change", verbose_name=_("event")
    )
    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="shape_changes",
        verbose_name=_("connection"),
    )
    gone = models.JSONField(_("no longer sent"), default=list)
    new = models.JSONField(_("new"), default=list)
    retyped = models.JSONField(_("of another type"), default=list)
    was = models.JSONField(_("shape before"), default=dict)
    now = models.JSONField(_("shape now"), default=dict)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("change of shape")
        verbose_name_plural = _("changes of shape")
        ordering = ("-id",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"shape of event {self.event_id}"
