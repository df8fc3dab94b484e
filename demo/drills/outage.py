"""An outage of the CRM as an incident: noticed, told, led and closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo.drills.deals import decided, make, post_until_kept, told
from demo.drills.registry import DrillField, drill
from demo.sandbox.faults import InjectedFault
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, now
from integrations.incidents.details import CloseDetails
from integrations.incidents.held import counts_of
from integrations.incidents.models import Incident
from integrations.incidents.operations.leading import CANARY, acknowledge, close
from integrations.incidents.radius import told_of
from integrations.models import Connection
from routing.messages.models import Notification

SOON_S = 60.0  # by when it is noticed, and everybody told
RESETS = 5000  # more calls than the drill makes
DEALS = 3
WHY = "A drill is over."


@drill(17, about_s=120)
def crm_outage(field: DrillField) -> None:
    """The CRM is down: one incident is led until a test passes, and releases all that it held."""
    connection, faults, began = field.walk.deals.connection, field.crm.faults, now()
    close_incidents(connection, field)  # of earlier drills, whose CRM was the same connection
    jobs = [make(field, f"Outage {place}") for place in range(DEALS)]
    with field.fault(faults.clear):
        faults.add("PATCH", *[InjectedFault()] * RESETS)
        post_until_kept(field)
        for job in jobs:
            decided(field, job)
        for method in ("GET", "POST"):
            faults.add(method, *[InjectedFault()] * RESETS)
        incident = _noticed(field, connection, began)
        people = _told(field, incident)
        field.count("told", len(people), holds=len(people) >= 2)  # noqa: PLR2004
        _refused_while_down(field, incident)
    _closed(field, incident)
    for job in jobs:
        told(field, job, 120)
    field.walk.transcript.wait(
        "all that was held is released",
        lambda: counts_of(incident).released == counts_of(incident).held,
        120,
        WORKER,
    )
    opened = Incident.objects.filter(connection=connection, noticed_at__gte=began).count()
    field.count("incidents", opened, holds=opened == 1)
    counts = counts_of(incident)
    field.count("held", counts.held, holds=counts.held >= DEALS)
    field.count("released", counts.released, holds=counts.released == counts.held)


def close_incidents(connection: Connection, field: DrillField) -> None:
    """Close the open incidents of a connection, as far as its system answers."""
    rows = Incident.objects.filter(connection=connection, state__in=Incident.open_states)
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        _close(field, pk)


def _noticed(field: DrillField, connection: Connection, began: datetime) -> Incident:
    rows = Incident.objects.filter(connection=connection, noticed_at__gte=began)
    found: Any = field.walk.transcript.wait(
        "an incident is open", rows.select_related("item").first, SOON_S, WORKER
    )
    took_s = (found.noticed_at - found.began_at).total_seconds()
    field.count("noticed_s", round(took_s, 1), holds=took_s <= SOON_S)
    incident: Incident = found
    return incident


def _told(field: DrillField, incident: Incident) -> list[str]:
    """Wait until an owner of work that waits was told, and return who was told in all."""
    affected = Notification.objects.filter(
        item=incident.item, words=Notification.Words.AFFECTED
    ).exists
    field.walk.transcript.wait("the owners of work that waits are told", affected, SOON_S, WORKER)
    return told_of(incident)


def _refused_while_down(field: DrillField, incident: Incident) -> None:
    lead = by(field.walk.cast.lead)
    acknowledge([incident.pk], by=lead, at=now(), reason="A drill practises it.")
    [result] = close([incident.pk], by=lead, at=now(), reason=WHY, details=CloseDetails())
    codes = [each.code for each in result.refusals]
    field.count("closing_refused", ", ".join(codes), holds=codes == [CANARY])


def _closed(field: DrillField, incident: Incident) -> None:
    field.walk.transcript.wait(
        "the test passes and the incident is closed",
        lambda: _close(field, incident.pk),
        60,
        "",
    )


def _close(field: DrillField, pk: int) -> bool:
    lead = by(field.walk.cast.lead)
    [result] = close([pk], by=lead, at=now(), reason=WHY, details=CloseDetails())
    return result.done
