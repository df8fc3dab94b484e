"""The line of the checklist of flows about exceptions."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.checklist import LineLook, checklist_line
from routing.flows.models import FlowVersion
from routing.kernel.reasons import Reason
from routing.runs.operations.exception_defaults import unrouted


@checklist_line("exception_routes", gettext_lazy("Exception routes"), place=80)
def exception_routes(_version: FlowVersion) -> LineLook:
    where = reverse("admin:routing_exceptionroute_changelist")
    missing = [str(Reason(each).label) for each in unrouted()]
    if missing:
        words = _("Nobody gets exceptions of these reasons: %(reasons)s.")
        return LineLook(False, words % {"reasons": ", ".join(missing)}, where)
    return LineLook(True, _("Exceptions of every reason have an owner and a timebox."), where)
