"""Process every event and run as far as possible now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from routing.runs.operations.enrich import enrich
from routing.runs.operations.enrich_batch import enrich_batch
from routing.runs.operations.process import process
from routing.runs.operations.release import release_held
from routing.runs.operations.route_runs import route_runs


def advance(*, clock: Callable[[], datetime], apart: bool = False) -> None:
    """
    Process, enrich and route until nothing is due, then events that waited for a flow, by the
    batch. The next call finds what failed or was not due.

    :param clock: returns the current time (aware). It is called before each stage, because
        enriching waits for other systems.
    :param apart: leave steps that call other systems to other workers, so that nothing waits here
    """
    _advance(clock=clock, apart=apart)
    while release_held(at=clock()):
        _advance(clock=clock, apart=apart)


def _advance(*, clock: Callable[[], datetime], apart: bool) -> None:
    moved = 1
    while (processed := process(at=clock())) or moved:
        moved = enrich_batch(at=clock()) + enrich(clock=clock, apart=apart) + route_runs(at=clock())
        # Most events of a CRM concern no flow. Then no step became due, and none is looked for.
        if not processed and not moved:
            return
