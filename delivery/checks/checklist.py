"""The line of the checklist of flows about checks."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.checks.models import Check
from routing.flows.checklist import LineLook, checklist_line
from routing.flows.models import FlowVersion


@checklist_line("checks", gettext_lazy("Checks"), place=60)
def checks(_version: FlowVersion) -> LineLook:
    where = reverse("admin:delivery_check_changelist")
    count = Check.objects.filter(is_active=True).count()
    if not count:
        words = _("No check is active, so approvals alone look at the work.")
        return LineLook(True, words, where, guess=True)
    words = _("%(count)s active checks look at every version before anybody approves it.")
    return LineLook(True, words % {"count": count}, where)
