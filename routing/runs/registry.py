"""
Registries of runs: who reads more about a subject, and what a trace shows. Packages above fill them
in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from routing.kernel.facts import EnrichedFacts, Subject
from routing.people.actors import Actor
from routing.runs.models import Run

# -- Enrichers: who can read more about what an event is about -------------------------------------


class Retry(Exception):
    """
    The other side cannot answer now; try the step again later, no sooner than ``after_s`` seconds.
    """

    def __init__(self, message: str, after_s: float = 0) -> None:
        super().__init__(message)
        self.after_s = after_s


class Problem(Exception):
    """
    A person must look: becomes an exception case with this reason code. ``evidence`` holds ids and
    counts, no secrets.
    """

    def __init__(
        self, reason: str, message: str, evidence: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.evidence = dict(evidence or {})


class Enricher(Protocol):
    def read(self, subject: Subject) -> Any:
        """
        Read the other side: under the step's lease, outside any transaction.

        :raises Retry: temporary trouble
        :raises Problem: permanent trouble, such as ``failed_connector``
        """

    def keep(
        self, read: Any, *, subject: Subject, by: Actor, at: datetime, client_id: int | None = None
    ) -> EnrichedFacts:
        """
        Match or create what was read, inside the step's transaction.

        :param client_id: whom a person said it is for; then no client is looked for

        :raises Problem: such as ``duplicate`` when more than one client fits; everything written is
            undone
        """


_enrichers: dict[str, Callable[[Subject], Enricher | None]] = {}


def enricher(name: str, find: Callable[[Subject], Enricher | None]) -> None:
    """Register who can read more; ``find`` answers None for a subject that is not its own."""
    _enrichers[name] = find


def enricher_for(subject: Subject) -> Enricher | None:
    return next((found for find in _enrichers.values() if (found := find(subject))), None)


# -- Recognisers: what is known already of many subjects, so that nobody need be asked -------------


class Recogniser(Protocol):
    def sources(self, named: Collection[str]) -> Collection[str]:
        """Those of these sources that leave with us all there is to know about their subjects."""

    def recognise(
        self, subjects: Sequence[Subject], *, at: datetime
    ) -> Mapping[Subject, EnrichedFacts]:
        """
        What is known about each subject, in a few statements and inside the transaction that keeps
        it; no I/O.

        A subject about which anything is new, doubtful or for a person to judge is left out: it is
        read alone.
        """


_recognisers: list[Recogniser] = []


def recogniser(made: Recogniser) -> Recogniser:
    _recognisers.append(made)
    return made


def recognisers() -> Sequence[Recogniser]:
    return tuple(_recognisers)


# -- Jobs: what an action of a flow is given -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoutedRun:
    """A routed run, for the action that its flow names: what is known, and who was chosen."""

    run: Run
    facts: Mapping[str, Any]
    title: str
    brief: str
    owner_id: int
    backup_id: int
    team_id: int
    priority: int
    client_id: int | None
    contact_ids: tuple[int, ...]
    engagement_id: int | None
    policy: str


# -- Sections: what a trace shows of a run ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One entry of a trace. ``data`` is JSON, for ``trace --json`` and the page alike."""

    at: datetime
    section: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


TraceSection = Callable[[Run], Sequence[TraceEntry]]

_trace_sections: list[TraceSection] = []


def trace_section(tell: TraceSection) -> TraceSection:
    _trace_sections.append(tell)
    return tell


def trace_sections() -> Sequence[TraceSection]:
    return tuple(_trace_sections)
