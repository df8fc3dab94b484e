"""ExternalLink: the relation between one of our rows and an object in an external system."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from delivery.models import Engagement
from integrations.base.connections import Connection
from routing.kernel.history import Tracked
from routing.models import Client, Contact, WorkItem


def _exactly_one(*names: str) -> models.Q:
    either = models.Q()
    for name in names:
        either |= models.Q(**{f"{other}__isnull": other != name for other in names})
    return either


class ExternalLink(models.Model):
    """
    An external object and the one row of ours that it stands for.

    Several external objects may stand for the same row. ``item`` is the work that the object was
    made from. For an object that we write, ``url`` is where people find it, and ``digest`` is the
    digest of the content that we wrote last.
    """

    redactable = ("url",)
    impersonal = ("object_type", "remote_id", "digest")

    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="links", verbose_name=_("connection")
    )
    object_type = models.CharField(_("external type"), max_length=60)
    remote_id = models.CharField(_("external id"), max_length=100)
    client = models.ForeignKey(
        Client,
        on_delete=models.PROTECT,
        null=True,
        related_name="external_links",
        verbose_name=_("client"),
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.PROTECT,
        null=True,
        related_name="external_links",
        verbose_name=_("contact"),
    )
    engagement = models.ForeignKey(
        Engagement,
        on_delete=models.PROTECT,
        null=True,
        related_name="external_links",
        verbose_name=_("engagement"),
    )

    item = models.ForeignKey(
        WorkItem,
        on_delete=models.PROTECT,
        null=True,
        related_name="external_links",
        verbose_name=_("work item"),
    )
    url = models.CharField(
        _("external address"), max_length=500, blank=True, default="", db_default=""
    )
    digest = models.CharField(_("digest"), max_length=64, blank=True, default="", db_default="")

    history = Tracked()

    class Meta:
        verbose_name = _("external link")
        verbose_name_plural = _("external links")
        ordering = ("connection", "object_type", "remote_id")
        default_permissions = ("view", "delete")
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "object_type", "remote_id"), name="external_object_once"
            ),
            models.CheckConstraint(
                condition=_exactly_one("client", "contact", "engagement", "item"),
                name="link_to_exactly_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.object_type}/{self.remote_id}"
