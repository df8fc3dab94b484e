"""The interface of adapters, and the ways in which a call to an external system can fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from delivery.deliverables.manifest import FileEntry
from integrations.base.origins import Origin
from integrations.base.settings import fault_in
from integrations.base.survey import Surveyor
from routing.kernel.facts import Subject
from routing.runs.operations.capture import Signal
from routing.runs.registry import Problem, Retry

if TYPE_CHECKING:
    from integrations.base.connections import Connection

# -- Calls that fail -------------------------------------------------------------------------------


class CallFailed(Exception):
    """
    A call to an external system failed.

    The message is shown to people, so it holds no secret and no content of ours.
    """


class Temporary(CallFailed):
    """
    The call may succeed later, but no sooner than ``after_s`` seconds from now.

    ``status`` is the HTTP status, or 0 without an answer. ``of_object`` is true if the fault may
    be one of this object alone: the system answered, and did not say that all of it is in trouble.
    ``others_pass`` is set for such a fault if other objects passed since this one last failed.
    """

    others_pass = False

    def __init__(
        self, message: str, after_s: float = 0, *, status: int = 0, of_object: bool = False
    ) -> None:
        super().__init__(message)
        self.after_s, self.status, self.of_object = after_s, status, of_object


class Unknown(Temporary):
    """
    The answer to a write was lost, so the write may have happened.

    The next attempt looks for the object before it writes again.
    """


class Permanent(CallFailed):
    """
    A retry cannot help, so a person must look.

    ``status`` is the HTTP status, or 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class PrivateAddress(Permanent):
    """The address is private, and the connection does not allow it. Nothing was called."""


class NotFound(Permanent):
    """The object does not exist, or no longer."""


class CredentialsRefused(Permanent):
    """The credentials are wrong, revoked or lack a permission."""


class Conflict(Permanent):
    """Somebody else changed the object, or several objects match where one was expected."""


def as_outcome(error: CallFailed, connection: Connection) -> Retry | Problem:
    """Translate the error into the result of a run's step."""
    if isinstance(error, Temporary):
        return Retry(
            f"{connection.name}: {error}", error.after_s, own=error.of_object and error.others_pass
        )
    status = error.status if isinstance(error, Permanent) else 0
    reason = "missing_context" if isinstance(error, NotFound) else "failed_connector"
    return Problem(
        reason, f"{connection.name}: {error}", {"connection": connection.slug, "status": status}
    )


# -- Inbound webhooks ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One POST to a webhook address.

    ``url`` is the connection's configured public address with the query as sent. The Host header
    is not used, because the sender controls it. Header names are in lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part that was understood but concerns nothing here; ``reason`` is a code."""

    reason: str


@dataclass(frozen=True, slots=True)
class Poison:
    """A part that was not understood; ``reason`` is a code."""

    reason: str


Part = Signal | Ignored | Poison


class UnreadableBody(Exception):
    """This kind of connection does not send such a body; ``reason`` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# -- Reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Organisation:
    """
    A company in an external system.

    ``domain`` is as written there. ``remote_id`` is empty if the system gives companies no ids.
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
    Facts about one subject, under our own names.

    ``facts`` hold nothing that names people of the client, because some may have asked to be
    forgotten. Those are filtered when the facts are stored. ``deal`` is the external type and id of
    the sale, if any.
    """

    facts: Mapping[str, Any]
    sources: Mapping[str, str]
    organisation: Organisation | None = None
    people: tuple[ExternalPerson, ...] = ()
    deal: tuple[str, str] | None = None


class Reader(Protocol):
    def read(self, subject: Subject) -> SubjectFacts:
        """
        Read the subject. Called outside any transaction.

        :raises CallFailed: if the call fails
        :raises Problem: if the answer leaves a choice to a person
        """


# -- Writing ---------------------------------------------------------------------------------------

# The verb that moves an object to the trash of the external system. Its content is ``post_type``
# and ``seen``, and the object must still be as it was seen. If there is a ``status``, it must still
# have that.
TRASH = "trash"


