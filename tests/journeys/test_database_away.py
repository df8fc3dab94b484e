"""
PostgreSQL ends every session, or lets nobody in for a while: worker and beat come back by
themselves, and each deal is told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from psycopg import sql

from integrations.models import Outbound
from tests.journeys.flight import Flight
from tests.processes import BEATING, WORKER, running, until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
]
END = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
)


class Server:
    def __init__(self, superuser: psycopg.Connection) -> None:
        self._superuser, self._name = superuser, str(connection.settings_dict["NAME"])

    def hang_up(self) -> int:
        """End all sessions of this database but the test's own; how many there were."""
        [(ended,)] = self._superuser.execute(
            END, [self._name, connection.connection.info.backend_pid]
        )
        return int(ended)

    @contextmanager
    def away(self) -> Iterator[None]:
        """As while it restarts: nobody has a session, and nobody gets one."""
        self._let_in(welcome=False)
        self.hang_up()
        yield
        self._let_in(welcome=True)

    def _let_in(self, *, welcome: bool) -> None:
        verb = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        self._superuser.execute(verb.format(sql.Identifier(self._name), sql.Literal(welcome)))


@pytest.fixture
def server(superuser_dsn: str, flight: Flight) -> Iterator[Server]:
    with psycopg.connect(superuser_dsn, autocommit=True) as superuser:
        yield Server(superuser)


def leases_run_out() -> None:
    """End the leases of a worker whose session was ended, as if the minutes had passed."""
    past = timezone.now() - timedelta(seconds=1)
    Outbound.objects.filter(state=Outbound.State.LEASED).update(leased_until=past, due_at=past)


def test_a_database_that_hangs_up_or_goes_away_loses_and_doubles_nothing(
    flight: Flight, server: Server
) -> None:
    """One start of worker and beat for two faults: each costs seconds."""
    with running(WORKER, BEATING) as processes:
        with flight.in_the_air():
            assert server.hang_up() > 0
            flight.post(1)
        until(
            lambda: "OperationalError" in processes[0].said(),
            "The worker did not miss its session.",
        )
        leases_run_out()
        flight.land("Nothing went on after all sessions were ended.")

        with server.away():
            flight.post(1)
            seen = processes[0].said().count("OperationalError")
            until(
                lambda: processes[0].said().count("OperationalError") > seen,
                "The worker did not miss its database.",
            )
        flight.land("Nothing went on after the database was back.")

        assert [each.popen.poll() for each in processes] == [None, None]
    flight.check(written=2)
