"""A message is carried out once, whatever happens to the answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.base.adapter import (
    CredentialsRefused,
    OutboxMessage,
    Permanent,
    Temporary,
    Unknown,
    Written,
)
from integrations.base.health import FIRST_PAUSE_S
from integrations.models import Attempt, Connection, ExternalLink, Outbound
from integrations.outbox.outcomes import on_dead, on_delivered
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from tests.integrations.outbox.remote import Shelf, Time, deliver, lost, outcomes_of, send, state_of
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.requirement("E14", "N3")


def test_an_intent_is_written_read_back_and_kept_with_its_evidence(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    [row] = send(connection, "a")

    assert deliver(time) == 1

    row = Outbound.objects.get(pk=row.pk)
    assert (row.state, row.remote_id, row.url, row.delivered_at) == (
        "delivered",
        "1",
        "https://shelf.test/1",
        NOW,
    )
    assert shelf.objects["1"]["content"] == {"title": "a"}
    assert [verb for verb, _ in shelf.log] == ["find", "write", "read"]
    assert outcomes_of("a") == ["delivered"]


def test_running_it_again_changes_nothing(connection: Connection, shelf: Shelf, time: Time) -> None:
    send(connection, "a")
    deliver(time)

    assert send(connection, "a") == []
    assert deliver(time) == 0

    assert shelf.writes == ["a"]
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize(
    "error",
    [lost(), Unknown("The other side answered 502."), Unknown("The answer is not complete JSON.")],
)
def test_a_lost_answer_is_looked_up_after_the_settle_time_and_not_repeated(
    connection: Connection, shelf: Shelf, time: Time, error: Exception
) -> None:
    shelf.after = [error]
    send(connection, "a")

    deliver(time)
    assert state_of("a") == "unknown"
    assert deliver(time.on(seconds=shelf.consistency_delay_s - 1)) == 0
    deliver(time.on(seconds=2))

    assert state_of("a") == "delivered"
    assert shelf.writes == ["a"]
    assert len(shelf.objects) == 1
    assert outcomes_of("a") == ["unknown", "found"]


def test_a_lost_answer_to_what_was_never_done_is_written_after_looking(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [lost()]
    send(connection, "a")

    deliver(time)
    deliver(time.on(seconds=40))

    assert state_of("a") == "delivered"
    assert [verb for verb, _ in shelf.log] == ["find", "write", "find", "write", "read"]
    assert len(shelf.objects) == 1


def test_a_lost_answer_to_a_change_of_a_known_object_is_no_conflict_with_ourselves(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    send(connection, "a")
    deliver(time)
    shelf.after = [lost()]
    send(connection, "b")
    deliver(time)

    deliver(time.on(seconds=40))
    send(connection, "c")
    deliver(time)

    assert [state_of(key) for key in "abc"] == ["delivered"] * 3
    assert shelf.writes == ["a", "b", "c"]
    assert len(shelf.objects) == 1


def test_an_error_after_the_write_keeps_what_was_written(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.reading = [Temporary("The other side answered 503.")]
    send(connection, "a")

    deliver(time)

    row = Outbound.objects.get(key="a")
    assert (row.state, row.remote_id) == ("unknown", "1")
    deliver(time.on(seconds=40))
    assert state_of("a") == "delivered"
    assert shelf.writes == ["a"]


def test_what_was_thanked_for_and_not_done_is_not_called_done(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.drops = 9
    send(connection, "a")

    for _ in range(5):
        deliver(time.on(minutes=5))

    assert state_of("a") == "dead"
    assert outcomes_of("a") == ["differs"] * 3
    assert "not there" in Outbound.objects.get(key="a").last_error


def test_a_busy_other_side_is_asked_again_when_it_said_and_not_before(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("The other side answered 429.", after_s=30)]
    send(connection, "a")

    deliver(time)
    assert deliver(time.on(seconds=29)) == 0
    deliver(time.on(seconds=2))

    assert state_of("a") == "delivered"
    assert outcomes_of("a") == ["temporary", "delivered"]


def test_what_failed_too_often_is_dead_with_an_owner(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("The other side answered 503.")] * 100
    send(connection, "a")

    for _ in range(40):
        deliver(time.on(minutes=40))

    assert state_of("a") == "dead"
    assert len(outcomes_of("a")) == 12
    case = ExceptionCase.objects.get()
    assert case.reason == Reason.FAILED_DELIVERY
    assert case.item.owner_id is not None
    assert not case.blocking


def test_a_permanent_refusal_is_dead_at_once_with_the_vendors_words(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Permanent("The other side answered 422: title is too long", 422)]
    request = make_request(world.acme)
    send(connection, "a", item_id=request.item_id)

    deliver(time)

    assert state_of("a") == "dead"
    case = ExceptionCase.objects.get()
    assert case.evidence["message"] == "The other side answered 422: title is too long"
    assert case.evidence["connection"] == "shelf-main"
    assert (case.item.owner_id, case.item.parent_id) == (world.alice.pk, request.item_id)


def test_each_work_that_fails_has_an_exception_of_its_own_and_the_same_work_only_one(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Permanent("No.")] * 4
    one, other = make_request(world.acme), make_request(world.acme)
    send(connection, "a", item_id=one.item_id, obj="thing:1")
    send(connection, "b", item_id=one.item_id, obj="thing:2")
    send(connection, "c", item_id=other.item_id, obj="thing:3")
    send(connection, "d", obj="thing:4")

    deliver(time)

    told = sorted(str(case.evidence.get("work")) for case in ExceptionCase.objects.all())
    assert told == sorted([one.item.ref, other.item.ref, "None"])


def test_refused_credentials_are_told_once_and_stop_the_storm(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [CredentialsRefused("The other side answered 401: no such token", 401)] * 9
    for number in range(5):
        send(connection, f"a{number}", obj=f"thing:{number}")

    deliver(time)
    assert len(shelf.writes) == 1
    deliver(time.on(minutes=6))

    assert len(shelf.writes) == 2
    assert ExceptionCase.objects.count() == 1


def test_an_error_that_nobody_foresaw_is_recorded_and_looked_up(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.after = [KeyError("id")]
    send(connection, "a", "b", obj="thing:1")
    send(connection, "c", obj="thing:2")

    deliver(time)

    assert (state_of("a"), state_of("b"), state_of("c")) == ("unknown", "pending", "delivered")
    deliver(time.on(minutes=1))
    assert state_of("a") == state_of("b") == "delivered"


def test_the_link_of_work_knows_what_we_wrote_last(
    connection: Connection, time: Time, world: World
) -> None:
    item = make_request(world.acme).item_id
    send(connection, "a", item_id=item, object_type="page")
    deliver(time)
    [row] = send(connection, "b", item_id=item, object_type="page")

    deliver(time)

    link = ExternalLink.objects.get()
    assert (link.item_id, link.remote_id, link.url, link.digest) == (
        item,
        "1",
        "https://shelf.test/1",
        row.digest,
    )


def test_an_object_that_stands_for_something_else_is_a_conflict(
    connection: Connection, time: Time, world: World
) -> None:
    one, other = make_request(world.acme).item_id, make_request(world.acme).item_id
    ExternalLink.objects.create(
        connection=connection, object_type="page", remote_id="1", item_id=other
    )

    send(connection, "a", item_id=one, object_type="page")
    deliver(time)

    assert state_of("a") == "dead"
    assert ExceptionCase.objects.get().reason == Reason.REMOTE_CONFLICT


def test_those_who_react_are_told_in_the_same_transaction(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    told: list[tuple[str, str, str]] = []
    on_delivered("test.good")(
        lambda row, by, at: told.append(("delivered", row.remote_id, row.url))
    )
    on_dead("test.bad")(lambda row, by, at: told.append(("dead", row.last_error, "")))
    send(connection, "good", obj="thing:1")
    deliver(time)
    shelf.before = [Permanent("No.")]

    send(connection, "bad", obj="thing:2")
    deliver(time)

    assert told == [("delivered", "1", "https://shelf.test/1"), ("dead", "No.", "")]


def test_a_pause_begins_when_the_call_failed_and_not_when_it_began(
    connection: Connection, shelf: Shelf, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(message: OutboxMessage) -> Written | None:
        time.on(seconds=61)
        raise Temporary("No complete answer in time.")

    monkeypatch.setattr(shelf, "find", find)
    for number in range(5):
        send(connection, f"a{number}", obj=f"thing:{number}")

    deliver(time)

    connection.refresh_from_db()
    assert connection.paused_until == time.now + timedelta(seconds=FIRST_PAUSE_S)
