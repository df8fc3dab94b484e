"""Interface of adapters, and the ways a call to an external system can fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from integrations.base.origins import Origin
from routing.kernel.facts import Subject
from routing.runs.operations.capture import Signal
from routing.runs.registry import Problem, Retry

if TYPE_CHECKING:
    from integrations.base.connections import Connection

# -- Calls that fail -------------------------------------------------------------------------------


class CallFailed(Exception):
    """
    A call to the other side did not do what it should.

    The message holds no secret, and no body of ours.
    """


class Temporary(CallFailed):
    """It may work later, no sooner than ``after_s`` seconds from now."""

    def __init__(self, message: str, after_s: float = 0) -> None:
        super().__init__(message)
        self.after_s = after_s


class Unknown(Temporary):
    """
    The answer to a write was lost: the other side may have done it. Look there before writing
    again.
    """


class Permanent(CallFailed):
    """
    Asking again changes nothing: a person must look. ``status`` is the HTTP status, 0 where none
    came.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NotFound(Permanent):
    """The object is not there, or no longer."""


class CredentialsRefused(Permanent):
    """The credentials are wrong, revoked or lack a right."""


class Conflict(Permanent):
    """The other side changed meanwhile, or holds several objects where one was meant."""


def as_outcome(error: CallFailed, connection: Connection) -> Retry | Problem:
    """The error in the words of a run's step."""
    if isinstance(error, Temporary):
        return Retry(f"{connection.name}: {error}", error.after_s)
    status = error.status if isinstance(error, Permanent) else 0
    reason = "missing_context" if isinstance(error, NotFound) else "failed_connector"
    return Problem(
        reason, f"{connection.name}: {error}", {"connection": connection.slug, "status": status}
    )


# -- What is posted to us --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One POST.

    ``url`` is the connection's configured public address with the query as sent; header names are
    lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """Understood, and none of our business; ``reason`` is a code."""

    reason: str


@dataclass(frozen=True, slots=True)
class Poison:
    """Not understood; ``reason`` is a code."""

    reason: str


Part = Signal | Ignored | Poison


class UnreadableBody(Exception):
    """The whole body is not what this kind of connection sends; ``reason`` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# -- What the other side knows ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Organisation:
    """
    ``domain`` as written there; ``remote_id`` is empty where the other side has no ids for
    organisations.
    """

    remote_id: str
    name: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class ExternalPerson:
    remote_id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """
    Facts read about one subject, in neutral terms.

    ``facts`` hold nothing about people: which of them may be known at all is decided when it is
    kept. ``deal`` is the type and id there of what was sold, if anything was.
    """

    facts: Mapping[str, Any]
    sources: Mapping[str, str]
    organisation: Organisation | None = None
    people: tuple[ExternalPerson, ...] = ()
    deal: tuple[str, str] | None = None


class Reader(Protocol):
    def read(self, subject: Subject) -> SubjectFacts:
        """
        Outside any transaction.

        :raises CallFailed: when the other side does not answer as it should
        :raises Problem: when it answers, and a person must choose
        """


# -- What is written there -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asset:
    """
    A file to send along.

    ``read`` gives its bytes; ``sha256`` is theirs, as hex; ``alt`` is empty for a decorative image.
    """

    role: str
    name: str
    type: str
    sha256: str
    alt: str
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """
    One thing to be made true on the other side.

    ``key`` is the same on every attempt, and no other intent's. ``object_key`` names our thing that
    the remote object stands for (``deliverable:42``), through all its versions. ``remote_id`` is
    empty until the remote object is known.
    """

    key: str
    verb: str
    object_key: str
    remote_id: str
    content: Mapping[str, Any]
    assets: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """
    The remote object after a write.

    ``url`` is where people find it; ``evidence`` is what the other side said, as JSON.
    """

    remote_id: str
    url: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """Writes one connection's objects. Every method is called outside any transaction."""

    consistency_delay_s: (
        float  # after a lost answer: how long until a look-up surely sees what was done
    )

    def find(self, intent: OutboxMessage) -> Written | None:
        """
        The object that an earlier attempt, or an earlier version, already made.

        :raises Conflict: if several could be it
        :raises CallFailed: when the other side does not answer as it should
        """

    def write(self, intent: OutboxMessage, known: Written | None) -> Written:
        """
        Create it, or bring ``known`` up to date; doing it twice is the same as once.

        :raises Conflict: if somebody else changed it there since we last wrote
        :raises Unknown: if the answer was lost
        :raises CallFailed: when the other side does not answer as it should
        """

    def read_back(self, intent: OutboxMessage, written: Written) -> Sequence[str]:
        """
        Return one sentence for each difference from what was sent, or nothing if all of it is
        there.

        :raises CallFailed: when the other side does not answer as it should
        """


