"""Of one remote object, one thing after the other; of others, nobody waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction

from integrations.base.adapter import Permanent, Temporary
from integrations.models import Connection, Outbound
from integrations.outbox.heads import heads
from integrations.outbox.operations.replay import discard, replay
from routing.models import Event, ExceptionCase
from routing.work.operations.items import hold
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import (
    KIND,
    Shelf,
    ShelfAdapter,
    Time,
    deliver,
    lease_all,
    send,
    state_of,
)
from tests.threads import at_once
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.requirement("E14", "N3")


def test_only_the_lowest_unfinished_intent_of_an_object_is_leased(
    connection: Connection, time: Time
) -> None:
    rows = send(connection, "a", "b", "c")
    other = send(connection, "d", obj="thing:2")

    leases = lease_all(NOW)

    assert [change.row.pk for change in leases] == [rows[0].pk, other[0].pk]
    assert lease_all(NOW) == []


def test_each_head_is_found_by_itself_however_many_messages_wait(connection: Connection) -> None:
    """Also while PostgreSQL has not counted them yet: it compared each with all the others."""
    if _was_counted():
        pytest.skip("Autovacuum counted the table while it had fewer rows, and plans follow it.")
    for number in range(150):
        send(connection, f"key{number}", obj=f"thing:{number}")

    [plan] = json.loads(heads(NOW).explain(analyze=True, format="json"))
    compared = max(_rows_read(plan["Plan"]))

    assert heads(NOW).count() == 150
    assert compared <= 2 * 150


def _was_counted() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'integrations_outbound'")
        [(rows,)] = cursor.fetchall()
    return bool(rows >= 0)


def _rows_read(plan: dict[str, Any]) -> Iterator[float]:
    """Yield how many rows each part of a plan gave or threw away, all its loops together."""
    dropped = plan.get("Rows Removed by Join Filter", 0) + plan.get("Rows Removed by Filter", 0)
    yield plan["Actual Loops"] * (plan["Actual Rows"] + dropped)
    for part in plan.get("Plans", ()):
        yield from _rows_read(part)


def test_all_of_one_object_arrive_in_the_order_they_were_meant(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [None, Temporary("Busy.")]
    send(connection, "a", "b", "c")

    deliver(time)
    assert shelf.writes == ["a", "b"]
    deliver(time.on(minutes=1))

    assert shelf.writes == ["a", "b", "b", "c"]
    assert shelf.objects["1"]["content"] == {"title": "c"}


def test_a_newer_intent_takes_the_place_of_older_ones_not_begun(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    for name in "abc":
        send(connection, name, verb="test.update")

    deliver(time)

    assert [state_of(key) for key in "abc"] == ["superseded", "superseded", "delivered"]
    assert shelf.writes == ["c"]


def test_what_was_begun_is_finished_before_a_newer_one(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("Busy.")]
    send(connection, "a", verb="test.update")
    deliver(time)

    send(connection, "b", verb="test.update")
    deliver(time.on(minutes=1))

    assert [state_of(key) for key in "ab"] == ["delivered", "delivered"]


def test_behind_a_dead_one_the_rest_are_held_also_those_that_come_later(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Permanent("No.")]
    send(connection, "a", "b")
    deliver(time)

    send(connection, "c")
    deliver(time.on(days=1))

    assert [state_of(key) for key in "abc"] == ["dead", "held", "held"]
    assert shelf.writes == ["a"]


def test_replaying_tries_anew_and_lets_the_rest_follow(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Permanent("No.")]
    rows = send(connection, "a", "b")
    deliver(time)

    [result] = replay(
        [rows[0].pk], by=by(world.olga), at=time.now, reason="They have corrected it."
    )
    assert result.done
    assert [state_of(key) for key in "ab"] == ["pending", "pending"]
    deliver(time)

    assert [state_of(key) for key in "ab"] == ["delivered", "delivered"]
    assert shelf.writes == ["a", "a", "b"]
    assert ExceptionCase.objects.get().state == ExceptionCase.State.DISMISSED
    kept = Outbound.objects.get(key="a").history.get()
    assert (kept.history_user_id, kept.history_change_reason) == (
        world.olga.pk,
        "They have corrected it.",
    )
    assert (
        Event.objects.filter(kind="integrations.outbound.replay", object_id=rows[0].pk).count() == 1
    )


def test_replaying_twice_is_refused_the_second_time(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Permanent("No.")]
    [row] = send(connection, "a")
    deliver(time)
    replay([row.pk], by=by(world.ivan), at=time.now, reason="Again.")

    [second] = replay([row.pk], by=by(world.ivan), at=time.now, reason="Again.")

    assert [refusal.code for refusal in second.refusals] == ["state"]


def test_discarding_frees_what_is_held_and_settles_the_exception(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Permanent("No.")]
    rows = send(connection, "a", "b")
    deliver(time)

    discard([rows[0].pk], by=by(world.ivan), at=time.now, reason="Not wanted any more.")
    deliver(time)

    assert [state_of(key) for key in "ab"] == ["discarded", "delivered"]
    assert ExceptionCase.objects.get().state == ExceptionCase.State.DISMISSED


def test_a_reason_is_asked_for(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Permanent("No.")]
    [row] = send(connection, "a")
    deliver(time)

    [result] = replay([row.pk], by=by(world.ivan), at=time.now, reason=" ")

    assert [refusal.code for refusal in result.refusals] == ["reason"]
    assert state_of("a") == "dead"


def test_only_those_who_may_replay_or_discard(connection: Connection, world: World) -> None:
    [row] = send(connection, "a")

    for user in (world.alice, world.audrey, world.cora):
        with pytest.raises(PermissionDenied):
            replay([row.pk], by=by(user), at=NOW, reason="Because.")
    for user in (world.olga, world.alice):
        with pytest.raises(PermissionDenied):
            discard([row.pk], by=by(user), at=NOW, reason="Because.")


def test_what_belongs_to_work_on_hold_waits_with_it(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    request = make_request(world.acme)
    hold([request.item_id], by=by(world.alice), at=NOW, reason="The client asked.")

    send(connection, "a", item_id=request.item_id)
    send(connection, "b", obj="thing:2")
    deliver(time)

    assert [state_of(key) for key in "ab"] == ["pending", "delivered"]


def test_a_connection_that_rests_leaves_the_others_going(
    connection: Connection, shelves: ShelfAdapter, shelf: Shelf, time: Time, world: World
) -> None:
    shelves.shelves["other"] = Shelf()
    other = make_connection(KIND, world, slug="other")
    shelf.before = [Temporary("The other side answered 429.", after_s=30)]
    for number in range(4):
        send(connection, f"a{number}", obj=f"thing:{number}")
        send(other, f"b{number}", obj=f"thing:{number}")

    deliver(time)

    assert len(shelves.shelves["other"].writes) == 4
    assert len(shelf.writes) == 1
    assert deliver(time.on(seconds=29)) == 0
    deliver(time.on(seconds=9))
    assert {state_of(f"a{number}") for number in range(4)} == {"delivered"}


def test_the_worker_is_woken_once_it_is_committed_and_never_for_what_is_undone(
    committed_connection: Connection, rings: list[str]
) -> None:
    with transaction.atomic():
        send(committed_connection, "a")
        assert rings == []
    assert rings == ["integrations.tasks.deliver"]

    with transaction.atomic():
        send(committed_connection, "b", obj="thing:2")
        transaction.set_rollback(True)

    assert rings == ["integrations.tasks.deliver"]
    assert not Outbound.objects.filter(key="b").exists()


def test_many_workers_at_once_never_hold_the_same_object(
    committed_connection: Connection, committed_world: World
) -> None:
    others = [make_connection(KIND, committed_world, slug=f"other-{n}") for n in range(3)]
    for number in range(12):  # as many of each connection as may be called at once
        send(
            [committed_connection, *others][number % 4],
            *(f"{number}-{place}" for place in range(3)),
            obj=f"thing:{number}",
        )

    taken = [change.row.pk for leases in at_once([lambda: lease_all(NOW)] * 4) for change in leases]

    assert len(taken) == len(set(taken)) == 12
    assert (
        len(set(Outbound.objects.filter(pk__in=taken).values_list("object_key", flat=True))) == 12
    )


def test_many_workers_at_once_write_everything_once_and_in_order(
    committed_connection: Connection, shelf: Shelf
) -> None:
    for number in range(8):
        send(
            committed_connection,
            *(f"{number}-{place}" for place in range(4)),
            obj=f"thing:{number}",
        )

    at_once([lambda: deliver(Time())] * 4)
    deliver(Time())

    assert sorted(shelf.writes) == sorted(
        f"{number}-{place}" for number in range(8) for place in range(4)
    )
    for number in range(8):
        mine = [key for key in shelf.writes if key.startswith(f"{number}-")]
        assert mine == sorted(mine)
    assert len(shelf.objects) == 8
    assert set(Outbound.objects.values_list("state", flat=True)) == {"delivered"}
