"""
Decide about objects that are not as our rows say, in the exception about them.

Nothing in the external system is changed but by this decision, and by a message of the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.models import Deliverable
from integrations.outbox.discrepancies import Discrepancy
from integrations.reconcile import carry_out
from integrations.reconcile.details import SettleDetails
from integrations.reconcile.record import rows_behind
from integrations.reconcile.words import choices_of
from routing.kernel.roles import AM, INTEGRATIONS, OPS, QA
from routing.models import ExceptionCase
from routing.people.actors import Actor
from routing.runs.operations.exceptions import is_mine_to_resolve
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateResult, passed, refused


def offered(
    cases: Sequence[ExceptionCase],
) -> Mapping[int, list[tuple[Discrepancy, Mapping[str, str]]]]:
    """Return the undecided discrepancies behind each exception, with the choices for each."""
    behind = rows_behind(cases)
    works = {case.item.parent_id for case in cases} - {None}
    live = set(
        Deliverable.objects.filter(item__in=works, state=Deliverable.State.LIVE).values_list(
            "item_id", flat=True
        )
    )
    found = {}
    for case, rows in behind.items():
        undecided = [row for row in rows if not row.choice]
        found[case] = [(row, choices_of(row, live=row.item_id in live)) for row in undecided]
    return found


def choices(
    rows: Sequence[ExceptionCase], by: Actor, at: datetime, details: SettleDetails | None
) -> Mapping[int, list[tuple[Discrepancy, Mapping[str, str]]]]:
    return offered(rows)


def is_to_decide(row: ExceptionCase, context: ContextWith[SettleDetails]) -> GateResult:
    """Refuses an exception without an open choice, and a choice that is not offered."""
    open_now = {each.pk: words for each, words in context.facts.get(row.pk, ())}
    if not open_now:
        return refused("choice", _("Nothing is left to decide in the external system."))
    details = context.details
    if details is None:
        return passed("choice", _("A decision is needed."))
    wanted = details.discrepancies
    if not wanted or any(details.choice not in open_now.get(pk, ()) for pk in wanted):
        return refused("choice", _("Choose one of the options."), clears_by=_("You"))
    return passed("choice")


def settled(
    step: Operation[SettleDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: SettleDetails,
) -> list[OperationResult]:
    """Record the decision, and write the messages that carry it out."""
    with transaction.atomic():
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        if not any(result.done for result in results):
            return results
        rows = Discrepancy.objects.undecided().filter(pk__in=details.discrepancies)
        related = rows.select_related("connection", "item").select_for_update(of=("self",))
        for row in related.order_by("pk"):
            row.choice, row.chosen_by_id = details.choice, by.user_id
            row.save(update_fields=["choice", "chosen_by"])
            fault = carry_out.carry_out(row, by=by, at=at, reason=reason)
            if fault:
                transaction.set_rollback(True)
                why = refused("choice", fault, clears_by=_("You"))
                return [OperationResult(result.id, False, (why,)) for result in results]
    return results


settle = operation(
    ExceptionCase,
    "settle",
    _("Decide"),
    done=_("%(who)s decided about the external object"),
    may=(AM, QA, OPS, INTEGRATIONS),
    gates=(is_mine_to_resolve, is_to_decide),
    facts=choices,
    needs_reason=True,
    details=SettleDetails,
    for_gates=("discrepancies", "choice"),
    run=settled,
)
