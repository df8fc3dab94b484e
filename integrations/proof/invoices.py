"""
Prove that invoices were sent, by a field of the CRM record that started the run.

The field is read again and again, so that a value that is gone later is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed, NotFound
from integrations.base.connections import Connection
from integrations.base.health import watched
from integrations.http.network import within
from integrations.proof.leases import DECAYS_AFTER, REST, WATCH, again, mine, plan, take
from routing.kernel.isolate import isolate
from routing.kernel.queues import Lease
from routing.models import Outcome, Run
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from routing.runs.operations.proofs import INVOICE_TIMEBOX
from routing.runs.outcomes import AWAITS, FIELD, VALUES

Clock = Callable[[], datetime]
TOTAL_S = 20.0  # of one call
STRETCH = timedelta(seconds=20)  # of one task, before others have their turn
MISSED = "missed"  # in the evidence, once the exception was raised


def look_for_invoices(*, clock: Clock, limit: int = 50, worker: UUID | None = None) -> int:
    """
    Look at each due record, and return how many were looked at.

    It may run several times at once, and it may be killed at any time.

    :param clock: returns the current time, aware; it is read for each look, because they take time
    :param worker: the id of a process with a heartbeat. Without one, a lease ends by time alone.
    """
    looked, silent, until = 0, set[str](), clock() + STRETCH
    due = Outcome.objects.due(clock()).filter(
        kind=Outcome.Kind.INVOICE_SENT, evidence__contains={AWAITS: FIELD}
    )
    rows = due.order_by("next_probe_at", "pk").values_list("pk", "run__source")
    for pk, source in list(rows[:limit]):
        if clock() > until:
            break
        held = None if source in silent else take(pk, clock(), worker)
        if held is not None:
            look_at_one = partial(_look, held, clock, silent)
            looked += isolate(look_at_one, [pk], partial(_broke, held, clock))
    return looked


def _look(held: Lease, clock: Clock, silent: set[str], _ids: Sequence[int]) -> int:
    """
    Look at one record.

    :param silent: gets the source if it did not answer, so that its other records wait
    """
    row = Outcome.objects.select_related("run").get(pk=held.row_id)
    run, field = row.run, str(row.evidence.get(FIELD, ""))
    if run is None:
        return 0
    connection = Connection.objects.filter(slug=run.source).first()
    adapter = adapter_of(connection.kind) if connection else None
    if connection is None or adapter is None:
        why = _("No connected CRM has the record that started this run. Record the invoice here.")
        _judge(held, None, why, clock())
        return 1
    seen = {"crm": connection.name, "record": f"{run.subject_type} {run.subject_id}"}
    try:
        with watched(connection, clock, about=_about(run)), within(TOTAL_S):
            value = adapter.value_of(field, run.subject, connection)
    except NotFound:
        _judge(held, None, _("%(record)s is no longer in %(crm)s.") % seen, clock())
    except CallFailed as error:
        silent.add(run.source)
        _later(held, f"{connection.name}: {error}", clock())
    else:
        if value is None:
            why = _("%(crm)s has no fields that can be read. Record the invoice here.") % seen
            _judge(held, None, why, clock())
        else:
            _judge(held, {**seen, "value": value.strip()}, "", clock())
    return 1


def _about(run: Run) -> str:
    return f"{run.subject_type}:{run.subject_id}"


def _judge(held: Lease, seen: dict[str, Any] | None, why: str, at: datetime) -> None:
    """
    Record what a look found.

    :param seen: where the field was read, and its value; None if there is no field, with ``why``
    """
    with mine(held) as row:
        if row is None:
            return
        wanted = {each.casefold() for each in row.evidence.get(VALUES, ())}
        evidence = {**_asked(row), **(seen or {}), "looked_at": at.isoformat(), "differences": []}
        if seen is not None and seen["value"].casefold() in wanted:
            if row.state != Outcome.State.PROVEN:
                outcomes.prove(row.pk, evidence, by=Actor.system(), at=at)
            plan(held, at + WATCH, failures=0)
            return
        evidence["differences"] = [why or _differs(evidence)]
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures)
        if row.state == Outcome.State.PROVEN and failures >= DECAYS_AFTER:
            outcomes.decay(row.pk, evidence, by=Actor.system(), at=at)
        elif row.state == Outcome.State.EXPECTED:
            _still_missing(row, evidence, at)
        again(held, failures, at)


def _asked(row: Outcome) -> dict[str, Any]:
    """Return what the proof is to be, and whether the exception about it was raised."""
    kept = (AWAITS, FIELD, VALUES, MISSED)
    return {name: row.evidence[name] for name in kept if name in row.evidence}


def _differs(evidence: dict[str, Any]) -> str:
    if not evidence["value"]:
        return _("The field %(field)s of %(record)s in %(crm)s is empty.") % evidence
    words = _("The field %(field)s of %(record)s in %(crm)s is “%(value)s”.")
    return words % evidence


def _still_missing(row: Outcome, evidence: dict[str, Any], at: datetime) -> None:
    """Keep what was seen, and raise an exception once the timebox is over."""
    late = at >= row.expected_at + INVOICE_TIMEBOX and not evidence.get(MISSED)
    if late:
        evidence[MISSED] = True
    Outcome.objects.filter(pk=row.pk).update(evidence=evidence)
    if late:
        outcomes.miss(row.pk, evidence, at=at)


def _later(held: Lease, why: str, at: datetime) -> None:
    """
    Plan another look after one without an answer.

    That proves nothing either way, so it does not count against a proven invoice. The health owner
    of the connection is told of one that keeps failing.
    """
    with mine(held) as row:
        if row is None:
            return
        if row.state == Outcome.State.PROVEN:
            plan(held, at + REST)
            return
        failures = row.failures + 1
        Outcome.objects.filter(pk=row.pk).update(failures=failures)
        if row.state == Outcome.State.EXPECTED:
            _still_missing(row, {**_asked(row), "differences": [why]}, at)
        again(held, failures, at)


def _broke(held: Lease, clock: Clock, _pk: int, why: str) -> None:
    """Plan another look after an unexpected error."""
    _later(held, why, clock())
