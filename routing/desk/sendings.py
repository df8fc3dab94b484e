"""Sending: a form submission at the desk, stored so that sending it twice counts once."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Sending(models.Model):
    """
    A form that was submitted, written in the transaction of its work. ``leads_to`` is the page that
    was shown next.

    It is no evidence. A sweep deletes it after a day.
    """

    impersonal = ("form", "token", "leads_to")

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
