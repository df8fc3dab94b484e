"""
Runs that caused each other: by the action Start a flow, or by what happened to their work.

A flow that starts itself by way of others is stopped before it begins.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from routing.flows.models import Flow
from routing.runs.models import Run
from routing.work.items import WorkItem

# Source and type of the subject of a run that an action of another run started.
SOURCE, SUBJECT = "flow", "run"
# The same of a run that something that happened to work started.
WORK, ITEM = "work", "item"
CHAIN = "chain"  # in the evidence of an exception: the flows that would start each other
DEEPEST = 5  # runs that caused each other, the first one included


def chain_of(run: Run) -> list[Run]:
    """Return the runs that caused this one, the first cause first, and the run itself."""
    found = [run]
    while len(found) <= DEEPEST:
        before = _cause(found[-1])
        # What happened to the work of a run may have joined that run, too.
        if before is None or before in found:
            break
        found.append(before)
    return found[::-1]


def _cause(run: Run) -> Run | None:
    runs = Run.objects.select_related("item", "flow")
    if (run.source, run.subject_type) == (SOURCE, SUBJECT):
        return runs.filter(pk=run.subject_id).first()
    if (run.source, run.subject_type) == (WORK, ITEM):
        return run_of_item(run.subject_id)
    return None


def run_of_item(item: str) -> Run | None:
    """Return the run that a work item belongs to, by the id in a subject."""
    row = WorkItem.objects.filter(pk=item).select_related("run__item", "run__flow").first()
    return row.run if row is not None else None


def why_it_loops(flow: Flow, chain: Sequence[Run]) -> str:
    """Return why these runs must not start the flow, or an empty string."""
    if any(run.flow_id == flow.pk for run in chain):
        return _("“%(flow)s” would start itself again, by way of others.") % {"flow": flow.name}
    if len(chain) >= DEEPEST:
        words = _("%(count)s runs have started each other already. No more are started.")
        return words % {"count": len(chain)}
    return ""


def chain_words(flow: Flow, chain: Sequence[Run]) -> str:
    """Return the flows and runs of a chain that is stopped, in their order."""
    return " → ".join([*(f"{run.flow.name} ({run.item.ref})" for run in chain), flow.name])
