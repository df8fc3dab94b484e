"""H12: the state of an outbox message is held against its attempts and what people did to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.base.adapter import Permanent, Temporary, Unknown
from integrations.models import Connection, Outbound
from integrations.outbox.operations.replay import discard, replay
from routing.audit.operations.seals import seal
from routing.audit.present import present_faults
from routing.kernel.sql import run
from tests.integrations.outbox.remote import Shelf, Time, deliver, lease_all, send, state_of
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("A2")


def faults() -> list[str]:
    table = Outbound._meta.db_table
    return [each for each in present_faults() if each.startswith(table)]


@pytest.fixture
def messages(connection: Connection, shelf: Shelf, time: Time) -> dict[str, Outbound]:
    """One message in each state that an attempt leads to, and one that waits, after a seal."""
    seal(at=NOW - timedelta(days=1))
    fates = {
        "delivered": None,
        "dead": Permanent("no", 400),
        "retrying": Temporary("later", 60, status=503),
        "unknown": Unknown("no answer"),
    }
    for state, error in fates.items():
        shelf.before.append(error)
        send(connection, state, obj=f"thing:{state}")
        deliver(time)
        Connection.objects.update(paused_until=None, failing=[], failing_since=None)
    send(connection, "pending", obj="thing:pending")
    return {row.key: row for row in Outbound.objects.filter(connection=connection)}


def test_h12_messages_in_every_state_are_accounted_for(
    messages: dict[str, Outbound], world: World, time: Time
) -> None:
    assert {key: state_of(key) for key in messages} == {key: key for key in messages}
    assert faults() == []

    replay([messages["dead"].pk], by=by(world.ivan), at=time.now, reason="It is mended")
    discard([messages["retrying"].pk], by=by(world.ivan), at=time.now, reason="Not wanted")
    assert faults() == []
    assert lease_all(time.on(hours=1).now)
    assert faults() == []


@pytest.mark.parametrize(
    ("key", "state", "says"),
    [
        ("delivered", "pending", "is pending, although its newest attempt says delivered"),
        ("delivered", "discarded", "is discarded, although its newest attempt says delivered"),
        ("delivered", "leased", "is leased, although its newest attempt says delivered"),
        ("pending", "delivered", "is delivered, and no attempt says so"),
        ("pending", "discarded", "is discarded, and its history does not say so"),
        ("dead", "discarded", "is discarded, and its history does not say so"),
        ("pending", "superseded", "is superseded, and no newer message takes its place"),
        ("pending", "held", "is held, and no message of its object failed"),
        ("pending", "dead", "is dead, and no attempt says so"),
        ("dead", "delivered", "is delivered, although its newest attempt says permanent"),
        ("unknown", "delivered", "is delivered, although its newest attempt says unknown"),
        ("retrying", "leased", "is leased, although its newest attempt says temporary"),
    ],
)
def test_h12_a_state_that_no_attempt_accounts_for_is_found(
    messages: dict[str, Outbound], key: str, state: str, says: str
) -> None:
    row = messages[key]

    run(
        "UPDATE integrations_outbound SET state = %s, delivered_at = now(), leased_until = now() "
        "WHERE id = %s",
        [state, row.pk],
    )

    assert faults() == [f"integrations_outbound: row {row.pk} {says}"]


def test_h12_messages_that_are_superseded_or_held_are_accounted_for(
    messages: dict[str, Outbound], connection: Connection
) -> None:
    for number in range(2):
        send(connection, f"next:{number}", obj="thing:pending", verb="test.pending")
        send(connection, f"behind:{number}", obj="thing:dead")

    states = [state_of("pending"), *(state_of(f"{key}:1") for key in ("next", "behind"))]
    assert states == ["superseded", "pending", "held"]
    assert faults() == []


def test_h12_a_discarded_message_that_comes_back_is_found(
    messages: dict[str, Outbound], world: World, time: Time
) -> None:
    row = messages["pending"]
    discard([row.pk], by=by(world.ivan), at=time.now, reason="Not wanted")

    run("UPDATE integrations_outbound SET state = 'pending' WHERE id = %s", [row.pk])

    assert faults() == [f"integrations_outbound: row {row.pk} was discarded, and is pending"]
