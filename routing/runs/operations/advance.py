"""Take every event and run as far as it goes now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from routing.runs.operations.enrich import enrich
from routing.runs.operations.enrich_batch import enrich_batch
from routing.runs.operations.process import process
from routing.runs.operations.route_runs import route_runs


def advance(*, clock: Callable[[], datetime]) -> None:
    """
    Process, enrich and settle until nothing is due. What fails or is not due yet is found again by
    the next call.

    :param clock: says the instant, aware; asked anew before each stage, because enriching waits for
        other systems
    """
    while (
        process(at=clock())
        + enrich_batch(at=clock())
        + enrich(clock=clock)
        + route_runs(at=clock())
    ):
        pass
