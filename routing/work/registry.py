"""The one registry through which packages above routing set things in motion from below: filled in AppConfig.ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from routing.kernel.facts import Found, Subject
from routing.people.actors import Actor

if TYPE_CHECKING:
    from routing.runs.models import Run

# -- Reactions -------------------------------------------------------------------------------------------------

Reaction = Callable[[Sequence[Any], Actor, datetime], None]

_reactions: dict[str, list[Reaction]] = defaultdict(list)


def react(*kinds: str) -> Callable[[Reaction], Reaction]:
    """
    Run the function in the same transaction whenever events of these kinds are recorded, once a batch.

    A reaction only writes rows and does no I/O; if it raises, the whole operation is undone.
    """

    def register(reaction: Reaction) -> Reaction:
        for kind in kinds:
            _reactions[kind].append(reaction)
        return reaction

    return register


def reactions(kind: str) -> Sequence[Reaction]:
    return _reactions.get(kind, ())


# -- Enrichers: who can read more about what an event is about ---------------------------------------------------


class Retry(Exception):
    """The other side cannot answer now; try the step again later, no sooner than ``after_s`` seconds."""

    def __init__(self, message: str, after_s: float = 0) -> None:
        super().__init__(message)
        self.after_s = after_s


class Problem(Exception):
    """A person must look: becomes an exception case with this reason code. ``evidence`` holds ids and counts, no secrets."""

    def __init__(self, reason: str, message: str, evidence: Mapping[str, Any] | None = None) -> None:
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

    def keep(self, read: Any, *, subject: Subject, by: Actor, at: datetime, client_id: int | None = None) -> Found:
        """
        Match or create what was read, inside the step's transaction.

        :param client_id: whom a person said it is for; then no client is looked for

        :raises Problem: such as ``duplicate`` when more than one client fits; everything written is undone
        """


_enrichers: dict[str, Callable[[Subject], Enricher | None]] = {}


def enricher(name: str, find: Callable[[Subject], Enricher | None]) -> None:
    """Register who can read more; ``find`` answers None for a subject that is not its own."""
    _enrichers[name] = find


def enricher_for(subject: Subject) -> Enricher | None:
    return next((found for find in _enrichers.values() if (found := find(subject))), None)


# -- Recognisers: what is known already of many subjects, so that nobody need be asked ----------------------------


class Recogniser(Protocol):
    def sources(self, named: Collection[str]) -> Collection[str]:
        """Those of these sources that leave with us all there is to know about their subjects."""

    def recognise(self, subjects: Sequence[Subject], *, at: datetime) -> Mapping[Subject, Found]:
        """
        Return the known facts about each subject in a few statements, inside the transaction that stores them. No I/O.

        A subject about which anything is new, doubtful or for a person to judge is left out: it is read alone.
        """


_recognisers: list[Recogniser] = []


def recogniser(made: Recogniser) -> Recogniser:
    _recognisers.append(made)
    return made


def recognisers() -> Sequence[Recogniser]:
    return tuple(_recognisers)


# -- Erasers: what else is to be rewritten when a contact is erased ---------------------------------------------

Eraser = Callable[[int, str, datetime], None]  # contact id, the address as it was (may be empty), instant

_erasers: list[Eraser] = []


def eraser(function: Eraser) -> Eraser:
    """Register who keeps more about people; called in the erasing transaction, before the contact itself is rewritten."""
    _erasers.append(function)
    return function


def erasers() -> Sequence[Eraser]:
    return tuple(_erasers)


# -- Actions: what a flow may start ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
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


Action = Callable[[Sequence[Job], Actor, datetime], None]

_actions: dict[str, Action] = {}


def action(name: str) -> Callable[[Action], Action]:
    """Register what a flow's ``act`` step may start, such as ``delivery.open_request``: many jobs in one transaction."""

    def register(function: Action) -> Action:
        _actions[name] = function
        return function

    return register


def action_named(name: str) -> Action:
    return _actions[name]


def action_names() -> Sequence[str]:
    return sorted(_actions)


# -- Chapters: what a trace shows of a run -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a run's story. ``data`` is JSON, for ``trace --json`` and the page alike."""

    at: datetime
    chapter: str
    title: str
    data: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""


Chapter = Callable[["Run"], Sequence[Entry]]

_chapters: list[Chapter] = []


def chapter(tell: Chapter) -> Chapter:
    _chapters.append(tell)
    return tell


def chapters() -> Sequence[Chapter]:
    return tuple(_chapters)


# -- Destinations: what finished work can be brought to ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceKind:
    """A kind of system that work can be published to, and the connections of that kind in use, as slug and name."""

    kind: str
    label: Any
    connections: Sequence[tuple[str, str]] = ()


Places = Callable[[], Sequence[PlaceKind]]

_places: list[Places] = []


def places(tell: Places) -> Places:
    """Register who knows systems that finished work can be brought to."""
    _places.append(tell)
    return tell


def destination_kinds() -> Sequence[PlaceKind]:
    """Return the known kinds of destinations. If nothing is registered, any kind is accepted."""
    return [each for tell in _places for each in tell()]


# -- Versions of flows: what packages above keep with them -------------------------------------------------------

Copier = Callable[[Any, Any], None]  # from one flow version to a new draft

_copiers: list[Copier] = []


def with_version(copy: Copier) -> Copier:
    """Register who copies what belongs to a flow version when that is copied, in the same transaction."""
    _copiers.append(copy)
    return copy


def copiers() -> Sequence[Copier]:
    return tuple(_copiers)


__all__ = [
    "Action",
    "Chapter",
    "Copier",
    "Enricher",
    "Entry",
    "Eraser",
    "Found",
    "Job",
    "PlaceKind",
    "Places",
    "Problem",
    "Reaction",
    "Recogniser",
    "Retry",
    "Subject",
    "action",
    "action_named",
    "action_names",
    "chapter",
    "chapters",
    "copiers",
    "destination_kinds",
    "enricher",
    "enricher_for",
    "eraser",
    "erasers",
    "places",
    "react",
    "reactions",
    "recogniser",
    "recognisers",
    "with_version",
]
