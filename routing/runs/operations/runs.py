"""Operations on a run: fill in missing facts, close without proof, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from routing.flows.fields import WrongType, typed
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, EVERYONE, OPS, QA, grant
from routing.kernel.transitions import turn_all
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Enrichment, Run, RunStep
from routing.runs.operations.enrich import CLIENT
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.identify import identify
from routing.runs.registry import fact_keepers
from routing.runs.snapshots import field_problems, run_snapshots
from routing.work.door import OperationResult, carry, operation
from routing.work.gates import Words
from routing.work.registry import react
from routing.work.visibility import clients_seen_by, work_seen_by

grant("routing.view_run", *EVERYONE)
grant("routing.view_decision", *EVERYONE)
grant("routing.view_enrichment", *EVERYONE)
grant("routing.fill_in_run", AM, OPS, QA, name="Can fill in what a run needs to know")

cancel = operation(
    Run,
    "cancel",
    _("Cancel"),
    done=_("%(who)s cancelled the run"),
    may=(AM, OPS),
    needs_reason=True,
    through_hold=True,
    danger=True,
)
close_unproven = operation(
    Run,
    "close_unproven",
    _("Close without proof"),
    done=_("%(who)s closed the run without proof"),
    may=(OPS,),
    needs_reason=True,
    danger=True,
)
await_outcome = operation(
    Run,
    "await_outcome",
    _("Await outcome"),
    done=_("%(who)s started waiting for the outcome"),
    system=True,
    through_hold=True,
)
complete = operation(
    Run,
    "complete",
    _("Complete"),
    done=_("%(who)s completed the run"),
    system=True,
    through_hold=True,
)
withdraw_case = operation(
    ExceptionCase,
    "withdraw",
    _("Withdraw"),
    done=_("%(who)s withdrew the exception"),
    system=True,
    through_hold=True,
)


def withdraw_open(
    cases: QuerySet[ExceptionCase], *, by: Actor, at: datetime, reason: Words
) -> None:
    """Withdraw those of the exceptions that are open, because nobody needs to resolve them."""
    still = cases.filter(state__in=ExceptionCase.open_states)
    # By item, which is the order of locks.
    if ids := list(still.order_by("item_id").values_list("pk", flat=True)):
        carry(withdraw_case, ids, by=by, at=at, reason=str(reason))


class WrongValues(ValueError):
    """Values do not fit the fields of the flow. ``faults`` has a message for each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = dict(faults)


def fill_in(
    run_id: int,
    values: Mapping[str, Any],
    *,
    client_id: int | None = None,
    by: Actor,
    at: datetime,
    reason: str,
) -> list[OperationResult]:
    """
    Add facts that a person knows to a run, and resolve the exceptions that these facts resolve. The
    run then continues at the same step.

    :param values: text, number or ISO date by field name, as the type of the field needs. Empty
        values are ignored.
    :returns: a result for each exception that could be resolved now
    :raises PermissionDenied: if ``by`` may not fill in facts
    :raises Run.DoesNotExist: if there is no such run, or ``by`` may not see it
    :raises WrongValues: if a value does not fit, or the flow has no such field; nothing was stored
    """
    by.require("routing.fill_in_run", to="fill in runs")
    with transaction.atomic():
        # Locked, so that two people who fill in different facts at once do not lose one of them:
        # each new row copies the facts of the one before.
        rows = Run.objects.select_related("item").select_for_update(of=("item",), no_key=True)
        run = rows.get(pk=run_id, item__in=work_seen_by(by))
        [snapshot] = run_snapshots([run.pk])
        known = _fitting(values, {spec.name: spec for spec in snapshot.plan.fields})
        if not run.item.is_open:
            raise WrongValues({"run": str(_("This run has ended."))})
        # A client that the person may not see must not become theirs by its number.
        if client_id is not None and not clients_seen_by(by).filter(pk=client_id).exists():
            raise WrongValues({"client": str(_("Choose one of the clients you see."))})
        found = snapshot.found
        sources = {**found.sources, **dict.fromkeys(known, "person")}
        if client_id:
            sources[CLIENT] = "person"
        Enrichment.objects.create(
            run=run,
            facts={**found.facts, **known},
            sources=sources,
            client_id=client_id or found.client_id,
            contact_ids=list(found.contact_ids),
            engagement_id=found.engagement_id,
            by_id=by.user_id,
            reason=reason[:500],
            at=at,
        )
        identify([run.pk], {run.pk: client_id}, by=by, at=at)
        if found.engagement_id and known:
            for keep in fact_keepers():
                keep(found.engagement_id, known, by, at, reason)
        ids = _resolved_cases(run, client_id)
        why = reason or "The missing facts were filled in."
        return resolve(ids, by=by, at=at, reason=why) if ids else []


def _resolved_cases(run: Run, client_id: int | None) -> list[int]:
    """Return the ids of open exceptions that the run's newest facts resolve."""
    resolved = Q(pk__in=[])
    if client_id is not None:
        reasons = [Reason.DUPLICATE, Reason.MISSING_CONTEXT]
        resolved |= Q(step=RunStep.Name.ENRICH, reason__in=reasons)
    if not field_problems(run_snapshots([run.pk])[0]):
        resolved |= Q(step=RunStep.Name.VALIDATE)
    cases = run.exceptions.filter(resolved, state__in=ExceptionCase.open_states)
    return list(cases.values_list("pk", flat=True))


def _fitting(values: Mapping[str, Any], specs: Mapping[str, Any]) -> dict[str, Any]:
    faults, known = {}, {}
    for name, value in values.items():
        if name not in specs:
            faults[name] = str(_("%(name)s is not a field of this flow.")) % {"name": name}
            continue
        try:
            read = typed(value, specs[name])
        except WrongType as error:
            faults[name] = str(error)
            continue
        if read is not None:
            known[name] = read if isinstance(read, bool | str) else str(read)
    if faults:
        raise WrongValues(faults)
    return known


@react(cancel, close_unproven)
def end_with_run(runs: Sequence[Run], by: Actor, at: datetime) -> None:
    """Call off the steps of ended runs, and withdraw their exceptions."""
    ids = [run.pk for run in runs]
    turn_all(RunStep.objects.filter(run__in=ids), "call_off", at=at)
    cases = ExceptionCase.objects.filter(run__in=ids)
    withdraw_open(cases, by=Actor.system(), at=at, reason="The run ended.")
