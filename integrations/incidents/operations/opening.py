"""Open an incident, or join more of the same to the one that is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.base.connections import Connection
from integrations.base.health import on_breaker_open
from integrations.incidents.details import JoinDetails
from integrations.incidents.models import Incident
from integrations.outbox.cases import health_places
from routing.kernel.roles import AM, CREATIVE, EVERYONE, INTEGRATIONS, OPS, QA, Role, grant
from routing.kernel.sql import run
from routing.models import Flow, User
from routing.people.actors import Actor
from routing.runs.owners import NobodyLeft, Place, Staff, owners_for
from routing.work.creation import create
from routing.work.door import carry, operation
from routing.work.items import WorkItem
from routing.work.new_items import new_item

log = structlog.get_logger(__name__)

OPEN = "integrations.add_incident"
ONE_A_CAUSE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7203014))"
LONGEST_CAUSE = Incident._meta.get_field("cause").max_length
Signal, Severity = Incident.Signal, Incident.Severity

grant("integrations.view_incident", *EVERYONE)
grant(OPEN, AM, CREATIVE, QA, OPS, INTEGRATIONS, name="Can open an incident")

join = operation(
    Incident,
    "join",
    gettext_lazy("Join"),
    done=gettext_lazy("%(who)s counted more of the same"),
    system=True,
    through_hold=True,
    details=JoinDetails,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    What somebody or something noticed.

    ``cause`` is its key: trouble with the same cause is one incident. ``what`` says it in words,
    without a secret. ``began_at`` is when it began, aware.
    """

    cause: str
    what: str
    signal: str
    began_at: datetime
    connection: Connection | None = None
    severity: str = ""

    @property
    def connection_id(self) -> int:
        return self.connection.pk if self.connection else 0


@dataclass(frozen=True, slots=True)
class OpenedIncident:
    """The incident of some trouble, and whether it had been open before."""

    incident: Incident
    joined: bool


def cause_of(connection: Connection) -> str:
    """Return the key of all trouble of a connection."""
    return f"connection:{connection.slug}"


def open_by_hand(
    what: str,
    *,
    connection: Connection | None = None,
    severity: str = "",
    by: Actor,
    at: datetime,
) -> OpenedIncident:
    """
    Open an incident as a person, or join the one that is open for this cause.

    :param what: what is wrong, in words; without a connection it is the cause as well
    :param severity: a value of ``Incident.Severity``, or empty for the usual one
    :raises PermissionDenied: if ``by`` may not open incidents
    :raises NobodyLeft: if no active person could own it
    """
    by.require(OPEN, to=_("open incidents"))
    cause = cause_of(connection) if connection else " ".join(what.split()).lower()
    trouble = Trouble(cause[:LONGEST_CAUSE], what, Signal.PERSON, at, connection, severity)
    return open_incident(trouble, by=by, at=at)


def open_incident(trouble: Trouble, *, by: Actor, at: datetime) -> OpenedIncident:
    """
    Open the incident of this trouble, or join the one that is open for its cause.

    Its owner, its backup and the operations leads are notified in the same transaction.

    :raises NobodyLeft: if no active person could own it
    """
    with transaction.atomic():
        run(ONE_A_CAUSE, [trouble.cause])
        known = open_of(trouble.cause)
        if known is not None:
            details = JoinDetails(str(trouble.signal))
            carry(join, [known.pk], by=by, at=at, reason=trouble.what[:500], details=details)
            return OpenedIncident(open_of(trouble.cause) or known, True)
        made, why = _new(trouble, by, at)
        [made] = create([made], by=by, at=at, reason=why)
    log.warning(
        "incident opened", action="open_incident", ref=made.item.ref, signal=str(trouble.signal)
    )
    return OpenedIncident(made, False)


def open_of(cause: str) -> Incident | None:
    """Return the open incident of a cause, or None."""
    rows = Incident.objects.filter(cause=cause, state__in=Incident.open_states)
    return rows.select_related("item", "connection").first()


def _new(trouble: Trouble, by: Actor, at: datetime) -> tuple[Incident, str]:
    """Return an unsaved incident, and why its owner was chosen."""
    staff, connection = Staff.at(at), trouble.connection
    owners = owners_for(_places(trouble, by), staff)
    item = new_item(
        _("Incident: %(what)s") % {"what": trouble.what},
        team_id=staff.team_id,
        owner_id=owners.owner_id,
        backup_id=owners.backup_id,
        priority=WorkItem.Priority.URGENT,
    )
    made = Incident(
        item=item,
        cause=trouble.cause,
        severity=trouble.severity or usual_severity(connection),
        signal=trouble.signal,
        connection=connection,
        began_at=min(trouble.began_at, at),
        noticed_at=at,
        last_seen_at=at,
    )
    return made, owners.why


def _places(trouble: Trouble, by: Actor) -> list[Place]:
    leads = leads_of_operations()
    places = list(health_places(trouble.connection)) if trouble.connection else []
    if trouble.connection is None and by.user_id in leads:
        places.append(Place.of(gettext_lazy("Whoever opened it"), by.user_id))
    return [*places, Place.of(gettext_lazy("Operations leads"), *leads)]


def leads_of_operations() -> list[int]:
    """Return the ids of the active operations leads."""
    found = User.objects.staff().filter(groups__name=Role.OPERATIONS.value)
    return list(found.order_by("pk").values_list("pk", flat=True))


def usual_severity(connection: Connection | None) -> str:
    """Return critical if the system starts an essential flow, and otherwise major."""
    if connection is None:
        return Severity.MAJOR
    essential = Flow.objects.filter(
        criticality=Flow.Criticality.ESSENTIAL,
        versions__published_at__isnull=False,
        versions__triggers__kind__startswith=f"{connection.kind}.",
    )
    return Severity.CRITICAL if essential.exists() else Severity.MAJOR


@on_breaker_open
def open_for_breaker(connection: Connection, at: datetime) -> None:
    """Open the incident of a connection whose breaker opened."""
    what = _("%(name)s does not answer. %(error)s")
    words = what % {"name": connection.name, "error": connection.last_error}
    began = connection.failing_since or at
    trouble = Trouble(cause_of(connection), words.strip(), Signal.BREAKER, began, connection)
    try:
        open_incident(trouble, by=Actor.system(), at=at)
    except NobodyLeft:
        log.exception("an incident has no owner", action="open_incident", cause=trouble.cause)
