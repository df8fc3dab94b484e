"""Promises: what an edit of a policy would make of open work, and counting its clocks anew."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from django.core.management import call_command
from django.db import connections

from bench import report
from bench.world import World
from config.embedded import postgres
from routing.kernel.sql import run
from routing.sla.clocks import Clock
from routing.sla.operations.calendars import ensure_defaults, save_policy
from routing.sla.operations.clocks import start
from routing.sla.operations.promises import recount_promises
from routing.sla.policies import SLAPolicy, Target
from routing.sla.promise_changes import Scope
from routing.sla.recount import clocks_of_policy, preview, terms_of_policy
from routing.work.items import WorkItem
from routing.work.visibility import work_seen_by

CLOCKS = 100_000  # at SCALE=1
BATCH = 5_000
BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
AT = BEGAN + timedelta(hours=4)
ITEMS = """
INSERT INTO routing_workitem (ref, kind, title, state, is_open, hold_reason, waiting_on, owner_id,
    backup_id, client_id, priority, created_at, changed_at)
SELECT 'PRO-' || n, 'request', 'Landing page, part ' || n, 'captured', true, '', 'agency',
    %(owner)s, %(backup)s, %(client)s, 3, %(at)s, %(at)s
FROM generate_series(1, %(many)s) AS n"""
# Every second one was paused for an hour, as work that waited for its client.
PAUSES = """
WITH paused AS (UPDATE routing_clock SET running_since = started_at + interval '2 hours',
    spent = interval '1 hour', due_at = due_at + interval '1 hour' WHERE id %% 2 = 0 RETURNING id,
    started_at)
INSERT INTO routing_clockmark (clock_id, at, does, party, cause, state)
SELECT id, started_at + n * interval '1 hour', CASE n WHEN 1 THEN 'pause' ELSE 'run' END,
    CASE n WHEN 1 THEN 'client' ELSE 'agency' END, CASE n WHEN 1 THEN 'waiting' ELSE 'work' END,
    'captured' FROM paused, generate_series(1, 2) AS n ORDER BY id, n"""


def promises(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Measure the preview of an edit, and how fast a worker counts the clocks anew."""
    call_command("migrate", database="owner", verbosity=0)
    world = World.made("PRO")
    policy = ensure_defaults(at=BEGAN, country="DE", region="BE")
    many = round(CLOCKS * scale)
    _begin(world, policy, many)
    edited = _edited(policy)
    took = []
    for _ in range(repetitions):
        began = time.perf_counter()
        seen = work_seen_by(world.by_system)
        found = preview(clocks_of_policy(policy), terms_of_policy(policy, edited), AT, seen)
        took.append(time.perf_counter() - began)
    save_policy(policy, targets=edited, by=world.by_system, at=AT, scope=Scope.LATER)
    began = time.perf_counter()
    moved = recount_promises(at=AT)
    figures = {
        "clocks": many,
        "preview_s": round(median(took), 2),
        "recount_s": round(time.perf_counter() - began, 2),
    }
    checks = {"every clock moves": found.later == moved == many}
    sys.stderr.write(f"{figures}\n")
    return report.one("promises", figures, {}, checks)


def _begin(world: World, policy: SLAPolicy, many: int) -> None:
    values = {
        "owner": world.client.owner_id,
        "backup": world.client.backup_id,
        "client": world.client.pk,
        "many": many,
        "at": BEGAN,
    }
    run(ITEMS, values)
    ids = list(WorkItem.objects.filter(ref__startswith="PRO-").values_list("pk", flat=True))
    for place in range(0, many, BATCH):
        items = list(WorkItem.objects.filter(pk__in=ids[place : place + BATCH]))
        start(items, policy, BEGAN, purposes={"resolution"})
    run(PAUSES)
    assert Clock.objects.count() == many
    # Autovacuum would have done this by the time a table has so many rows.
    with connections["owner"].cursor() as cursor:
        for table in ("routing_clock", "routing_clockmark", "routing_workitem"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    connections["owner"].close()


def _edited(policy: SLAPolicy) -> list[Target]:
    targets = list(policy.targets.all())
    for target in targets:
        target.worktime += timedelta(hours=17)
    return targets
