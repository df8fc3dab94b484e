"""After a pause one change goes first; when it was answered the rest follow, five a second."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.base import doorbell
from integrations.base.adapter import CredentialsRefused, Temporary
from integrations.base.doorbell import Call
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Attempt, Connection, Outbound
from integrations.outbox.cases import health_places
from integrations.outbox.heads import overdue
from integrations.outbox.operations.replay import resume
from integrations.outbox.take import take
from integrations.tasks import deliver as task
from routing.kernel.roles import INTEGRATIONS
from routing.models import ExceptionCase
from routing.people.actors import Actor
from routing.runs.owners import Staff, owners_for
from tests.integrations.outbox.remote import Shelf, Time, deliver, send, state_of
from tests.world import NOW, World, make_request, make_user

REFUSED = CredentialsRefused("The other side answered 401: no such token", 401)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    heard: list[Call] = []
    monkeypatch.setattr(doorbell.outbound, "ring", heard.extend)
    return heard


@pytest.fixture
def rested(connection: Connection) -> Connection:
    """A connection that was quick, and whose pause ends now."""
    Connection.objects.update(call_s=0.1, failures=5, paused_until=NOW)
    connection.refresh_from_db()
    return connection


def waiting(connection: Connection, number: int) -> list[Outbound]:
    return [send(connection, f"a{each}", obj=f"thing:{each}")[0] for each in range(number)]


def test_after_a_pause_one_goes_first_and_the_others_are_left(rested: Connection) -> None:
    rows = waiting(rested, 3)

    assert [take(row.pk, at=NOW) is not None for row in rows] == [True, False, False]
    Outbound.objects.exclude(pk=rows[0].pk).update(due_at=NOW - timedelta(minutes=1))
    assert len(overdue(NOW)) == 1


def test_its_success_sends_the_rest_five_a_second(rested: Connection, calls: list[Call]) -> None:
    rows = waiting(rested, 21)
    calls.clear()

    task(outbound_id=rows[0].pk)

    assert [call.outbound_id for call in calls] == [row.pk for row in rows[1:]]
    assert [call.after_s for call in calls] == [float(place // 5) for place in range(20)]
    assert {call.queue for call in calls} == {"outbound"}


def test_the_rows_themselves_keep_the_rate_whoever_comes_early(
    rested: Connection, shelf: Shelf, time: Time
) -> None:
    waiting(rested, 21)

    assert deliver(time) == 6
    assert deliver(time.on(seconds=0.9)) == 0
    assert deliver(time.on(seconds=0.1)) == 5
    deliver(time.on(seconds=2))

    assert len(shelf.objects) == 21


def test_a_slow_connection_gets_one_after_the_other(rested: Connection, calls: list[Call]) -> None:
    Connection.objects.update(call_s=8.0)
    rows = waiting(rested, 10)
    calls.clear()

    task(outbound_id=rows[0].pk)

    assert [call.outbound_id for call in calls] == [rows[1].pk]


def test_its_failure_pauses_again_and_sends_nothing(
    rested: Connection, shelf: Shelf, calls: list[Call]
) -> None:
    shelf.before = [Temporary("The other side answered 503.")]
    rows = waiting(rested, 10)
    calls.clear()

    task(outbound_id=rows[0].pk)

    assert calls == []
    assert Connection.objects.get(pk=rested.pk).is_paused(NOW)
    assert shelf.writes == ["a0"]


def test_a_new_key_is_tried_by_one_and_then_all_follow_in_seconds(
    connection: Connection, shelf: Shelf, time: Time, calls: list[Call]
) -> None:
    Connection.objects.update(call_s=0.1)
    shelf.before = [REFUSED]
    rows = waiting(connection, 20)
    deliver(time)
    Outbound.objects.filter(pk=rows[1].pk).update(
        state="retrying", attempts=1, due_at=time.now + timedelta(seconds=301)
    )
    Connection.objects.update(failures=0, paused_until=time.on(minutes=1).now)
    connection.refresh_from_db()

    resume(connection, by=Actor.system(), at=time.now)

    assert deliver(time) == 6
    for _ in range(3):
        deliver(time.on(seconds=1))
    assert len(shelf.objects) == 20
    assert {row.state for row in Outbound.objects.filter(connection=connection)} == {"delivered"}


def test_i8_after_a_mend_all_that_failed_follows_at_once_and_not_after_its_own_backoff(
    rested: Connection, shelf: Shelf, time: Time
) -> None:
    rows = waiting(rested, 12)
    later = time.now + timedelta(minutes=20)
    failed = Outbound.objects.filter(pk__in=[row.pk for row in rows[1:]])
    failed.update(state="retrying", attempts=6, begun_at=NOW, due_at=later)
    [planned] = send(rested, "planned", obj="thing:p", due_at=later)
    Outbound.objects.filter(pk=rows[-1].pk).update(state="unknown", look_first=True)
    Attempt.objects.create(
        outbound=rows[-1],
        number=1,
        started_at=NOW,
        ended_at=NOW - timedelta(seconds=59),
        outcome="unknown",
    )

    assert deliver(time) == 6
    for _ in range(3):
        deliver(time.on(seconds=1))

    assert len(shelf.objects) == 11
    left = dict(Outbound.objects.exclude(state="delivered").values_list("key", "due_at"))
    assert left == {"a11": later, "planned": planned.due_at}


def test_i8_a_new_address_is_tried_at_once_by_one_change(
    hubspot: Connection, rings: list[str]
) -> None:
    Connection.objects.update(failures=7, paused_until=NOW + timedelta(minutes=5))
    [row] = send(hubspot, "a", obj="deal:1")
    Outbound.objects.update(state="retrying", due_at=NOW + timedelta(minutes=6))
    wanted = ConnectionSettings(
        "hubspot", hubspot.slug, base_url="https://new.example", token="token-of-tests"
    )

    connect(wanted, by=Actor.system(), at=NOW)

    hubspot.refresh_from_db()
    assert (hubspot.is_paused(NOW), hubspot.takes_many) == (False, False)
    assert Outbound.objects.get(pk=row.pk).due_at == NOW


@pytest.mark.requirement("N14")
def test_a_refused_key_is_told_to_the_health_owner_and_not_to_whose_page_came_first(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [REFUSED]
    keeper, spare = make_user("Keeper", INTEGRATIONS), make_user("Spare", INTEGRATIONS)
    connection.health_owner, connection.health_backup = keeper, spare
    connection.save(update_fields=["health_owner", "health_backup"])
    send(connection, "a", item_id=make_request(world.acme).item_id)

    deliver(time)

    case = ExceptionCase.objects.get()
    assert (case.item.owner, case.item.backup, case.item.parent) == (keeper, spare, None)
    assert case.evidence["refused"] is True


def test_without_a_health_owner_an_integrations_owner_answers_for_it(
    connection: Connection, world: World
) -> None:
    found = owners_for(health_places(connection), Staff.at(NOW))
    assert found.owner_id == world.ivan.pk

    world.ivan.is_active = False
    world.ivan.save(update_fields=["is_active"])
    found = owners_for(health_places(connection), Staff.at(NOW))
    assert (found.owner_id, found.backup_id) == (world.agency.owner_id, world.agency.backup_id)


def test_the_case_of_a_refused_key_stays_until_all_it_failed_is_settled(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [REFUSED, REFUSED]
    for number in range(2):
        send(
            connection,
            f"a{number}",
            obj=f"thing:{number}",
            item_id=make_request(world.acme).item_id,
        )
    deliver(time)
    deliver(time.on(minutes=6))
    send(connection, "b", obj="thing:9")
    deliver(time.on(minutes=6))
    assert state_of("b") == "delivered"
    assert ExceptionCase.objects.get().state in ExceptionCase.open_states

    resume(connection, by=Actor.system(), at=time.now)
    deliver(time)

    assert {state_of("a0"), state_of("a1")} == {"delivered"}
    assert ExceptionCase.objects.get().state not in ExceptionCase.open_states


def test_a_new_key_is_tried_at_once_by_one_change(hubspot: Connection) -> None:
    Connection.objects.update(failures=7, paused_until=NOW + timedelta(minutes=5))

    connect(ConnectionSettings("hubspot", hubspot.slug, token="another"), by=Actor.system(), at=NOW)

    hubspot.refresh_from_db()
    assert (hubspot.failures, hubspot.is_paused(NOW), hubspot.takes_many) == (0, False, False)