@dataclass(frozen=True, slots=True)
class Echo:
    """
    Value that an event reports as written to an object.

    ``kind`` is the event's kind if the write was ours.
    """

    kind: str
    remote_id: str
    content: Mapping[str, Mapping[str, Any]]


class Adapter:
    """
    One kind of system outside.

    A subclass in a folder of its own, and a line in the registry, make a new one.
    """

    kind: ClassVar[str]
    receives: ClassVar[bool] = False  # whether it posts to /hooks/<connection>/
    publishes: ClassVar[bool] = False  # whether finished work can be brought there
    calls_out: ClassVar[bool] = True  # whether reading more means calling it
    needs_token: ClassVar[bool] = False  # whether it cannot be called without one
    kept_headers: ClassVar[tuple[str, ...]] = ()  # worth keeping beside a body: never a signature

    def unsigned(self, delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
        """
        Return a code for the log if the delivery is not genuine, or an empty string.

        Takes the same time whatever is wrong.
        """
        return "not_received"

    def parts(self, delivery: Delivery, connection: Connection, at: datetime) -> list[Part]:
        """
        Return the parts of a genuine delivery, one per event, in the order sent.

        :raises Unreadable: if not even parts can be told
        """
        raise UnreadableBody("not_received")

    def reader(self, subject: Subject, connection: Connection) -> Reader | None:
        """Return the reader for more about this subject, or None if there is nothing to read."""
        return None

    def known_here(self, subjects: Sequence[Subject]) -> Mapping[Subject, SubjectFacts]:
        """
        Return the data received about each of many subjects in one query.

        Empty if reading needs calls.
        """
        return {}

    def writer(self, connection: Connection) -> Writer | None:
        """Return the writer, or None if the kind cannot be written to."""
        return None

    def home(self, connection: Connection) -> str:
        """Return the address where people see what is written, or an empty string."""
        return ""

    def probed(self, connection: Connection) -> frozenset[Origin]:
        """
        Return the private addresses that a probe of its public pages may use: at most its own.
        """
        return (
            connection.private_origins & {connection.origin} if connection.base_url else frozenset()
        )

    def check_address(self, base_url: str, *, inside: bool) -> None:
        """
        :raises ValueError: if its API cannot be there; ``inside`` says that it may be a private
        address
        """

    def check_token(self, token: str) -> None:
        """
        :raises ValueError: if it cannot be what this kind is called with, saying what that looks
        like
        """

    def outcome_content(
        self, changes: Mapping[str, str], settings: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """
        The content that tells the deal of a run what became of it; None where nobody there wants to
        know.

        :param changes: ``state``, ``owner`` and ``url``, those that changed
        """
        return None

    def echo(self, signal: Signal, settings: Mapping[str, Any]) -> Echo | None:
        """Return the written value if the signal reports one that we write, or None."""
        return None

    def check_secret(self, secret: str) -> None:
        """
        :raises ValueError: if it cannot be a signing secret of this kind, saying what one looks
        like
        """

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """:raises ValueError: if the settings cannot work, saying what to give"""
