"""The audit list: who did what to what, when and why."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from routing.kernel.events import Event
from routing.kernel.roles import AUDITOR, OPS, grant

grant("routing.view_auditentry", OPS, AUDITOR)


class AuditEntry(Event):
    """
    An event as auditors read it. It has no table of its own.

    ``why`` is set on rows that were read with their reasons.
    """

    why: str = ""

    class Meta:
        proxy = True
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-id",)
        default_permissions = ("view",)
