"""FAULTS 39: migrations over a million rows, while webhooks arrive and somebody holds a lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import StringIO
from itertools import count
from threading import Event as Flag
from time import monotonic

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django.live_server_helper import LiveServer

from config.storage import migrating, schema
from demo.sandbox.sender import Sender
from integrations.inbox import hooks
from integrations.inbox.listen import listening
from integrations.models import Connection, Inbound
from routing.models import Event
from tests.integrations.inbox.senders import SECRET, event, make_connection
from tests.test_migrations import released
from tests.world import World

pytestmark = [
    pytest.mark.drill,
    pytest.mark.real_clock,
    pytest.mark.timeout(400),
    pytest.mark.django_db(transaction=True, databases=["default", "owner"]),
]

ROWS = 1_000_000
STALL_S = 5.0  # HubSpot gives up then
HELD_S = 8.0
SENDERS = 3
EVENTS = """
    INSERT INTO routing_event (kind, source, dedupe_key, digest, subject_type, subject_id,
        from_state, to_state, actor_id, at)
    SELECT 'crm.deal.changed', 'before', n, md5(n::text), 'deal', n, '', '', %s,
        now() - n * interval '1 second'
    FROM generate_series(1, %s) n"""
WEBHOOKS = """
    INSERT INTO integrations_inbound (connection_id, received_at, last_received_at, deliveries,
        headers, raw, sha256, state, captured, repeated, conflicting, ignored, poison, reason,
        problems)
    SELECT %s, now() - n * interval '1 second', now(), 1, '{}', 'x', md5(n::text), 'processed', 1,
        0, 0, 0, (n %% 1000 = 0)::int, '', '[]'
    FROM generate_series(1, %s) n"""


@dataclass
class Intake:
    """Senders that post one signed webhook after the other, and how each was answered."""

    sender: Sender
    stop: Flag = field(default_factory=Flag)
    answers: list[tuple[int, float]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def post(self) -> None:
        while not self.stop.is_set():
            began = monotonic()
            status = self.sender.post([event(objectId=next(self.numbers))])
            self.answers.append((status, monotonic() - began))


@pytest.fixture
def connection(
    live_server: LiveServer, committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> Connection:
    """As code from before the new columns reads it: once, so that no statement names them."""
    made = make_connection("hubspot", committed_world)
    Connection.objects.update(public_url=live_server.url)
    found = listening(made.slug)
    assert found is not None
    monkeypatch.setattr(hooks, "listening", lambda slug: found)
    return found


@pytest.fixture
def full(superuser_dsn: str, connection: Connection) -> Iterator[None]:
    """A million events and a million webhooks. Afterwards every migration is applied again."""
    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(superuser_dsn, dbname=name, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(EVENTS, [connection.service_user_id, ROWS])
        superuser.execute(WEBHOOKS, [connection.pk, ROWS])
        superuser.execute("ANALYZE routing_event, integrations_inbound")
    yield
    call_command("migrate", verbosity=0, interactive=False)


@pytest.fixture
def intake(connection: Connection) -> Iterator[Intake]:
    sender = Sender(connection.hook_url, SECRET)
    yield Intake(sender)
    sender.close()


def go_back() -> None:
    """Without signals: rights and triggers belong to the tables of today."""
    owner = connections["owner"]
    targets = released(owner)

    migrating.beside_work(owner, lambda: MigrationExecutor(owner).migrate(targets), lambda _: None)


class Said(StringIO):
    """Says when it was told the first time that a lock was not to be had."""

    def __init__(self) -> None:
        super().__init__()
        self.gave_way = Flag()

    def write(self, text: str) -> int:
        if "Trying again" in text:
            self.gave_way.set()
        return super().write(text)


def hold(dsn: str, held: Flag, said: Said) -> None:
    """Read connections, as a long report does, and stay in that transaction."""
    name = connections["default"].settings_dict["NAME"]
    with psycopg.connect(dsn, dbname=name) as reader:
        reader.execute("SELECT FROM integrations_connection LIMIT 1")
        held.set()
        assert said.gave_way.wait(120)
        Flag().wait(HELD_S)


def test_39_webhooks_are_answered_while_a_million_rows_are_migrated(
    superuser_dsn: str, full: None, intake: Intake, record_property: Callable[[str, object], None]
) -> None:
    said, held = Said(), Flag()
    with ThreadPoolExecutor(SENDERS + 1) as pool:
        senders = [pool.submit(intake.post) for _ in range(SENDERS)]
        try:
            go_back()
            back = schema.migration_status(connections["owner"]).pending
            reading = pool.submit(hold, superuser_dsn, held, said)
            assert held.wait(20)
            began = monotonic()
            call_command("migrate", verbosity=0, interactive=False, stderr=said)
            took_s = monotonic() - began
            reading.result(1)
        finally:
            intake.stop.set()
            said.gave_way.set()
        for each in senders:
            each.result(20)

    longest_s = max(seconds for _status, seconds in intake.answers)
    record_property("longest_s", round(longest_s, 2))
    record_property("forward_s", round(took_s, 2))
    record_property("answers", len(intake.answers))
    assert {status for status, _seconds in intake.answers} == {200}
    assert longest_s < STALL_S
    assert Event.objects.filter(source="hubspot-main").count() == len(intake.answers)
    assert Inbound.objects.count() == ROWS + len(intake.answers)
    assert len([name for name in back if re.match("routing|delivery|integrations", name)]) > 10
    assert schema.migration_status(connections["owner"]).pending == ()
    assert took_s > HELD_S
    assert said.getvalue().count("Trying again") > 1
