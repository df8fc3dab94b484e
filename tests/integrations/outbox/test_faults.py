"""
F1: a fault of one object ends that object alone; a fault of the system stops and is caught up.
"""

from __future__ import annotations

import pytest

from integrations.base.adapter import OutboxMessage, Unknown, Written
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.operations.replay import replay
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from tests.integrations.outbox.remote import Shelf, Time, deliver, outcomes_of, send, state_of
from tests.world import World, by

WORDS = "The other side answered 500: Could not insert post into the database."


def fault() -> Unknown:
    return Unknown(WORDS, status=500, of_object=True)


@pytest.fixture
def refusing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Objects to whose writes the system answers 500. With "*", to all."""
    objects: set[str] = set()
    write = shelf.write

    def refuse(message: OutboxMessage, known: Written | None) -> Written:
        if objects & {"*", message.object_key}:
            shelf.log.append(("refused", message.key))
            raise fault()
        return write(message, known)

    monkeypatch.setattr(shelf, "write", refuse)
    return objects


def tries(shelf: Shelf, key: str) -> int:
    return shelf.log.count(("refused", key))


def test_f1_an_object_that_alone_is_refused_has_three_tries_and_fails_with_the_systems_words(
    connection: Connection, shelf: Shelf, time: Time, refusing: set[str]
) -> None:
    refusing.add("thing:emoji")
    send(connection, "emoji", obj="thing:emoji")
    deliver(time)
    send(connection, "plain", obj="thing:plain")

    for _ in range(20):
        deliver(time.on(seconds=30))

    assert (state_of("emoji"), state_of("plain")) == ("dead", "delivered")
    assert tries(shelf, "emoji") == 3
    case = ExceptionCase.objects.get()
    assert (case.reason, case.evidence["message"]) == (Reason.FAILED_DELIVERY, WORDS)
    assert case.evidence["status"] == 500
    assert outcomes_of("emoji") == ["unknown", "unknown", "permanent"]


def test_f1_the_connection_stays_open_although_one_object_fails_again_and_again(
    connection: Connection, shelf: Shelf, time: Time, refusing: set[str]
) -> None:
    refusing.add("thing:emoji")
    send(connection, "emoji", obj="thing:emoji")
    for _ in range(8):
        deliver(time.on(minutes=10))
    connection.refresh_from_db()
    assert (connection.failures, connection.paused_until) == (1, None)
    assert state_of("emoji") == "unknown"  # nothing else passed, so it may be the system
    assert connection.last_error == Outbound.objects.get().last_error == WORDS

    send(connection, "plain", obj="thing:plain", at=time.now)
    deliver(time)

    assert (state_of("plain"), state_of("emoji")) == ("delivered", "dead")


def test_f1_a_system_that_refuses_all_objects_is_paused_and_caught_up_and_nothing_fails(
    connection: Connection, shelf: Shelf, time: Time, refusing: set[str]
) -> None:
    Connection.objects.update(call_s=0.1)
    refusing.add("*")
    for number in range(6):
        send(connection, f"a{number}", obj=f"thing:{number}")
    for _ in range(60):
        deliver(time.on(minutes=5))
    connection.refresh_from_db()
    assert connection.failures > 5
    assert not Outbound.objects.dead().exists()
    assert min(tries(shelf, f"a{number}") for number in range(6)) >= 3
    assert max(tries(shelf, f"a{number}") for number in range(6)) < 12

    refusing.clear()
    for _ in range(60):
        deliver(time.on(seconds=30))

    assert set(Outbound.objects.values_list("state", flat=True)) == {"delivered"}
    assert len(shelf.objects) == 6


def test_f1_the_trial_after_a_pause_pauses_again_although_its_object_was_counted(
    connection: Connection, time: Time, refusing: set[str]
) -> None:
    refusing.add("*")
    for number in range(5):
        send(connection, f"a{number}", obj=f"thing:{number}")
    deliver(time)
    connection.refresh_from_db()
    first = connection.paused_until
    assert first is not None
    assert first > time.now

    deliver(time.on(seconds=40))

    connection.refresh_from_db()
    assert connection.is_paused(time.now)
    assert connection.failures == 6


def test_f1_an_object_waits_no_longer_once_another_has_passed(
    connection: Connection, shelf: Shelf, time: Time, refusing: set[str]
) -> None:
    Connection.objects.update(call_s=0.1)
    refusing.add("thing:emoji")
    [row] = send(connection, "emoji", obj="thing:emoji")
    for _ in range(5):
        deliver(time.on(minutes=3))
    assert Outbound.objects.get(pk=row.pk).due_at > time.now
    send(connection, "plain", obj="thing:plain", at=time.now)

    deliver(time)

    assert state_of("emoji") == "dead"


def test_f1_an_object_that_is_mended_in_time_is_written(
    connection: Connection, shelf: Shelf, time: Time, refusing: set[str]
) -> None:
    refusing.add("thing:emoji")
    send(connection, "emoji", obj="thing:emoji")
    send(connection, "plain", obj="thing:plain")
    deliver(time)
    refusing.clear()

    deliver(time.on(minutes=1))

    assert state_of("emoji") == "delivered"
    assert Attempt.objects.filter(outbound__key="emoji").count() == 2


@pytest.mark.parametrize("error", [Unknown("No complete answer in time."), Unknown("502.")])
def test_f1_lost_answers_and_gateways_count_each_time(
    connection: Connection, shelf: Shelf, time: Time, error: Unknown
) -> None:
    shelf.before = [error] * 5
    send(connection, "a")
    for _ in range(12):
        deliver(time.on(minutes=10))
        connection.refresh_from_db()
        if connection.paused_until:
            break

    assert connection.failures == 5
    assert connection.is_paused(time.now)


def test_f1_a_retry_by_a_person_begins_the_count_anew(
    connection: Connection, time: Time, refusing: set[str], world: World
) -> None:
    refusing.add("thing:emoji")
    [row] = send(connection, "emoji", obj="thing:emoji")
    send(connection, "plain", obj="thing:plain")
    for _ in range(6):
        deliver(time.on(minutes=1))
    assert state_of("emoji") == "dead"
    replay([row.pk], by=by(world.olga), at=time.now, reason="They changed their tables.")

    deliver(time)

    assert state_of("emoji") == "unknown"
