"""The line of the checklist of flows about the connections that send their events."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.base.connections import Connection
from routing.flows.checklist import LineLook, checklist_line
from routing.flows.models import FlowVersion


@checklist_line("connections", gettext_lazy("Connections"), place=50)
def connections(version: FlowVersion) -> LineLook:
    where = reverse("admin:integrations_connection_changelist")
    # The kind of an event begins with the kind of the system that sends it.
    kinds = {row.kind.partition(".")[0] for row in version.triggers.all()}
    sending = Connection.objects.active().unnamed().filter(kind__in=kinds).order_by("name")
    rows = list(sending.select_related("health_owner"))
    if not rows:
        return LineLook(True, _("No connected system starts it."), where, guess=True)
    gone = [row.name for row in rows if not (row.health_owner and row.health_owner.is_active)]
    if gone:
        words = _("%(names)s has no active health owner, so nobody would be told of a failure.")
        return LineLook(False, words % {"names": ", ".join(gone)}, where)
    named = ", ".join(f"{row.name} ({row.health_owner})" for row in rows)
    words = _("Has the alert of each health owner been tested? %(names)s.")
    return LineLook(None, words % {"names": named}, where, lasts=True)
