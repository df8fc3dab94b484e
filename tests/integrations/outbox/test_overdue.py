"""What beat finds is asked for once, however many connections there are."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.models import Connection, Outbound
from integrations.outbox.heads import AT_ONCE, overdue
from tests.integrations.inbox.senders import make_connection
from tests.integrations.outbox.remote import KIND, send
from tests.world import NOW, World

LATE = NOW + timedelta(minutes=1)


def make_backlog(world: World, connections: int, changes: int) -> list[Connection]:
    """Changes of different objects, the last one due first."""
    made = [make_connection(KIND, world, slug=f"shelf-{each}") for each in range(connections)]
    for each in made:
        for number in range(changes):
            [row] = send(each, f"{each.slug}-{number}", obj=f"thing:{number}")
            Outbound.objects.filter(pk=row.pk).update(due_at=NOW - timedelta(seconds=number))
    Connection.objects.update(call_s=0.1)
    return made


def test_one_statement_finds_the_first_ones_of_every_connection(
    connection: Connection, world: World
) -> None:
    made = make_backlog(world, connections=3, changes=AT_ONCE + 2)
    send(connection, "lonely")
    Connection.objects.filter(pk=connection.pk).update(call_s=0.1)

    with CaptureQueriesContext(database) as asked:
        calls = overdue(LATE)

    assert len(asked) == 1
    found = Outbound.objects.in_bulk([call.outbound_id for call in calls])
    assert len(found) == len(calls) == 3 * AT_ONCE + 1
    for each in made:
        mine = [
            found[call.outbound_id] for call in calls if found[call.outbound_id].connection == each
        ]
        first = Outbound.objects.filter(connection=each).order_by("due_at", "pk")[:AT_ONCE]
        assert mine == list(first)


def test_what_rests_or_is_switched_off_is_not_found(connection: Connection, world: World) -> None:
    paused, off, left = make_backlog(world, connections=3, changes=1)
    Connection.objects.filter(pk=paused.pk).update(paused_until=LATE + timedelta(seconds=1))
    Connection.objects.filter(pk=off.pk).update(is_active=False)

    [call] = overdue(LATE)

    assert Outbound.objects.get(pk=call.outbound_id).connection == left
