"""Destination: where a client's finished work is published."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.clients import Client


class Destination(models.Model):
    """
    A place where one client's work is published, described without any external system.
    Integrations finds the connection.

    ``connection`` is the slug of a connection; empty means the only active one of this ``kind``.
    ``path`` goes before the slug of a published page.
    """

    redactable = ("name",)
    impersonal = ("kind", "connection", "post_type", "path")

    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="destinations", verbose_name=_("client")
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(
        _("kind of system"), max_length=30, help_text=_("Such as wordpress or static.")
    )
    connection = models.SlugField(
        _("connection"),
        max_length=60,
        blank=True,
        default="",
        help_text=_("Leave empty to use the only active connection of this kind."),
    )
    post_type = models.CharField(
        _("post type"),
        max_length=30,
        default="posts",
        validators=[
            RegexValidator(
                r"\A[a-z][a-z0-9_-]*\Z",
                _("Lower-case letters, digits, - and _, such as posts or pages."),
            )
        ],
    )
    path = models.CharField(
        _("path"),
        max_length=200,
        blank=True,
        default="",
        validators=[
            RegexValidator(
                r"\A([a-z0-9-]+/)*[a-z0-9-]*\Z",
                _("Folders such as blog/news: lower-case letters, digits and -."),
            )
        ],
    )
    publishes_on_approval = models.BooleanField(
        _("publish on approval"),
        default=True,
        help_text=_("If off, an account manager starts publishing."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = Tracked()

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering = ("client", "name")
        default_permissions = ("add", "change", "view")
        constraints = (
            models.UniqueConstraint(
                fields=("client", "name"), name="destination_name_once_a_client"
            ),
        )

    def __str__(self) -> str:
        return f"{self.client} · {self.name}"
