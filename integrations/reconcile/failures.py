"""Discrepancies as failures: each has an open exception, which ends only when they are decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.outbox.discrepancies import Discrepancy
from integrations.outbox.models import Outbound
from integrations.reconcile.record import findings, message_of, rows_behind
from routing.models import ExceptionCase
from routing.people.actors import Actor
from routing.runs.failures import Failure, failures
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.raising import ExceptionFinding
from routing.work.registry import react


def _behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    return {case: _failure(rows) for case, rows in rows_behind(cases).items()}


def _failure(rows: Sequence[Discrepancy]) -> Failure:
    open_now = [row for row in rows if not row.choice]
    if open_now:
        return Failure(
            _(
                "Choose “Decide” and what happens to it. Or correct it in the external system "
                "and resolve the exception, and it is compared again."
            ),
            retried=True,
            evidence=message_of(open_now),
            clears_by=_("Whoever decides in this exception"),
        )
    return Failure(
        _("The decision is being carried out. The exception ends by itself after that."),
        evidence=message_of(rows),
        clears_by=_("The product, once its message is delivered"),
    )


def _all_undecided(at: datetime) -> Sequence[ExceptionFinding]:
    return findings()


failures(behind=_behind, everywhere=_all_undecided)


@react(resolve)
def look_again(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Compare again what somebody corrected by hand. What still differs is found again."""
    rows: dict[int, Discrepancy] = {}
    for some in rows_behind(cases).values():
        rows |= {row.pk: row for row in some if not row.choice}
    if not rows:
        return
    Discrepancy.objects.filter(pk__in=rows).update(ended_at=at)
    for row in rows.values():
        same = Outbound.objects.filter(connection=row.connection_id, object_key=row.object_key)
        newest = same.order_by("-pk").values_list("pk", flat=True).first()
        if newest is None:
            Connection.objects.filter(pk=row.connection_id).update(reconciled_at=None)
        else:
            Outbound.objects.filter(pk=newest).update(search_at=at)
