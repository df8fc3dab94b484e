"""Stop of flows that would start each other without end, by what happens to their work."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from routing.flows.models import FlowVersion
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.runs.cause_chain import (
    CHAIN,
    ITEM,
    WORK,
    chain_of,
    chain_words,
    run_of_item,
    why_it_loops,
)
from routing.runs.models import Run, RunEvent
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions


@dataclass
class LoopStop:
    """Stops the runs of one batch of events that would close a circle, and tells their owners."""

    at: datetime
    stopped: dict[int, Run] = field(default_factory=dict)  # the run that the event is about
    findings: list[ExceptionFinding] = field(default_factory=list)

    def stops(self, event: Event, version: FlowVersion) -> bool:
        """Return whether the event must not start the flow, and note it then."""
        if (event.source, event.subject_type) != (WORK, ITEM):
            return False
        run = run_of_item(event.subject_id)
        if run is None:
            return False
        chain = chain_of(run)
        why = why_it_loops(version.flow, chain)
        if why:
            evidence = {"message": why, CHAIN: chain_words(version.flow, chain)}
            finding = ExceptionFinding(Reason.ACTION_REFUSED, evidence, run=run, event_id=event.pk)
            self.findings.append(finding)
            self.stopped[event.pk] = run
        return bool(why)

    def parts(self) -> list[RunEvent]:
        """Return that the events belong to the run whose work they are about, unsaved."""
        joined = RunEvent.Part.JOINED
        return [
            RunEvent(event_id=event, run=run, part=joined, at=self.at)
            for event, run in self.stopped.items()
        ]

    def tell(self) -> None:
        raise_exceptions(self.findings, at=self.at)
