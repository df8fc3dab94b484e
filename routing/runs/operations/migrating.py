"""Move runs in flight to another published version of their flow, by name and with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from routing.flows.models import FlowVersion
from routing.kernel.roles import OPS
from routing.people.actors import Actor
from routing.runs.details import MigrateDetails
from routing.runs.exceptions import ExceptionCase
from routing.runs.migration import MigrationPreview, migration_previews
from routing.runs.models import Run
from routing.runs.operations.exceptions import ROUTING_STEPS, resolve
from routing.runs.snapshots import current_problems
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateResult, passed, refused
from routing.work.registry import react

RESOLVED = "The run was moved to a version that can go on."


@dataclass(frozen=True, slots=True)
class MigrationFacts:
    """Whether the flow has another published version, and what moving to the chosen one does."""

    has_other: bool
    preview: MigrationPreview | None = None


def migration_facts(
    rows: Sequence[Run], by: Actor, at: datetime, details: MigrateDetails | None
) -> Mapping[int, MigrationFacts]:
    flows = {run.flow_id for run in rows}
    published = FlowVersion.objects.filter(flow__in=flows, published_at__isnull=False)
    known = set(published.values_list("flow_id", "pk"))
    version = None
    if details is not None:
        related = ("flow__owner", "flow__backup", "flow__outcome_owner")
        version = FlowVersion.objects.select_related(*related).filter(pk=details.version).first()
    previews = migration_previews(rows, version, at) if version else {}
    found = {}
    for run in rows:
        has_other = any(flow == run.flow_id and pk != run.version_id for flow, pk in known)
        found[run.pk] = MigrationFacts(has_other, previews.get(run.pk))
    return found


def another_version_is_published(run: Run, context: ContextWith[MigrateDetails]) -> GateResult:
    """Refuses runs of flows without another published version."""
    if context.facts[run.pk].has_other:
        return passed("other_version")
    return refused(
        "other_version",
        _("The flow has no other published version."),
        clears_by=_("Somebody who may publish flows"),
    )


def version_takes_it_on(run: Run, context: ContextWith[MigrateDetails]) -> GateResult:
    """
    Refuses a version that is a draft, belongs to another flow, or could not take on the run as it
    is now.
    """
    if context.details is None:  # while a button is drawn
        return passed("takes_on")
    preview = context.facts[run.pk].preview
    if preview is None:
        return refused(
            "no_version", _("There is no such version."), clears_by=_("You: choose another version")
        )
    return preview.refusal or passed("takes_on")


def has_name(run: Run, context: ContextWith[MigrateDetails]) -> GateResult:
    """Refuses a migration without a name."""
    if context.details is None or context.details.name.strip():
        return passed("name")
    return refused("name", _("Enter a name for the migration."), clears_by=_("You"))


def _named(
    step: Operation[MigrateDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: MigrateDetails,
) -> list[OperationResult]:
    """Move the runs. Their history keeps the name of the migration before the reason."""
    if reason.strip():
        reason = f"{details.name.strip()}: {reason}"
    return move(step, ids, by=by, at=at, reason=reason, details=details)


migrate = operation(
    Run,
    "migrate",
    _("Move to another version"),
    done=_("%(who)s moved the run to another version of its flow"),
    may=(OPS,),
    gates=(another_version_is_published, version_takes_it_on, has_name),
    facts=migration_facts,
    details=MigrateDetails,
    for_gates=("name",),
    needs_reason=True,
    run=_named,
)


@react(migrate)
def go_on(runs: Sequence[Run], by: Actor, at: datetime) -> None:
    """Resolve the exceptions of steps that the new version can take."""
    waiting = [run.pk for run in runs if run.state == Run.State.WAITING]
    if not waiting:
        return
    stopped = current_problems(waiting, at)
    cases = ExceptionCase.objects.filter(
        run__in=[pk for pk in waiting if pk not in stopped],
        step__in=ROUTING_STEPS,
        state__in=ExceptionCase.open_states,
    )
    if ids := list(cases.order_by("item_id").values_list("pk", flat=True)):
        resolve(ids, by=by, at=at, reason=RESOLVED)
