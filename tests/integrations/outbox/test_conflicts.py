"""
Objects changed, removed or duplicated in the external system are shown to a person and not
overwritten.
"""

from __future__ import annotations

from integrations.inbox.forget import forget_sent
from integrations.models import Connection, Outbound
from integrations.outbox.operations.replay import replay
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from tests.integrations.outbox.remote import Shelf, Time, deliver, send, state_of
from tests.world import NOW, World, by


def test_14_what_a_person_edited_there_is_not_written_over(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    send(connection, "a")
    deliver(time)
    shelf.objects["1"]["content"], shelf.objects["1"]["changed"] = {"title": "By hand"}, 2

    send(connection, "b")
    deliver(time)

    assert state_of("b") == "dead"
    assert shelf.objects["1"]["content"] == {"title": "By hand"}
    assert ExceptionCase.objects.get().reason == Reason.REMOTE_CONFLICT


def test_16_two_objects_that_could_be_it_are_a_conflict_until_one_is_gone(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.objects = {key: {"object": "thing:1", "content": {}, "changed": 1} for key in ("1", "2")}
    [row] = send(connection, "a")
    deliver(time)
    assert state_of("a") == "dead"
    assert "2 objects" in Outbound.objects.get(key="a").last_error
    del shelf.objects["2"]

    replay([row.pk], by=by(world.ivan), at=time.now, reason="One was removed.")
    deliver(time)

    assert state_of("a") == "delivered"
    assert shelf.objects["1"]["content"] == {"title": "a"}
    assert not ExceptionCase.objects.filter(state__in=ExceptionCase.open_states).exists()


def test_an_erased_address_is_in_nothing_that_went_out(
    connection: Connection, world: World
) -> None:
    send(
        connection,
        "a",
        content={"body": "Write to Carla@acme.test.", "list": ["carla@acme.test", "x"]},
    )

    forget_sent(1, "carla@acme.test", NOW)

    assert Outbound.objects.get().content == {"body": "Write to .", "list": ["", "x"]}
