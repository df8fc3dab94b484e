"""
A failed delivery becomes an exception with an owner; once it is settled, the exception is too.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy

from integrations.base.connections import Connection
from integrations.outbox.models import Attempt, Outbound
from routing.kernel.reasons import Reason
from routing.kernel.roles import INTEGRATIONS
from routing.models import ExceptionCase, User
from routing.people.actors import Actor
from routing.runs.operations.raising import ExceptionFinding, open_cases, raise_exception
from routing.runs.operations.runs import withdraw_case
from routing.runs.owners import Place

REASONS = (Reason.FAILED_DELIVERY, Reason.REMOTE_CONFLICT)


def raise_case(row: Outbound, outcome: str, status: int, *, at: datetime) -> None:
    """
    Tell a person that an outbound failed for good. Refused credentials are told once a connection:
    they fail everything.

    ``row`` comes with its connection, work item, run and flow.
    """
    refused = outcome == Attempt.Outcome.REFUSED
    if refused and _refusals(row.connection):
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
    reason = (
        Reason.REMOTE_CONFLICT if outcome == Attempt.Outcome.CONFLICT else Reason.FAILED_DELIVERY
    )
    if refused:  # about the connection, not about whichever work came first
        finding = ExceptionFinding(
            reason, evidence, about=row.connection.name, first=health_places(row.connection)
        )
    else:
        finding = ExceptionFinding(reason, evidence, row.item, row.run, row.connection.name)
    raise_exception(finding, at=at)


def health_places(connection: Connection) -> list[Place]:
    """
    Return the people who answer for the connection itself: its health owners, then the
    integrations owners.
    """
    of_role = User.objects.staff().filter(groups__name=INTEGRATIONS.value).order_by("pk")
    return [
        Place.of(
            gettext_lazy("Health owner of the connection"),
            connection.health_owner_id,
            connection.health_backup_id,
        ),
        Place.of(gettext_lazy("Integrations owners"), *of_role.values_list("pk", flat=True)),
    ]


def refused_dead(connection: Connection) -> QuerySet[Outbound]:
    """
    Return what failed because the connection's credentials were refused, and nobody has settled
    since.
    """
    last = Attempt.objects.filter(outbound=OuterRef("pk")).order_by("-number").values("outcome")[:1]
    dead = Outbound.objects.dead().filter(connection=connection).annotate(last=Subquery(last))
    return dead.filter(last=Attempt.Outcome.REFUSED)


def withdraw_cases(row: Outbound, *, at: datetime) -> None:
    """Withdraw what was raised for deliveries like this one, once none of them is dead any more."""
    raised = ExceptionCase.objects.filter(state__in=ExceptionCase.open_states, reason__in=REASONS)
    if not raised.exists():  # as nearly always
        return
    refusals = _refusals(row.connection)
    if refusals and not refused_dead(row.connection).exclude(pk=row.pk).exists():
        withdraw_case(
            refusals,
            by=Actor.system(),
            at=at,
            reason="The credentials are accepted, and what they failed is settled.",
        )
    same = Outbound.objects.dead().exclude(pk=row.pk)
    if row.item_id:
        dead = same.filter(item=row.item_id)
    elif row.run_id:
        dead = same.filter(item=None, run=row.run_id)
    else:
        dead = same.filter(run=None, item=None, connection=row.connection_id)
    if dead.exists():
        return
    found = open_cases(row.run, row.item, row.connection.slug).filter(reason__in=REASONS)
    pending = [pk for pk in found.values_list("pk", flat=True) if pk not in refusals]
    if pending:
        withdraw_case(pending, by=Actor.system(), at=at, reason="The failed message was resolved.")


def _refusals(connection: Connection) -> list[int]:
    """The open exceptions that say this connection's credentials are refused."""
    found = ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, evidence__connection=connection.slug
    )
    return list(found.filter(evidence__refused=True).values_list("pk", flat=True))
