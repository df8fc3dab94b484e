"""I10: a connection that fails for long, or loses its answers, is the case of its health owner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.base.adapter import CredentialsRefused, OutboxMessage, Temporary, Unknown, Written
from integrations.models import Connection, Outbound
from integrations.outbox.failing import watch_connections
from routing.kernel.reasons import Reason
from routing.kernel.roles import INTEGRATIONS
from routing.models import ExceptionCase, Notification, User
from routing.runs.operations.exceptions import dismiss, resolve
from routing.runs.operations.own_failures import own_failures
from tests.integrations.outbox.remote import Shelf, Time, deliver, lost, send
from tests.world import World, by, make_request, make_user

pytestmark = pytest.mark.requirement("I1", "I4", "I5")


@pytest.fixture
def keeper(connection: Connection) -> User:
    owner, backup = make_user("Keeper", INTEGRATIONS), make_user("Spare", INTEGRATIONS)
    connection.health_owner, connection.health_backup = owner, backup
    connection.save(update_fields=["health_owner", "health_backup"])
    return owner


def waiting(connection: Connection, number: int, time: Time) -> None:
    for each in range(number):
        send(connection, f"a{each}", obj=f"thing:{each}", at=time.now)


def go_on(time: Time, minutes: int) -> None:
    """What workers and beat do in this time."""
    for _ in range(minutes * 2):
        deliver(time.on(seconds=30))
        watch_connections(at=time.now)


def case() -> ExceptionCase:
    return ExceptionCase.objects.get(reason=Reason.CONNECTION_FAILING)


@pytest.mark.requirement("N14")
def test_i10_every_create_whose_answer_is_lost_is_one_exception_of_the_health_owner_in_minutes(
    connection: Connection, shelf: Shelf, time: Time, world: World, keeper: User
) -> None:
    shelf.after = [lost() for _ in range(500)]
    request = make_request(world.acme)
    for number in range(24):
        send(connection, f"a{number}", obj=f"thing:{number}", item_id=request.item_id)

    go_on(time, 7)

    found = case()
    assert (found.item.owner, found.item.backup_id) == (keeper, connection.health_backup_id)
    assert (found.item.parent, found.run) == (None, None)
    assert found.evidence["connection"] == connection.slug
    assert found.evidence["message"] == "No complete answer in time."
    assert Notification.objects.filter(recipient=keeper, item=found.item).count() == 1


def test_i10_answers_that_are_mostly_lost_while_some_pass_are_told_too(
    connection: Connection, shelf: Shelf, time: Time, keeper: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, turns = shelf.write, iter(range(10_000))

    def lose_two_of_three(message: OutboxMessage, known: Written | None) -> Written:
        written = write(message, known)
        if next(turns) % 3:
            raise lost()
        return written

    monkeypatch.setattr(shelf, "write", lose_two_of_three)
    for number in range(24):
        send(connection, f"a{number}", obj=f"thing:{number}", at=time.now)
        go_on(time, 1)
        if ExceptionCase.objects.exists():
            break

    assert "are lost" in case().evidence["message"]
    assert case().item.owner == keeper


@pytest.mark.parametrize(
    "error",
    [
        Temporary("The other side answered 503: no reason given.", status=503),
        Temporary("The connection failed (ConnectError)."),
        Unknown("The other side answered 500: no reason given.", status=500, of_object=True),
    ],
)
def test_i10_a_connection_that_fails_for_five_minutes_is_told_once(
    connection: Connection, shelf: Shelf, time: Time, keeper: User, error: Temporary
) -> None:
    shelf.before = [error] * 500
    waiting(connection, 8, time)

    go_on(time, 4)
    assert not ExceptionCase.objects.exists()
    go_on(time, 8)
    own_failures(at=time.now)

    assert case().item.owner == keeper
    assert case().evidence["waiting"] == 8


def test_i10_it_is_withdrawn_once_the_connection_answers_and_all_is_sent(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("The other side answered 503.", status=503)] * 500
    waiting(connection, 8, time)
    go_on(time, 6)
    assert case().state in ExceptionCase.open_states

    shelf.before = []
    go_on(time, 9)

    assert case().state == ExceptionCase.State.DISMISSED
    assert set(Outbound.objects.values_list("state", flat=True)) == {"delivered"}


def test_i10_resolving_it_tries_one_message_at_once_and_then_the_rest(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    Connection.objects.update(call_s=0.1)
    shelf.before = [Temporary("The other side answered 503.", status=503)] * 500
    waiting(connection, 12, time)
    go_on(time, 6)
    connection.refresh_from_db()
    assert connection.is_paused(time.now)

    [refused] = dismiss([case().pk], by=by(world.olga), at=time.now, reason="Not now.")
    assert [each.code for each in refused.refusals] == ["still_failed"]
    shelf.before = []
    [done] = resolve([case().pk], by=by(world.olga), at=time.now, reason="The host is back.")
    assert done.done
    assert deliver(time) == 6  # the one that goes first, and the first five of the rest
    deliver(time.on(seconds=1))
    deliver(time.on(seconds=1))

    assert len(shelf.objects) == 12


def test_i10_resolving_it_too_early_pauses_again_and_it_is_told_again(
    connection: Connection, shelf: Shelf, time: Time, world: World
) -> None:
    shelf.before = [Temporary("The other side answered 503.", status=503)] * 500
    waiting(connection, 8, time)
    go_on(time, 6)
    resolve([case().pk], by=by(world.olga), at=time.now, reason="The host says so.")
    tried = len(shelf.log)

    deliver(time)
    connection.refresh_from_db()
    assert connection.is_paused(time.now)
    assert len(shelf.log) - tried <= 2
    go_on(time, 9)

    assert ExceptionCase.objects.filter(reason=Reason.CONNECTION_FAILING).count() == 2


def test_i10_refused_credentials_have_their_own_exception_and_no_second_one(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [CredentialsRefused("The other side answered 401: no such token", 401)] * 99
    waiting(connection, 4, time)

    go_on(time, 12)

    assert ExceptionCase.objects.get().evidence["refused"] is True


def test_i10_one_failure_or_a_short_one_is_nobodys_case(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("The other side answered 503.", status=503)] * 6
    waiting(connection, 8, time)

    go_on(time, 10)

    assert not ExceptionCase.objects.exists()
    assert set(Outbound.objects.values_list("state", flat=True)) == {"delivered"}


def test_i10_a_system_that_asks_for_an_hour_is_told(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("The other side answered 429.", 3600, status=429)]
    waiting(connection, 2, time)

    deliver(time)
    watch_connections(at=time.now + timedelta(minutes=6))

    assert "429" in case().evidence["message"]
