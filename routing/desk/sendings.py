"""Sending: that a form at the desk was sent, so that sent twice it does its work once."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Sending(models.Model):
    """
    One row a form that did something, written in the transaction of what it did; ``leads_to`` is
    the page it ended on.

    No evidence, and of use for a day: the sweep takes it away.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    form = models.CharField(_("form"), max_length=80)
    token = models.CharField(_("token"), max_length=64)
    leads_to = models.CharField(_("target page"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent"), db_index=True)

    class Meta:
        verbose_name = _("sending")
        verbose_name_plural = _("sendings")
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "form", "token"], name="one_sending_a_token")
        ]

    def __str__(self) -> str:
        return f"{self.form} {self.sent_at:%Y-%m-%d %H:%M}"
