"""Reviews that stand against moving a run to a version with other approval stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from delivery.approvals.models import ApprovalStage
from delivery.deliverables.models import Deliverable
from routing.flows.models import FlowVersion
from routing.runs.models import Run
from routing.runs.registry import migration_objection

REVIEWED = (Deliverable.State.IN_INTERNAL_REVIEW, Deliverable.State.IN_CLIENT_REVIEW)
COLUMNS = ("audience", "quorum", "need", "team", "answer_days")


@migration_objection
def is_in_review(runs: Sequence[Run], version: FlowVersion) -> Mapping[int, str]:
    """Return the runs with a deliverable whose review has begun under other stages."""
    # What was answered counts by the place of its stage. Under other stages it would count for
    # something that nobody was asked.
    now = _stages(version.pk)
    used = {run.version_id for run in runs}
    others = {pk for pk in used if _stages(pk) != now}
    differing = [run.pk for run in runs if run.version_id in others]
    rows = Deliverable.objects.filter(item__run__in=differing, state__in=REVIEWED)
    found: dict[int, str] = {}
    words = _("The review of %(ref)s has begun under other approval stages. Wait for its end.")
    for ref, run in rows.order_by("-item_id").values_list("item__ref", "item__run"):
        found[run] = words % {"ref": ref}
    return found


def _stages(version_id: int) -> list[tuple[object, ...]]:
    rows = ApprovalStage.objects.filter(flow_version=version_id).order_by("position")
    return list(rows.values_list(*COLUMNS))
