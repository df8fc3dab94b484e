"""The steps of the runbook of an incident, which its owner ticks."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from integrations.incidents.models import Incident
from routing.work.gates import Words

OF_A_CONNECTION: Mapping[str, Words] = {
    "status": _("Read the status page of the system, or ask its support."),
    "key": _("Check the address and the token of the connection."),
    "told": _("Tell the account managers of the clients below what waits."),
    "tested": _("Test the connection until it answers."),
    "released": _("Check that all that was held is released."),
}
OTHER: Mapping[str, Words] = {
    "affected": _("Find out whose work is affected."),
    "told": _("Tell the owners of that work."),
    "mended": _("Mend it, or find a way around it."),
    "tested": _("Check that it works again."),
}


def steps_of(incident: Incident) -> Mapping[str, Words]:
    """Return the steps by key, in order."""
    return OF_A_CONNECTION if incident.connection_id else OTHER
