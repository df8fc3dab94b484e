"""Run one drill from its beginning to its counts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# Imported for the drills that they register.
from demo.drills import (  # noqa: F401
    broker,
    cms_faults,
    crm_faults,
    database,
    desk,
    intake,
    network,
    outage,
    processes,
)
from demo.drills.outage import close_incidents
from demo.drills.registry import Drill, DrillField
from demo.walkthrough.close import leave, quiet
from demo.walkthrough.play import Named, product_answers, stage
from demo.walkthrough.transcript import StepFailed, Transcript
from integrations.base.adapter import CallFailed

LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class DrillResult:
    """
    ``held`` is True if every count is as it should be and every wait came to its end.

    The instants are in UTC, or None if the drill failed before its fault. ``failed`` says why it
    did not hold.
    """

    drill: Drill
    started_at: datetime | None
    undone_at: datetime | None
    counted: dict[str, Any]
    failed: list[str]

    @property
    def held(self) -> bool:
        return not self.failed


def run_drill(drill: Drill, say: Callable[[str], object]) -> DrillResult:
    """
    Run a drill on the running product.

    :param say: writes one line of what happens
    :raises StepFailed: if the product does not answer before the fault
    """
    transcript = Transcript(say, LIMIT_S)
    product_answers(transcript)
    with stage(transcript, Named()) as walk:
        field = DrillField(walk)
        try:
            drill.play(field)
            quiet(walk)
        except (StepFailed, CallFailed) as error:
            field.failed.append(str(error))
        finally:
            leave(walk)
            for system in (walk.deals, walk.site):
                close_incidents(system.connection, field)  # that the faults of the drill opened
            with suppress(StepFailed):  # the systems end next, and are told what was cancelled
                quiet(walk)
    return DrillResult(drill, field.started_at, field.undone_at, field.counted, field.failed)