@dataclass(frozen=True, slots=True)
class Asset:
    """
    A file that belongs to a message.

    ``read`` returns its bytes and ``sha256`` is their digest in hex. ``alt`` is empty for a
    decorative image.
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
    One change to make in an external system.

    ``key`` identifies the message through all its attempts. ``object_key`` names our object
    (``deliverable:42``) through all its versions. ``remote_id`` is empty until the external object
    is known.
    """

    key: str
    verb: str
    object_key: str
    remote_id: str
    content: Mapping[str, Any]
    assets: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class Over:
    """
    A person's decision about an external object that is not as we wrote it.

    It holds for the object as the person saw it: ``seen`` is the digest of that. With ``OURS`` the
    message is written over it, with ``THEIRS`` it stays and counts as ours, and with ``ANEW``
    another object is created in its place.
    """

    OURS: ClassVar[str] = "ours"
    THEIRS: ClassVar[str] = "theirs"
    ANEW: ClassVar[str] = "anew"

    choice: str
    remote_id: str
    seen: str

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self | None:
        """Return the decision in the content of a message, or None."""
        over = content.get("over")
        return cls(over["choice"], over["remote_id"], over["seen"]) if over else None


@dataclass(frozen=True, slots=True)
class Written:
    """
    The external object after a write.

    ``url`` is where people find it. ``evidence`` is what the system reported, as JSON.
    """

    remote_id: str
    url: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """
    Writes the objects of one connection. Every method is called outside any transaction.

    A writer serves one attempt and is its own context manager. It keeps one client open for all
    calls of the attempt, so that they share a connection, and closes it on exit. A writer without
    a client inherits from ``ClientlessWriter``.
    """

    # After a lost answer: how long until a look-up surely sees what the write did.
    consistency_delay_s: float

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def find(self, message: OutboxMessage) -> Written | None:
        """
        Find the object that an earlier attempt or an earlier version created.

        :raises Conflict: if several objects match
        :raises CallFailed: if the call fails
        """

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        """
        Create the object, or bring ``known`` up to date. Writing twice has the effect of once.

        :raises Conflict: if somebody else changed the object since our last write
        :raises Unknown: if the answer was lost
        :raises CallFailed: if the call fails
        """

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        """
        Return one sentence for each difference from what was sent.

        :raises CallFailed: if the call fails
        """


