"""The line of the checklist of flows about the audit trail."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.audit.models import Seal
from routing.flows.checklist import LineLook, checklist_line
from routing.flows.models import FlowVersion
from routing.work.display import exact


@checklist_line("audit", gettext_lazy("Audit"), place=70)
def audit(_version: FlowVersion) -> LineLook:
    last = Seal.objects.order_by("pk").last()
    if last is None:
        words = _("Every change is kept in an append-only history. It has not been sealed yet.")
        return LineLook(True, words, guess=True)
    words = _("Every change is kept in an append-only history, last sealed on %(when)s.")
    return LineLook(True, words % {"when": exact(last.sealed_at)})
