"""
W3: sweep a million open clocks of which one in a hundred is due; what must hold is asked of every
slice that was measured.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench import report, sweepers
from bench.clocks import KINDS, Time, let_wake, make_clocks, query
from bench.measure import OURS, Contender, Workload, measured
from bench.workers import Worker, working
from bench.world import World
from config.embedded import postgres
from routing.sla.clocks import Clock
from routing.sla.operations.escalate import CHUNK, escalate

CLOCKS = 1_000_000  # at SCALE=1
DUE = 100  # one in so many
SLICES = 2  # of each, a repetition
SAMPLE = 100  # of the due ones, for the loop
EMPTY_SWEEP_MS = 1.0

# What every contender must have written about a clock, with instants as distances from when it
# woke.
ROWS = """
SELECT c.next_level, c.wakes_at - woke, c.warned_at = e.sent_at, c.breached_at - woke,
    c.due_at - woke, e.level, e.due_at - woke,
    e.caught_up, v.kind, v.source, v.digest, v.item_id = c.item_id, v.from_state, v.to_state,
        v.actor_id, v.dedupe_key, v.at = e.sent_at,
    n.words, n.at = e.sent_at, n.read_at, n.item_id = c.item_id, n.recipient_id = w.owner_id,
        n.recipient_id = w.backup_id,
    n.dedupe_key = concat_ws(':', 'clock', c.id, e.level, n.recipient_id)
FROM routing_clock c JOIN routing_workitem w ON w.id = c.item_id JOIN routing_escalation e
    ON e.clock_id = c.id
CROSS JOIN LATERAL (SELECT c.started_at + CASE e.level WHEN 2 THEN interval '31 days'
    ELSE interval '1 day' END AS woke) AS x
LEFT JOIN routing_event v ON v.item_id = c.item_id AND v.object_id = c.id
    AND v.kind LIKE 'routing.clock.%%'
LEFT JOIN routing_notification n ON n.item_id = c.item_id
    AND n.dedupe_key LIKE 'clock:' || c.id || ':%%'
WHERE e.sent_at = %s ORDER BY 1, 2, 5"""
TWICE = """
WITH reached AS (SELECT DISTINCT c.id, c.item_id FROM routing_clock c JOIN routing_escalation e
    ON e.clock_id = c.id)
SELECT count(*), count(*) FILTER (WHERE
    1 = (SELECT count(*) FROM routing_escalation e WHERE e.clock_id = reached.id)
    AND 1 = (SELECT count(*) FROM routing_event v WHERE v.item_id = reached.item_id
        AND v.object_id = reached.id
        AND v.kind LIKE 'routing.clock.%%')
    AND 1 = (SELECT count(*) FROM routing_notification n WHERE n.item_id = reached.item_id
        AND n.dedupe_key LIKE 'clock:' || reached.id || ':%%'))
FROM reached"""
SHARED = 3_000  # between two sweepers


def workload(due: int) -> Workload:
    sample = min(SAMPLE, due)
    return Workload(
        "W3",
        f"One sweep that finds {due:,} due; the loop takes {sample}",
        {
            OURS: Contender(sweepers.ours, (due,), due, times=1),
            "naive": Contender(sweepers.naive, (sample,), sample, times=1, aim=30),
            "limit": Contender(sweepers.limit, (due,), due, times=1, aim=0.87),
        },
    )


def sweep(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """W3: what a sweep of many open clocks writes, when one in a hundred is due."""
    call_command("migrate", database="owner", verbosity=0)
    many = max(20_000, round(CLOCKS * scale))
    _say(f"{many:,} clocks are made …")
    began = time.perf_counter()
    make_clocks(many)
    _say(f"… in {time.perf_counter() - began:.0f} s")
    with working(2) as workers:
        checks = {"rows_equal": _passes(every_contender_writes_the_same_rows, workers)}
        empty_ms = workers[0].do(_empty_ms)
        result = measured(workload(many // DUE), workers[:1], repetitions, scale=1, rounds=SLICES)
        checks |= {
            "two_sweepers_make_no_duplicate": _passes(two_sweepers_share_what_is_due, workers),
            "each_due_clock_has_exactly_one_row_a_level": _passes(
                each_clock_was_escalated_once, workers
            ),
            "an_empty_sweep_takes_at_most_1_ms": empty_ms <= EMPTY_SWEEP_MS,
        }
    _say("\n" + report.table(result))
    figures = {
        "open_clocks": many,
        "due": many // DUE,
        "naive_sample": min(SAMPLE, many // DUE),
        "chunk": CHUNK,
        "empty_sweep_ms": empty_ms,
    }
    figures |= {f"{name}_rows_per_s": rate.figures for name, rate in result["items_per_s"].items()}
    ratios = {name: ratio.figures for name, ratio in result["ours_over"].items()}
    return {"workload": "sweep", "figures": figures, "ratios": ratios, "checks": checks}


def every_contender_writes_the_same_rows(workers: Sequence[Worker]) -> None:
    found = {
        sweeper.__name__: workers[0].do(_written_by, sweeper)
        for sweeper in (sweepers.naive, sweepers.ours, sweepers.limit)
    }
    assert len(found["naive"]) == 2 * KINDS, found["naive"]
    for name, rows in found.items():
        assert rows == found["naive"], f"{name}: {rows} instead of {found['naive']}"


def _written_by(world: World, sweeper: Callable[..., None]) -> list[tuple[Any, ...]]:
    sweeper(world, 2 * KINDS)
    at = Time.let_wake(0)
    return query(ROWS, [at])


def two_sweepers_share_what_is_due(workers: Sequence[Worker]) -> None:
    for chunk in (CHUNK, 50):
        at = workers[0].do(let_wake, SHARED)
        for worker in workers:
            worker.start(_sweep, at, chunk)
        looked = [worker.answer() for worker in workers]
        assert sum(looked) == SHARED, looked


def _sweep(_world: World, at: Any, chunk: int) -> int:
    return escalate(at=at, chunk=chunk)


def each_clock_was_escalated_once(workers: Sequence[Worker]) -> None:
    reached, once, woken = workers[0].do(_counted)
    assert reached == once == woken, (reached, once, woken)


def _counted(_world: World) -> tuple[int, int, int]:
    [(reached, once)] = query(TWICE)
    return reached, once, Time.woken


def _empty_ms(_world: World) -> float:
    """The statement of a sweep that finds nothing, there and back: the median of many."""
    at = Time.let_wake(0)
    sql, params = (
        Clock.objects.waking(at).values_list("pk", "wakes_at")[:CHUNK].query.sql_with_params()
    )
    took = []
    with connection.cursor() as cursor:
        for _ in range(200):
            began = time.perf_counter()
            cursor.execute(sql, params)
            found = cursor.fetchall()
            took.append((time.perf_counter() - began) * 1_000)
            assert not found, len(found)
    return round(median(took), 3)


def _passes(check: Callable[[Sequence[Worker]], None], workers: Sequence[Worker]) -> bool:
    try:
        check(workers)
    except AssertionError as error:
        _say(f"does not hold: {error}"[:2_000])
        return False
    _say(f"holds: {check.__name__.replace('_', ' ')}")
    return True


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
