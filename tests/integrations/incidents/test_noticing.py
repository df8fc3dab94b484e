"""I4: what opens an incident beside the breaker, and by which limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from integrations.base.adapter import CredentialsRefused, Temporary
from integrations.incidents.models import Incident
from integrations.incidents.operations.watching import watch_incidents
from integrations.models import Attempt, Connection, Outbound
from routing.models import User
from tests.integrations.outbox.remote import Shelf, Time, deliver, send

pytestmark = pytest.mark.requirement("I1", "I4", "E7")


def tried(connection: Connection, outcomes: Sequence[str], time: Time) -> None:
    """Record attempts that ended now, each of a message of its own."""
    first = Outbound.objects.count()
    for number, outcome in enumerate(outcomes, first):
        [row] = send(connection, f"t{number}", obj=f"tried:{number}", at=time.now)
        Attempt.objects.create(
            outbound=row, number=1, started_at=time.now, ended_at=time.now, outcome=outcome
        )
    Outbound.objects.filter(key__startswith="t").update(
        state="delivered", delivered_at=time.now, attempts=1
    )


def signals() -> list[str]:
    return list(Incident.objects.order_by("pk").values_list("signal", flat=True))


def test_a_fifth_of_twenty_calls_is_an_incident_and_other_limits_are_the_connections_own(
    connection: Connection, time: Time, keeper: User
) -> None:
    tried(connection, ["delivered"] * 15 + ["temporary"] * 4, time)
    watch_incidents(at=time.now)
    assert signals() == []  # 4 of 19

    Connection.objects.update(incident_percent=25)
    tried(connection, ["delivered"], time)
    watch_incidents(at=time.now)
    assert signals() == []  # 4 of 20, which is less than a quarter

    Connection.objects.update(incident_percent=None)
    watch_incidents(at=time.now)
    watch_incidents(at=time.now)
    assert signals() == ["errors"]
    assert Incident.objects.get().item.owner == keeper


def test_old_errors_and_those_of_our_workers_are_none(connection: Connection, time: Time) -> None:
    tried(connection, ["temporary"] * 30, time)
    time.on(minutes=11)
    tried(connection, ["lost"] * 30 + ["delivered"] * 20, time)

    watch_incidents(at=time.now)

    assert signals() == []


def test_a_backlog_that_nobody_takes_is_an_incident_and_joins_an_open_one(
    connection: Connection, time: Time
) -> None:
    send(connection, "a", at=time.now)
    watch_incidents(at=time.on(minutes=14).now)
    assert signals() == []

    watch_incidents(at=time.on(minutes=2).now)
    assert signals() == []  # after a downtime, workers need a moment
    watch_incidents(at=time.on(minutes=1).now)
    assert signals() == ["backlog"]

    tried(connection, ["permanent"] * 20, time)
    watch_incidents(at=time.now)
    found = Incident.objects.get()
    assert (found.signals, found.joined) == (["errors"], 1)


def test_a_refused_key_is_an_incident_and_a_system_that_asks_to_wait_is_none(
    connection: Connection, shelf: Shelf, time: Time
) -> None:
    shelf.before = [Temporary("The other side answered 429.", 600, status=429)]
    send(connection, "a", at=time.now)
    deliver(time)
    watch_incidents(at=time.now)
    assert signals() == []

    time.on(minutes=11)
    shelf.before = [CredentialsRefused("The other side answered 401.", 401)]
    deliver(time)
    assert signals() == ["breaker"]


def test_an_open_breaker_that_nobody_told_of_is_found_by_the_sweep(
    connection: Connection, time: Time
) -> None:
    Connection.objects.filter(pk=connection.pk).update(
        failures=5, failing_since=time.now, paused_until=time.now + timedelta(minutes=1)
    )

    watch_incidents(at=time.now)

    assert signals() == ["breaker"]
