"""The drills by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from inspect import getdoc
from time import monotonic
from typing import Any

from demo.sandbox.crm import CRM
from demo.walkthrough.walk import Walk, now


@dataclass
class DrillField:
    """
    The place of one drill: people and simulated systems of its own, and what was counted.

    ``failed`` names the counts that do not hold. The instants are in UTC.
    """

    walk: Walk
    counted: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    started_at: datetime | None = None
    undone_at: datetime | None = None

    @contextmanager
    def fault(self, undo: Callable[[], object] | None = None) -> Iterator[None]:
        """Note when the fault begins and ends. ``undo`` is called however the drill goes on."""
        self.started_at = now()
        try:
            yield
        finally:
            if undo is not None:
                undo()
            self.undone_at = now()

    def watch(self, seconds: float) -> None:
        """Let time pass while the fault lasts."""
        until = monotonic() + seconds
        self.walk.transcript.wait(
            f"{seconds:.0f} s have passed", lambda: monotonic() > until, seconds + 10, ""
        )

    @property
    def crm(self) -> CRM:
        """The simulated CRM of this drill."""
        found = self.walk.deals.crm
        assert found is not None  # a drill never uses a real one
        return found

    def count(self, name: str, found: Any, *, holds: bool) -> None:
        self.counted[name] = found
        self.walk.transcript.note(f"{name.replace('_', ' ')}: {found}")
        if not holds:
            self.failed.append(name)


DrillPlay = Callable[[DrillField], None]


@dataclass(frozen=True, slots=True)
class Drill:
    """
    ``fault_row`` is a row of docs/faults.md. ``about_s`` is how long the drill usually takes.
    """

    name: str
    fault_row: int
    about_s: int
    play: DrillPlay

    @property
    def purpose(self) -> str:
        return (getdoc(self.play) or "").partition("\n\n")[0].replace("\n", " ")


_drills: dict[str, Drill] = {}


def drill(row: int, *, about_s: int) -> Callable[[DrillPlay], DrillPlay]:
    """Register a function as the drill of its name, with hyphens for underscores."""

    def register(play: DrillPlay) -> DrillPlay:
        name = play.__name__.replace("_", "-")
        _drills[name] = Drill(name, row, about_s, play)
        return play

    return register


def drills() -> Mapping[str, Drill]:
    return dict(sorted(_drills.items(), key=lambda named: (named[1].fault_row, named[0])))
