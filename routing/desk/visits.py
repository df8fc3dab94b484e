"""Visit: the time of a person's last use of the desk, to show what changed since."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Visit(models.Model):
    """
    The visits of one person. ``since_at`` is the end of the previous visit: later changes are new
    to them.
    """

    # In the database and not in a cookie, so that it is the same on every device. It is no
    # evidence, because nobody else reads it.

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="visit"
    )
    seen_at = models.DateTimeField(_("last seen"))
    since_at = models.DateTimeField(_("visit before"), null=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id} {self.seen_at:%Y-%m-%d %H:%M}"
