"""
Registries of runs: enrichers, recognisers, moves of objects, and sections of the trace.

Packages above this one fill them in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from routing.flows.models import FlowVersion
from routing.kernel.events import Event
from routing.kernel.facts import EnrichedFacts, Subject
from routing.people.actors import Actor
from routing.runs.models import Run

# -- Enrichers: they read facts about a subject from an external system ----------------------------


class Retry(Exception):
    """
    The external system cannot answer now. Retry the step after at least ``after_s`` seconds.

    ``own`` is true if the system failed over this subject and answered about others meanwhile.
    """

    def __init__(self, message: str, after_s: float = 0, *, own: bool = False) -> None:
        super().__init__(message)
        self.after_s, self.own = after_s, own


class Problem(Exception):
    """
    A person must look. It becomes an exception with this reason code. ``evidence`` has ids and
    counts, no secrets.

    ``found`` has the facts that were read before the problem, so that the person sees them.
    """

    def __init__(
        self, reason: str, message: str, evidence: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.evidence = dict(evidence or {})
        self.found: EnrichedFacts | None = None


class Enricher(Protocol):
    def read(self, subject: Subject) -> Any:
        """
        Read from the external system, under the lease of the step and outside any transaction.

        :raises Retry: after a temporary error
        :raises Problem: after a permanent error, such as ``failed_connector``
        """

    def keep(
        self, read: Any, *, subject: Subject, by: Actor, at: datetime, client_id: int | None = None
    ) -> EnrichedFacts:
        """
        Match what was read with existing rows, or create them, in the transaction of the step.

        :param client_id: the client that a person chose; then none is searched for
        :raises Problem: such as ``duplicate`` if several clients match. The transaction is rolled
            back.
        """


_enrichers: dict[str, Callable[[Subject], Enricher | None]] = {}


def enricher(name: str, find: Callable[[Subject], Enricher | None]) -> None:
    """Register enrichers. ``find`` returns None for a subject that it does not know."""
    _enrichers[name] = find


def enricher_for(subject: Subject) -> Enricher | None:
    return next((found for find in _enrichers.values() if (found := find(subject))), None)


# -- Sources that are read by calls to other systems -----------------------------------------------


class OutsideReading(Protocol):
    """Workers that read from other systems, so that a slow one holds up no other event."""

    def sources(self, named: Collection[str]) -> Collection[str]:
        """Return those of the sources whose facts are read by calls to another system."""

    def call(self, sources: Collection[str]) -> None:
        """Have the due steps of these sources run by other workers. It never waits."""


_outside: list[OutsideReading] = []


def outside_reading(made: OutsideReading) -> OutsideReading:
    """Register workers that read from other systems."""
    _outside.append(made)
    return made


def outside_readings() -> Sequence[OutsideReading]:
    return tuple(_outside)


# -- Clients that events name ----------------------------------------------------------------------

EventClients = Callable[[Sequence[Event]], Mapping[int, int]]
_event_clients: list[EventClients] = []


def event_clients(function: EventClients) -> EventClients:
    """Register a function that returns the client by event id, for events that name one."""
    _event_clients.append(function)
    return function


def clients_of_events(events: Sequence[Event]) -> Mapping[int, int]:
    """Return the client by event id, for events whose body names a client of ours."""
    found: dict[int, int] = {}
    for look in _event_clients:
        found |= look(events)
    return found


# -- Notes on events: what packages above found about one ------------------------------------------

EventNote = Callable[[Event], str]
_event_notes: list[EventNote] = []


def event_note(function: EventNote) -> EventNote:
    """Register a function that says in words what was found about an event, or nothing."""
    _event_notes.append(function)
    return function


def notes_on(event: Event) -> Sequence[str]:
    return [words for look in _event_notes if (words := look(event))]


# -- Recognisers: they know facts about many subjects without an external call ---------------------


class Recogniser(Protocol):
    def sources(self, named: Collection[str]) -> Collection[str]:
        """Return those of the sources whose facts are all stored here."""

    def recognise(
        self, subjects: Sequence[Subject], *, at: datetime
    ) -> Mapping[Subject, EnrichedFacts]:
        """
        Return the facts about each subject, in a few statements and without external calls.

        It runs in the transaction that stores them. A subject with new or doubtful facts, or with
        something for a person to decide, is left out and later read alone.
        """


_recognisers: list[Recogniser] = []


def recogniser(made: Recogniser) -> Recogniser:
    _recognisers.append(made)
    return made


def recognisers() -> Sequence[Recogniser]:
    return tuple(_recognisers)


# -- Corrections: facts that people filled in ------------------------------------------------------

# The engagement of the run, the facts, by whom, when, and why.
FactKeeper = Callable[[int, Mapping[str, Any], Actor, datetime, str], None]
_fact_keepers: list[FactKeeper] = []


def fact_keeper(function: FactKeeper) -> FactKeeper:
    """Register a function that brings an engagement in line with facts that a person filled in."""
    _fact_keepers.append(function)
    return function


def fact_keepers() -> Sequence[FactKeeper]:
    return tuple(_fact_keepers)


# -- Moves: objects that another system merged or deleted ------------------------------------------


@dataclass(frozen=True, slots=True)
class SubjectMove:
    """Objects that are gone, and the one they were merged into, or None if they were deleted."""

    into: Subject | None
    gone: tuple[Subject, ...]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        return (*self.gone, *((self.into,) if self.into else ()))


SubjectMover = Callable[[Event], SubjectMove | None]
SubjectFollower = Callable[[SubjectMove, datetime], None]
# From objects to those that they were merged into before, for the ones that are gone.
SurvivorFinder = Callable[[Collection[Subject]], Mapping[Subject, Subject]]
# The run that ends, the run that stays, why, and when. False if the work must not end by itself.
DuplicateEnder = Callable[[Run, Run, str, datetime], bool]

_movers: list[SubjectMover] = []
_subject_followers: list[SubjectFollower] = []
_survivor_finders: list[SurvivorFinder] = []
_duplicate_enders: list[DuplicateEnder] = []


def subject_mover(function: SubjectMover) -> SubjectMover:
    """Register a function that recognises the move an event reports."""
    _movers.append(function)
    return function


def move_of(event: Event) -> SubjectMove | None:
    """Return the move that an event reports, or None for any other event."""
    return next((move for find in _movers if (move := find(event)) is not None), None)


def subject_follower(function: SubjectFollower) -> SubjectFollower:
    """Register a function that keeps other rows in line with a move."""
    _subject_followers.append(function)
    return function


def subject_followers() -> Sequence[SubjectFollower]:
    return tuple(_subject_followers)


def survivor_finder(function: SurvivorFinder) -> SurvivorFinder:
    """Register a function that finds what objects were merged into by events of before."""
    _survivor_finders.append(function)
    return function


def survivors_of(subjects: Collection[Subject]) -> Mapping[Subject, Subject]:
    """Return the object that each of these became, for those that an earlier event merged."""
    found: dict[Subject, Subject] = {}
    for find in _survivor_finders if subjects else ():
        found |= find(subjects)
    return found


def duplicate_ender(function: DuplicateEnder) -> DuplicateEnder:
    """Register a function that ends the work of a run which is a duplicate of another."""
    _duplicate_enders.append(function)
    return function


def duplicate_enders() -> Sequence[DuplicateEnder]:
    return tuple(_duplicate_enders)


# -- Migrations: what stands against moving a run to another version -------------------------------

# From runs and a version of their flow to the reasons against it, by run id.
MigrationObjection = Callable[[Sequence[Run], FlowVersion], Mapping[int, str]]
_migration_objections: list[MigrationObjection] = []


def migration_objection(function: MigrationObjection) -> MigrationObjection:
    """Register a function that says which runs cannot be moved to a version now, and why."""
    _migration_objections.append(function)
    return function


def migration_objections() -> Sequence[MigrationObjection]:
    return tuple(_migration_objections)


# -- Routed runs: the arguments of a flow's action -------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoutedRun:
    """
    A routed run with its facts and the chosen owners, for the action of its flow.

    ``clocks_from`` is when its event was received, if it was held while the flow was switched off.
    Clocks then count from there. ``inputs`` are those of the action, with the facts filled in, and
    ``action`` is the name of its step.
    """

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
    clocks_from: datetime | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    action: str = ""


# -- Sections of the trace of a run ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """One entry of a trace. ``data`` is JSON, for ``trace --json`` and for the page."""

    at: datetime
    section: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


TraceSection = Callable[[Run], Sequence[TraceEntry]]

_trace_sections: list[TraceSection] = []


def trace_section(section: TraceSection) -> TraceSection:
    """Register a function that adds entries to the trace of a run."""
    _trace_sections.append(section)
    return section


def trace_sections() -> Sequence[TraceSection]:
    return tuple(_trace_sections)


# -- Further pages of a run ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunPage:
    """
    A page below that of a run, for those who may see the run.

    ``view`` takes the admin that shows runs, the request and the run. ``label`` is that of its
    button, or empty for a page without one, such as a download. ``path`` ends the address.
    """

    name: str
    path: str
    view: Callable[[Any, Any, Run], Any]
    label: Any = ""


_run_pages: list[RunPage] = []


def run_page(page: RunPage) -> RunPage:
    """Register a page below that of a run."""
    _run_pages.append(page)
    return page


def run_pages() -> Sequence[RunPage]:
    return tuple(_run_pages)
