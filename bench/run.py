"""Checks first, then figures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from django.core.management import call_command
from django.db import connection

from bench import checks, report, workloads
from bench.measure import measured
from bench.workers import working

SHORT = {
    "naive": workloads.NAIVE,
    "limit": workloads.LIMIT,
    "helpers": workloads.HELPERS,
    "set_orm": workloads.SET_ORM,
}
LIVES = {"W1": "single", "W2": "bulk"}
DURABILITY = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "plan_cache_mode",
)


def lifecycle(names: Sequence[str], *, repetitions: int, scale: float) -> dict[str, Any]:
    """One request and a batch of them through their lives; tables go to stderr as they are made."""
    call_command("migrate", database="owner", verbosity=0)
    with working(2) as workers:
        for check in checks.ALL:
            check(workers)
            _say(f"holds: {check.__name__.replace('_', ' ')}")
        settings = workers[0].do(_settings)
        results = []
        for name in names:
            workload = workloads.ALL[name]
            for processes in workload.processes:
                results.append(measured(workload, workers[:processes], repetitions, scale))
                _say("\n" + report.table(results[-1]))
    ratios: dict[str, Any] = {}
    for result in reversed(results):  # results of one process come first, and must win
        life, over = LIVES[result["workload"]], result["ours_over"]
        ratios |= {f"{short}_{life}": over[name] for short, name in SHORT.items() if name in over}
    # Each check raises if it does not hold.
    held = {check.__name__.replace("_", " "): True for check in checks.ALL}
    return report.one("lifecycle", {"settings": settings, "results": results}, ratios, held)


def _settings(_world: Any) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABILITY)]
        )
        found = dict(cursor.fetchall())
    return found | {"prepare_threshold": connection.connection.prepare_threshold}


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
