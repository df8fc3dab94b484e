"""The line of the checklist of flows about checks."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.checks.kinds.catalogue import BRIEF_KINDS
from delivery.checks.models import Check
from routing.flows.checklist import LineLook, checklist_line
from routing.flows.models import FlowVersion


@checklist_line("checks", gettext_lazy("Checks"), place=60)
def checks(version: FlowVersion) -> LineLook:
    where = reverse("admin:delivery_check_changelist")
    active = Check.objects.filter(
        Q(only_in_flows=False) | Q(pk__in=version.named_checks.values("check_row")), is_active=True
    )
    count = active.exclude(kind__in=BRIEF_KINDS).count()
    of_briefs = active.filter(kind__in=BRIEF_KINDS).count()
    if not count:
        words = _("No check is active, so approvals alone look at the work.")
        return LineLook(True, words, where, guess=True)
    words = _("%(count)s active checks look at every version before anybody approves it.")
    said = words % {"count": count}
    if of_briefs:
        also = _("%(count)s look at every brief when it is made.") % {"count": of_briefs}
        said = f"{said} {also}"
    return LineLook(True, said, where)
