"""
The action Start a flow: an event about the run that starts another flow, which knows its facts.

A flow that starts itself by way of others is stopped before it begins, by the chain of runs that
caused each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.actions import (
    ActionInput,
    ActionKind,
    ActionRefused,
    InputChoice,
    action_kind,
)
from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue, kind_words
from routing.flows.models import Flow, FlowVersion, live_of
from routing.kernel.facts import EnrichedFacts, Subject
from routing.people.actors import Actor
from routing.runs.cause_chain import (
    CHAIN,
    SOURCE,
    SUBJECT,
    chain_of,
    chain_words,
    why_it_loops,
)
from routing.runs.models import Enrichment, Run
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.process import FLOW_STARTED
from routing.runs.registry import RoutedRun, TraceEntry, enricher, trace_section

FLOW = "flow"


def _slugs() -> list[tuple[str, str]]:
    return list(Flow.objects.order_by("name").values_list("slug", "name"))


catalogue(
    CataloguedKind(
        FLOW_STARTED,
        gettext_lazy("Started by another flow"),
        gettext_lazy("Throughline"),
        lambda: (EventField(FLOW, gettext_lazy("Flow to start"), choices=_slugs),),
    )
)


def flows() -> list[InputChoice]:
    rows = Flow.objects.order_by("name", "pk")
    return [InputChoice(str(flow.pk), flow.name, flow.slug) for flow in rows]


def start(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> Mapping[int, ActionRefused]:
    """Capture an event for each run, once however often the step is tried."""
    refused: dict[int, ActionRefused] = {}
    signals = []
    for job in jobs:
        named = job.inputs.get(FLOW, "")
        flow = Flow.objects.filter(pk=named).first() if named.isdecimal() else None
        if flow is None or not _can_be_started(flow):
            refused[job.run.pk] = ActionRefused(_not_startable(flow))
            continue
        chain = chain_of(job.run)
        if why := why_it_loops(flow, chain):
            refused[job.run.pk] = ActionRefused(why, {CHAIN: chain_words(flow, chain)})
            continue
        key = f"{job.run.pk}.{job.action}"
        body = {FLOW: flow.slug, SUBJECT: job.run.pk}
        signals.append(Signal(SOURCE, FLOW_STARTED, key, SUBJECT, str(job.run.pk), at, body))
    capture(signals, by=by, at=at)
    return refused


def _can_be_started(flow: Flow) -> bool:
    live = live_of(flow.pk)
    return live is not None and live.triggers.filter(kind=FLOW_STARTED).exists()


def _not_startable(flow: Flow | None) -> str:
    words = _("“%(flow)s” is not published with the trigger “%(kind)s”.")
    return words % {"flow": flow.name if flow else "–", "kind": kind_words(FLOW_STARTED)}


def _never(version: FlowVersion, inputs: Mapping[str, str]) -> str:
    named = inputs.get(FLOW, "")
    flow = Flow.objects.filter(pk=named).first() if named.isdecimal() else None
    if flow is None:
        return ""  # said as a missing input
    if flow.pk == version.flow_id:
        return _("a flow cannot start itself.")
    return "" if _can_be_started(flow) else _not_startable(flow)


class _OfRun:
    """Enricher of runs that another run started. It reads what is known of that one."""

    def read(self, subject: Subject) -> EnrichedFacts:
        row = Enrichment.objects.filter(run=int(subject.id)).order_by("-pk").first()
        if row is None:
            return EnrichedFacts({})
        return EnrichedFacts(
            row.facts, row.client_id, tuple(row.contact_ids), row.engagement_id, row.sources
        )

    def keep(
        self,
        read: EnrichedFacts,
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        if client_id is None:
            return read
        return EnrichedFacts(
            read.facts, client_id, read.contact_ids, read.engagement_id, read.sources
        )


def _find(subject: Subject) -> _OfRun | None:
    return _OfRun() if (subject.source, subject.type) == (SOURCE, SUBJECT) else None


enricher("routing.started", _find)


@trace_section
def started_runs(run: Run) -> Sequence[TraceEntry]:
    """The runs of other flows that this run has started."""
    found = Run.objects.filter(source=SOURCE, subject_type=SUBJECT, subject_id=str(run.pk))
    entries = []
    for each in found.select_related("item", "flow").order_by("pk"):
        values = {"flow": each.flow.name, "ref": each.item.ref}
        title = _("Started “%(flow)s”: %(ref)s") % values
        url = reverse("admin:routing_run_change", args=[each.pk])
        data = {"flow": each.flow.slug, "run": each.item.ref}
        entries.append(TraceEntry(each.item.created_at, "act", title, data, url))
    return entries


START_FLOW = action_kind(
    ActionKind(
        name="routing.start_flow",
        label=gettext_lazy("Start a flow"),
        changes=(gettext_lazy("Throughline: a run of another flow, with what that flow changes"),),
        undo=gettext_lazy("Cancel the run that was started. This run stays as it is."),
        carry_out=start,
        inputs=(
            ActionInput(
                FLOW,
                gettext_lazy("Flow"),
                gettext_lazy(
                    "It needs the trigger “Started by another flow”, and knows what is known here."
                ),
                choices=flows,
            ),
        ),
        never=_never,
    )
)
