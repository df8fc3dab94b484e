"""A system outside that tests hold in their hands: it keeps objects, and fails as it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from integrations.base.adapter import (
    Adapter,
    CallFailed,
    ClientlessWriter,
    Conflict,
    OutboxMessage,
    Unknown,
    Writer,
    Written,
)
from integrations.base.doorbell import Call
from integrations.models import Connection, Outbound
from integrations.outbox.deliver import deliver_due
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.heads import heads
from integrations.outbox.take import LeasedMessage, take
from integrations.tasks import deliver as task
from integrations.tasks import read
from routing.people.actors import Actor
from tests.world import NOW

KIND = "shelf"


@dataclass
class Shelf(ClientlessWriter):
    """
    ``objects`` by id. ``before`` are raised before a write takes effect, ``after`` once it has;
    None lets one pass.

    ``log`` lists what was called, in order.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: list[Exception | None] = field(default_factory=list)
    after: list[Exception | None] = field(default_factory=list)
    finding: list[Exception | None] = field(default_factory=list)
    reading: list[Exception | None] = field(default_factory=list)
    drops: int = 0  # writes that are thanked for and forgotten
    consistency_delay_s: float = 30
    log: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = Lock()

    @property
    def writes(self) -> list[str]:
        return [key for verb, key in self.log if verb == "write"]

    def find(self, message: OutboxMessage) -> Written | None:
        self.log.append(("find", message.key))
        _fail(self.finding)
        if message.remote_id:
            return self._written(message.remote_id) if message.remote_id in self.objects else None
        found = [key for key, each in self.objects.items() if each["object"] == message.object_key]
        if len(found) > 1:
            raise Conflict(f"{len(found)} objects could be it.")
        return self._written(found[0]) if found else None

    def write(self, message: OutboxMessage, known: Written | None) -> Written:
        self.log.append(("write", message.key))
        _fail(self.before)
        with self._lock:
            key = known.remote_id if known else str(len(self.objects) + 1)
            if self.drops:
                self.drops -= 1
                return Written(key)
            changed = self.objects.get(key, {}).get("changed", 0)
            if known is not None and known.evidence and known.evidence.get("changed") != changed:
                raise Conflict("Somebody else changed it.", 412)
            self.objects[key] = {
                "object": message.object_key,
                "content": dict(message.content),
                "changed": changed + 1,
            }
        _fail(self.after)
        return self._written(key)

    def read_back(self, message: OutboxMessage, written: Written) -> Sequence[str]:
        self.log.append(("read", message.key))
        _fail(self.reading)
        there = self.objects.get(written.remote_id)
        if there is None:
            return ["It is not there."]
        return [] if there["content"] == dict(message.content) else ["The content differs."]

    def _written(self, key: str) -> Written:
        return Written(key, f"https://shelf.test/{key}", {"changed": self.objects[key]["changed"]})


def _fail(errors: list[Exception | None]) -> None:
    if errors and (error := errors.pop(0)) is not None:
        raise error


class ShelfAdapter(Adapter):
    kind = KIND

    def __init__(self) -> None:
        self.shelves: dict[str, Shelf] = {}

    def writer(self, connection: Connection) -> Writer | None:
        return self.shelves[connection.slug]


@dataclass
class Time:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def on(self, **span: float) -> Time:
        self.now += timedelta(**span)
        return self


def send(
    connection: Connection, *names: str, obj: str = "thing:1", **fields: Any
) -> list[Outbound]:
    """Enqueue one message for each name, which is its key and its content, in one transaction."""
    at = fields.pop("at", NOW)
    verb = fields.pop("verb", "")
    wanted = [
        NewMessage(
            connection.pk,
            name,
            verb or f"test.{name}",
            obj,
            fields.get("content", {"title": name}),
            **_rest(fields),
        )
        for name in names
    ]
    return enqueue(wanted, by=Actor.system(), at=at)


def _rest(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "content"}


def state_of(key: str) -> str:
    return str(Outbound.objects.get(key=key).state)


def lease_all(at: datetime) -> list[LeasedMessage]:
    """What a worker would take, one after the other, of connections that were quick so far."""
    Connection.objects.update(call_s=0.1)
    taken = [
        take(pk, at=at) for pk in heads(at).order_by("due_at", "pk").values_list("pk", flat=True)
    ]
    return [each for each in taken if isinstance(each, LeasedMessage)]


def deliver(time: Time) -> int:
    return deliver_due(clock=time)


def work_off(calls: Sequence[Call]) -> None:
    """Do what workers do with these messages, at once and in this process."""
    for call in calls:
        task(outbound_id=call.outbound_id)


def read_now(queues: Mapping[str, str]) -> None:
    """Do what workers do with the connections that are to be read, at once and in this process."""
    for source in queues:
        read(source=source)


def outcomes_of(key: str) -> list[str]:
    return list(
        Outbound.objects.get(key=key).tries.order_by("number").values_list("outcome", flat=True)
    )


def lost() -> CallFailed:
    return Unknown("No complete answer in time.")
