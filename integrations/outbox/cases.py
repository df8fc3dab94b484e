"""Raise an exception for a failed message, and withdraw it when the message is resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy

from delivery.models import Deliverable
from integrations.base.connections import Connection
from integrations.outbox.discrepancies import Discrepancy, DiscrepancyQuerySet
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
    finding = finding_of(row, outcome, status)
    if finding is not None:
        raise_exception(finding, at=at)


def finding_of(row: Outbound, outcome: str, status: int) -> ExceptionFinding | None:
    """
    Return the finding about a message that failed permanently, or None if the exception about the
    refused credentials of its connection is open.
    """
    refused = outcome == Attempt.Outcome.REFUSED
    if refused and refusals(row.connection):
        return None
    evidence = {
        "connection": row.connection.slug,
        "what": row.verb,
        "message": row.last_error,
        "status": status,
        "attempts": row.attempts,
        "outgoing_change": row.pk,
    }
    if url := row.url or str(row.content.get("url", "")):
        evidence["url"] = url
    if refused:
        evidence["refused"] = True
    conflict = outcome == Attempt.Outcome.CONFLICT
    reason = Reason.REMOTE_CONFLICT if conflict else Reason.FAILED_DELIVERY
    if refused:  # it concerns the connection, not the work that happened to come first
        return ExceptionFinding(
            reason, evidence, about=row.connection.name, first=health_places(row.connection)
        )
    return ExceptionFinding(reason, evidence, row.item, row.run, row.connection.name)


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
    return _dead().filter(connection=connection, last=Attempt.Outcome.REFUSED)


def _dead() -> QuerySet[Any]:
    """Return the failed messages, annotated with the outcome of their last attempt."""
    last = Attempt.objects.filter(outbound=OuterRef("pk")).order_by("-number").values("outcome")[:1]
    return Outbound.objects.dead().annotate(last=Coalesce(Subquery(last), Value("")))


def dead_behind(cases: Sequence[ExceptionCase]) -> Mapping[int, list[int]]:
    """Return the ids of the failed messages that each of these exceptions is about."""
    found = {}
    for case in cases:
        if case.reason in REASONS:
            found[case.pk] = list(_about(case).order_by("pk").values_list("pk", flat=True))
    return found


def _about(case: ExceptionCase) -> QuerySet[Outbound]:
    work, slug = case.item.parent_id, case.evidence.get("connection", "")
    dead = _dead()
    if case.evidence.get("refused"):
        return dead.filter(connection__slug=slug, last=Attempt.Outcome.REFUSED)
    # Refused credentials have an exception of their own, about their connection.
    dead = dead.exclude(last=Attempt.Outcome.REFUSED)
    if work is not None:
        return dead.filter(Q(item=work) | Q(item=None, run__item=work))
    return dead.filter(item=None, run=None, connection__slug=slug)


def withdraw_cases(row: Outbound, *, at: datetime) -> None:
    """Withdraw the exceptions for messages like this one, unless another of them has failed."""
    raised = ExceptionCase.objects.filter(state__in=ExceptionCase.open_states, reason__in=REASONS)
    if not raised.exists():  # nearly always, so this saves five queries per delivered message
        return
    refused = refusals(row.connection)
    if refused and not refused_dead(row.connection).exclude(pk=row.pk).exists():
        withdraw_case(
            refused,
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
    if dead.exists() or _still_fails(row):
        return
    found = open_cases(row.run, row.item, row.connection.slug).filter(reason__in=REASONS)
    pending = [pk for pk in found.values_list("pk", flat=True) if pk not in refused]
    if pending:
        withdraw_case(pending, by=Actor.system(), at=at, reason="The failed message was resolved.")


def withdraw_cases_of(items: Sequence[int], *, at: datetime) -> None:
    """Withdraw the exceptions about failed messages of these work items, which wait no longer."""
    found = ExceptionCase.objects.filter(
        item__parent__in=items, state__in=ExceptionCase.open_states, reason__in=REASONS
    )
    still = {case for case, dead in dead_behind(list(found.select_related("item"))).items() if dead}
    ids = found.order_by("item_id").values_list("pk", flat=True)
    open_rows = Discrepancy.objects.open().filter(item=OuterRef("item__parent"))
    differ = set(found.filter(Exists(open_rows)).values_list("pk", flat=True))
    pending = [pk for pk in ids if pk not in still | differ]
    if pending:
        withdraw_case(pending, by=Actor.system(), at=at, reason="Nothing is to be published.")


def _still_fails(row: Outbound) -> bool:
    """
    Return whether the deliverable of a message is still to be published, or its external object is
    not as our rows say.
    """
    if _differs(Discrepancy.objects.open(), row.connection_id, row.item_id):
        return True
    about = Deliverable.objects.filter(item=row.item_id, state=Deliverable.State.PUBLISH_FAILED)
    return row.item_id is not None and about.exists()


def _differs(rows: DiscrepancyQuerySet, connection: int, item: int | None) -> bool:
    if item is not None:
        return rows.filter(item=item).exists()
    return rows.filter(item=None, connection=connection).exists()


def refusals(connection: Connection) -> list[int]:
    """Return the open exceptions about refused credentials of this connection."""
    found = ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, evidence__connection=connection.slug
    )
    return list(found.filter(evidence__refused=True).values_list("pk", flat=True))
