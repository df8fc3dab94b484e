"""
Facts that hold of the whole database at every quiet moment, whatever happened before.

The numbers are those of docs/faults.md. I1 to I3 are also compared with the other side, deal by
deal, by the drills and by the traffic of a soak.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from io import StringIO

from django.conf import settings
from django.core.management import CommandError, call_command

from demo.walkthrough.walk import now
from integrations.models import Connection, Inbound, Outbound
from routing.kernel.sql import run as sql
from routing.models import Clock, Dispatch, Run, RunStep
from routing.runs.failures import all_failures
from routing.runs.operations.raising import not_raised

TOLERANCE = timedelta(minutes=2)  # of what is due: a sweep, and a worker that was just killed
# Work that two external objects of one system and kind stand for.
TWINS = """
    SELECT count(*) FROM (SELECT 1 FROM integrations_externallink WHERE item_id IS NOT NULL
        GROUP BY connection_id, item_id, object_type HAVING count(*) > 1) found"""
# Two changes of one item where the second does not begin where the first ended.
BROKEN_PATHS = """
    SELECT count(*) FROM (SELECT from_state, lag(to_state) OVER w AS before
        FROM routing_event WHERE item_id IS NOT NULL AND from_state <> '' AND to_state <> ''
        WINDOW w AS (PARTITION BY item_id ORDER BY id)) found
    WHERE before IS NOT NULL AND before <> from_state"""
# One person told the same of one work, or of one clock, at one instant. Two clocks of one work may
# be overdue at once, each for itself.
TOLD_TWICE = """
    SELECT count(*) FROM (SELECT 1 FROM routing_notification
        GROUP BY item_id, recipient_id, at,
            CASE WHEN starts_with(dedupe_key, 'clock:') THEN split_part(dedupe_key, ':', 2)
                ELSE words END
        HAVING count(*) > 1) found"""
FIVE_HUNDRED = ('"code": 500', '"code": 504')


def invariants(since: datetime) -> Iterator[tuple[str, int]]:
    """Yield what must not be, in words, and how often it is. ``since`` bounds what came in."""
    at = now()
    yield "I1: Webhooks were stored and never processed.", _stored(since)
    yield "I2: Work has two objects in an external system.", sql(TWINS)[0][0]
    yield "I3: Changes are still being sent.", Outbound.objects.leased().count()
    yield "I4: The states of an item are no path.", sql(BROKEN_PATHS)[0][0]
    yield from _evidence()
    yield "I6: A failure has no exception.", len(not_raised(all_failures(at)))
    yield "I6: Events wait to be routed.", _waiting_events()
    yield "I6: Steps of ended runs are still due.", _due_of_ended_runs()
    yield "I9: A person was told the same twice.", sql(TOLD_TWICE)[0][0]
    late = Clock.objects.filter(stopped_at=None, wakes_at__lt=at - TOLERANCE, trouble="")
    yield "I9: Clocks were not looked at when they were due.", late.count()
    yield "I10: A secret stands in a log.", _secrets_in_logs()


def _stored(since: datetime) -> int:
    came = Inbound.objects.filter(received_at__gte=since)
    return came.filter(state=Inbound.State.STORED).count()


def _waiting_events() -> int:
    due = Dispatch.objects.filter(parked_reason="", due_at__lt=now() - TOLERANCE)
    return due.count()


def _due_of_ended_runs() -> int:
    ended = Run.objects.filter(item__is_open=False)
    return RunStep.objects.filter(run__in=ended, state=RunStep.State.DUE).count()


def _evidence() -> Iterator[tuple[str, int]]:
    try:
        call_command("verify", stdout=StringIO(), no_color=True)
    except CommandError as error:
        yield f"I5: The audit trail is not intact: {error}", 1


def _secrets_in_logs() -> int:
    """Return how many lines of logs hold a secret or a token of a connection."""
    secrets = set()
    for connection in Connection.objects.all():
        secrets |= {each for each in connection.signing_secrets.reveal() if each}
        secrets |= {each for each in connection.token.reveal() if each}
    found = 0
    for log in sorted((settings.VAR_DIR / "log").glob("*.log")):
        with log.open(errors="replace") as lines:
            found += _lines_with(lines, secrets)
    return found


def server_errors(since: dict[str, int]) -> tuple[int, dict[str, int]]:
    """
    Return how many requests ended in a fault of ours (I7) since these places in the web's log, and
    the places reached.
    """
    found, places = 0, {}
    for log in sorted((settings.VAR_DIR / "log").glob("web*.log")):
        start, size = since.get(log.name, 0), log.stat().st_size
        with log.open(errors="replace") as lines:
            lines.seek(start if start <= size else 0)
            found += _lines_with(lines, FIVE_HUNDRED)
        places[log.name] = size
    return found, places


def _lines_with(lines: Iterable[str], marks: Collection[str]) -> int:
    found = 0
    for line in lines:
        found += any(mark in line for mark in marks)
    return found
