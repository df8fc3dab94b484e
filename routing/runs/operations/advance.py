"""Process every event and run as far as possible now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from routing.runs.operations.act import run_actions
from routing.runs.operations.enrich import enrich
from routing.runs.operations.enrich_batch import enrich_batch
from routing.runs.operations.process import process
from routing.runs.operations.release import release_held
from routing.runs.operations.route_runs import route_runs

# The largest leaves room for new events in a batch of ``process``.
FIRST_BATCH, SMALLEST_BATCH, LARGEST_BATCH = 50, 20, 150
SHORT = timedelta(seconds=0.8)


def advance(*, clock: Callable[[], datetime], apart: bool = False) -> None:
    """
    Process, enrich and route until nothing is due, then events that waited for a flow, by the
    batch. The next call finds what failed or was not due.

    :param clock: returns the current time (aware). It is called before each stage, because
        enriching waits for other systems.
    :param apart: leave steps that call other systems to other workers, so that nothing waits here
    """
    _finish(clock=clock, apart=apart)
    size, released = FIRST_BATCH, False
    while release_held(at=clock(), limit=size):
        began, released = clock(), True
        # A batch of one event takes as long as some thirty events more in a larger one. So new
        # events share the batches of those that were released.
        process(at=clock())
        _move(clock=clock, apart=apart)
        size = next_size(size, clock() - began)
    if released:
        _finish(clock=clock, apart=apart)


def next_size(size: int, took: timedelta) -> int:
    """Return how many held events to release next, so that new ones wait less than two seconds."""
    if took > SHORT:
        return max(size // 2, SMALLEST_BATCH)
    return min(size * 2, LARGEST_BATCH)


def _finish(*, clock: Callable[[], datetime], apart: bool) -> None:
    moved = 1
    while (processed := process(at=clock())) or moved:
        moved = _move(clock=clock, apart=apart)
        # Most events of a CRM concern no flow. Then no step became due, and none is looked for.
        if not processed and not moved:
            return


def _move(*, clock: Callable[[], datetime], apart: bool) -> int:
    """Advance the steps of runs that are due by one, and return how many there were."""
    moved = enrich_batch(at=clock()) + enrich(clock=clock, apart=apart)
    return moved + route_runs(at=clock()) + run_actions(at=clock())