class ClientlessWriter:
    """Base of writers that keep no client open, so that there is nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Echo:
    """
    A value that an event reports as written to an object.

    ``kind`` becomes the event's kind if the write was ours.
    """

    kind: str
    remote_id: str
    content: Mapping[str, Mapping[str, Any]]


class Adapter:
    """
    One kind of external system.

    To add one, write a subclass in a folder of its own and add it to the registry.
    """

    kind: ClassVar[str]
    marks: ClassVar[bool] = False  # what it writes has a mark, by which a surveyor finds it
    receives: ClassVar[bool] = False  # it posts to /hooks/<connection>/
    publishes: ClassVar[bool] = False  # finished work can be published there
    has_folders: ClassVar[bool] = False  # the path of a destination is part of its addresses
    calls_out: ClassVar[bool] = True  # reading more means calling it
    needs_token: ClassVar[bool] = False  # it cannot be called without a token
    may_lack_emoji: ClassVar[bool] = False  # its tables decide: see ``stores_emoji``
    kept_headers: ClassVar[tuple[str, ...]] = ()  # stored with a body; never a signature

    def unsigned(self, delivery: Delivery, secrets: Sequence[str], at: datetime) -> str:
        """
        Return a code for the log if the delivery is not genuine, or an empty string.

        Takes the same time for every reason, so that a sender learns nothing from it.
        """
        return "not_received"

    def parts(self, delivery: Delivery, connection: Connection, at: datetime) -> list[Part]:
        """
        Return the parts of a genuine delivery, one per event, in the order sent.

        :raises UnreadableBody: if the body cannot be divided into parts
        """
        raise UnreadableBody("not_received")

    def moved(
        self, kind: str, body: Mapping[str, Any]
    ) -> tuple[str | None, tuple[str, ...]] | None:
        """
        Return what became of objects, by external id: the survivor and those that are gone.

        The survivor of a deletion is None. Return None for any other event.
        """
        return None

    def reader(self, subject: Subject, connection: Connection) -> Reader | None:
        """Return a reader for this subject, or None if there is nothing more to read."""
        return None

    def value_of(self, name: str, subject: Subject, connection: Connection) -> str | None:
        """
        Return the value of one field of a record, empty if it has none. Return None if records of
        this kind have no fields that can be read one by one.

        :param name: the internal name of the field in the system
        :raises CallFailed: if the call fails
        """
        return None

    def known_here(
        self, subjects: Sequence[Subject], settings: Mapping[str, Any]
    ) -> Mapping[Subject, SubjectFacts]:
        """
        Return what was received about each of many subjects, in one query.

        Empty if reading needs calls.
        """
        return {}

    def writer(self, connection: Connection) -> Writer | None:
        """Return a writer for one attempt, or None if the kind cannot be written to."""
        return None

    def lacking(self, changes: Collection[str], connection: Connection) -> Sequence[str] | None:
        """
        Return the names of the properties for these values that the system does not have, or None
        if it cannot tell.

        :param changes: names of values as in ``outcome_content``
        :raises CallFailed: if the call fails
        """
        return None

    def surveyor(self, connection: Connection) -> Surveyor | None:
        """Return a surveyor, or None if what we write there cannot be found by a mark."""
        return None

    def content_faults(
        self, content: Mapping[str, Any], files: Sequence[FileEntry], connection: Connection
    ) -> Sequence[str]:
        """
        Return one sentence for each part of a page that the system would refuse or change.

        It is asked before the page is approved, so it makes no calls.

        :param content: as in an ``OutboxMessage``
        """
        return ()

    def stores_emoji(self, connection: Connection) -> bool | None:
        """
        Ask the system whether it keeps characters beyond 16 bits, such as emoji.

        Return None if it cannot tell.

        :raises CallFailed: if the call fails
        """
        return None

    def answers(self, connection: Connection) -> bool:
        """
        Ask the system something small that changes nothing, with the connection's credentials.

        Return False if this kind of system cannot be asked. It is called outside any transaction.

        :raises CallFailed: if the call fails
        """
        return False

    def home(self, connection: Connection) -> str:
        """Return the address below which people see what is written, or an empty string."""
        return ""

    def probed(self, connection: Connection) -> frozenset[Origin]:
        """Return the private addresses that a probe of its pages may use: those it allows."""
        return connection.private_origins

    def check_address(self, base_url: str, *, inside: bool) -> None:
        """
        Check the address of the API.

        :param inside: whether the address may be private
        :raises ValueError: if the API cannot be there, saying what to give
        """

    def check_token(self, token: str) -> None:
        """:raises ValueError: if this is no token of this kind, saying what one looks like"""

    def slug_fault(self, slug: str, post_type: str) -> str:
        """Return why the system would not keep this slug of a page, or an empty string."""
        return ""

    def outcome_content(
        self, changes: Mapping[str, str], settings: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """
        Return the content that updates the deal of a run, or None to write nothing.

        :param changes: those of ``state``, ``owner`` and ``url`` that changed
        """
        return None

    def echo(self, signal: Signal, settings: Mapping[str, Any]) -> Echo | None:
        """Return the written value if the signal reports one that we write, or None."""
        return None

    def check_secret(self, secret: str) -> None:
        """:raises ValueError: if this is no signing secret of this kind, saying what one is"""

    def check_settings(self, settings: Any) -> None:
        """:raises ValueError: if the settings cannot work, saying what to give"""
        if fault := fault_in(self.kind, settings):
            raise ValueError(fault)
