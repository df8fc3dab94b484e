"""A failed delivery becomes an exception with an owner; once it is settled, the exception is too."""

from __future__ import annotations

from datetime import datetime

from integrations.outbox.models import Attempt, Outbound
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from routing.people.actors import Actor
from routing.runs.operations.runs import withdraw_case
from routing.runs.operations.work_cases import Finding, open_cases, raise_for_work

REASONS = (Reason.FAILED_DELIVERY, Reason.REMOTE_CONFLICT)


def raise_case(row: Outbound, outcome: str, status: int, *, at: datetime) -> None:
    """
    Tell a person that an outbound failed for good. Refused credentials are told once a connection: they fail everything.

    ``row`` comes with its connection, work item, run and flow.
    """
    refused = outcome == Attempt.Outcome.REFUSED
    if refused and ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, evidence__connection=row.connection.slug, evidence__refused=True
    ):
        return
    evidence = {
        "connection": row.connection.slug,
        "what": row.verb,
        "message": row.last_error,
        "status": status,
        "attempts": row.attempts,
        "outgoing_change": row.pk,
        **({"refused": True} if refused else {}),
    }
    reason = Reason.REMOTE_CONFLICT if outcome == Attempt.Outcome.CONFLICT else Reason.FAILED_DELIVERY
    raise_for_work(Finding(reason, evidence, row.item, row.run, row.connection.name), at=at)


def withdraw_cases(row: Outbound, *, at: datetime) -> None:
    """Withdraw what was raised for deliveries like this one, once none of them is dead any more."""
    same = Outbound.objects.dead().exclude(pk=row.pk)
    if row.item_id:
        dead = same.filter(item=row.item_id)
    elif row.run_id:
        dead = same.filter(item=None, run=row.run_id)
    else:
        dead = same.filter(run=None, item=None, connection=row.connection_id)
    if dead.exists():
        return
    pending = list(open_cases(row.run, row.item, row.connection.slug).filter(reason__in=REASONS).values_list("pk", flat=True))
    if pending:
        withdraw_case(pending, by=Actor.system(), at=at, reason="The failed message was resolved.")
