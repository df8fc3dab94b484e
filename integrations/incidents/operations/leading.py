"""Lead an incident: acknowledge, assess, tick steps, test and close it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.base.health import answered
from integrations.incidents.canary import CanaryResult, try_connection
from integrations.incidents.details import (
    AssessDetails,
    CheckedDetails,
    CloseDetails,
    TickDetails,
)
from integrations.incidents.held import note_held, waiting
from integrations.incidents.models import Incident
from integrations.incidents.operations.pausing import release_flows
from integrations.incidents.runbook import steps_of
from integrations.outbox.operations.replay import resume
from routing.kernel.roles import AM, INTEGRATIONS, OPS, QA
from routing.people.actors import Actor
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused
from routing.work.registry import react
from routing.work.visibility import work_seen_by

# Whoever may own work may have to lead an incident, if nobody else is left.
_MAY = (AM, QA, OPS, INTEGRATIONS)
CANARY = "canary_failed"


def leads_it(row: Incident, context: GateContext) -> GateResult:
    """Refuses people who are neither owner nor backup of the incident, nor an operations lead."""
    item, by = row.item, context.by
    if by.user_id in {item.owner_id, item.backup_id} or by.may("routing.reassign_any_workitem"):
        return passed("own", _("You lead this incident."))
    return refused(
        "own",
        _("Someone else leads this incident. You can write notes."),
        evidence=str(item.owner),
        clears_by=_("The owner, the backup or an operations lead"),
    )


def is_known_severity(row: Incident, context: ContextWith[AssessDetails]) -> GateResult:
    """Refuses the severity that the incident has, and one that there is not."""
    details = context.details
    if details is None:
        return passed("severity")
    if details.severity not in Incident.Severity:
        return refused("severity", _("Choose a severity."), clears_by=_("You"))
    if details.severity == row.severity:
        return refused("severity", _("This is the severity already."), clears_by=_("You"))
    return passed("severity")


def is_open_step(row: Incident, context: ContextWith[TickDetails]) -> GateResult:
    """Refuses a step that the runbook does not have, or that is done."""
    left = [key for key in steps_of(row) if key not in row.ticked]
    if not left:
        return refused("step", _("All steps are done."))
    if context.details is None or context.details.done in left:
        return passed("step")
    return refused(
        "step", _("Choose a step that is not done."), evidence=", ".join(left), clears_by=_("You")
    )


def canary_passed(row: Incident, context: ContextWith[CloseDetails]) -> GateResult:
    """Refuses to close an incident before a test passed, after all that was seen of it."""
    if context.preview:
        return passed(CANARY, _("Closing it tests first."))
    if row.connection_id is None:
        if context.details is not None and context.details.checked.strip():
            return passed(CANARY)
        return refused(
            CANARY,
            _("Say what you checked to know that it is over."),
            clears_by=_("The owner of the incident"),
        )
    if row.is_tested:
        return passed(CANARY, _("The test passed."))
    return refused(
        CANARY,
        _("The test of the connection did not pass, so the incident stays open."),
        evidence=row.canary_said,
        clears_by=_("The owner of the incident, once the system answers"),
    )


def has_connection(row: Incident, context: GateContext) -> GateResult:
    """Refuses to test an incident without a connection."""
    if row.connection_id is not None:
        return passed("connection")
    return refused("connection", _("Nothing can be tested here. Close it with what you checked."))


def _test(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Test the connection of each incident, outside any transaction, and keep the result."""
    return [_test_one(step, pk, by=by, at=at, reason=reason) for pk in dict.fromkeys(ids)]


def _test_one(
    step: Operation[None], pk: int, *, by: Actor, at: datetime, reason: str = ""
) -> OperationResult:
    incident = _tested(pk, by)
    connection = incident.connection if incident else None
    found = try_connection(connection, at=at) if connection else CanaryResult(False, "")
    details = CheckedDetails(found.passed, found.said)
    inner = step.with_details(CheckedDetails)
    [result] = move(inner, [pk], by=by, at=at, reason=reason, details=details)
    if result.done and found.passed and incident is not None and connection is not None:
        if incident.recovered_at is None:
            note_held(incident, at=at)
        _let_go_on(connection, by=by, at=at)
    return result


def _tested(pk: int, by: Actor) -> Incident | None:
    """Return an open incident that somebody may see, with its connection."""
    rows = Incident.objects.filter(pk=pk, state__in=Incident.open_states)
    seen = rows.filter(item__in=work_seen_by(by).order_by())
    return seen.select_related("connection").first()


def _let_go_on(connection: Connection, *, by: Actor, at: datetime) -> None:
    """Try the outbox again at once: one message goes first, and its success sends the rest."""
    if waiting(connection, at).exists():
        resume(connection, by=by, at=at)
    else:
        answered(connection, at)


def _close(
    step: Operation[CloseDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: CloseDetails,
) -> list[OperationResult]:
    """Test the connections of incidents first, and close those whose test passed."""
    of_connections = Incident.objects.filter(pk__in=ids, connection__isnull=False)
    for pk in of_connections.order_by("pk").values_list("pk", flat=True):
        _test_one(test, pk, by=by, at=at)
    return move(step, ids, by=by, at=at, reason=reason, details=details)


acknowledge = operation(
    Incident,
    "acknowledge",
    _("Acknowledge"),
    done=_("%(who)s acknowledged the incident"),
    may=_MAY,
    gates=(leads_it,),
)
assess = operation(
    Incident,
    "assess",
    _("Change the severity"),
    done=_("%(who)s changed the severity"),
    may=_MAY,
    gates=(leads_it, is_known_severity),
    details=AssessDetails,
)
tick = operation(
    Incident,
    "tick",
    _("Mark a step as done"),
    done=_("%(who)s marked a step of the runbook as done"),
    may=_MAY,
    gates=(leads_it, is_open_step),
    details=TickDetails,
)
test = operation(
    Incident,
    "test",
    _("Test the connection"),
    done=_("%(who)s tested the connection"),
    may=_MAY,
    gates=(leads_it, has_connection),
    verb_details=CheckedDetails,
    run=_test,
)
close = operation(
    Incident,
    "close",
    _("Close"),
    done=_("%(who)s closed the incident"),
    may=_MAY,
    gates=(leads_it, canary_passed),
    details=CloseDetails,
    run=_close,
    danger=True,
)
recover = operation(
    Incident,
    "recover",
    _("Recover"),
    done=_("%(who)s noticed that the connection answers again"),
    system=True,
    through_hold=True,
)


@react(close)
def release_events(rows: Sequence[Incident], by: Actor, at: datetime) -> None:
    """Switch on the flows that were paused, which releases their events."""
    # The outbox went on when the test passed, by its own rate limit.
    for row in rows:
        release_flows(row, by=by, at=at)
