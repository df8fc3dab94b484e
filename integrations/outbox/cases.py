"""Raise an exception for a failed message, and withdraw it when the message is resolved."""

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
    Raise an exception for a message that failed permanently.

    Refused credentials fail every message of a connection, so they raise one exception for all.

    :param row: with its connection, work item, run and flow
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
    }
    if refused:
        evidence["refused"] = True
    conflict = outcome == Attempt.Outcome.CONFLICT
    reason = Reason.REMOTE_CONFLICT if conflict else Reason.FAILED_DELIVERY
    if refused:  # it concerns the connection, not the work that happened to come first
        finding = ExceptionFinding(
            reason, evidence, about=row.connection.name, first=health_places(row.connection)
        )
    else:
        finding = ExceptionFinding(reason, evidence, row.item, row.run, row.connection.name)
    raise_exception(finding, at=at)


def health_places(connection: Connection) -> list[Place]:
    """Return the people responsible for a connection: its health owners, then the role's."""
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
    """Return the failed messages whose last attempt ended with refused credentials."""
    last = Attempt.objects.filter(outbound=OuterRef("pk")).order_by("-number").values("outcome")[:1]
    dead = Outbound.objects.dead().filter(connection=connection).annotate(last=Subquery(last))
    return dead.filter(last=Attempt.Outcome.REFUSED)


def withdraw_cases(row: Outbound, *, at: datetime) -> None:
    """Withdraw the exceptions for messages like this one, unless another of them has failed."""
    raised = ExceptionCase.objects.filter(state__in=ExceptionCase.open_states, reason__in=REASONS)
    if not raised.exists():  # nearly always, so this saves five queries per delivered message
        return
    refusals = _refusals(row.connection)
    if refusals and not refused_dead(row.connection).exclude(pk=row.pk).exists():
        withdraw_case(
            refusals,
            by=Actor.system(),
            at=at,
            reason="The credentials are accepted, and the failed messages are resolved.",
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
    """Return the open exceptions about refused credentials of this connection."""
    found = ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, evidence__connection=connection.slug
    )
    return list(found.filter(evidence__refused=True).values_list("pk", flat=True))
