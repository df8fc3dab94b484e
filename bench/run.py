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

DURABILITY = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_level", "plan_cache_mode")


def run(names: Sequence[str], *, repetitions: int, scale: float) -> None:
    """Tables as they are made go to stderr, all results as JSON to stdout."""
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
    sys.stdout.write(report.as_json(results, settings) + "\n")


def _settings(_world: Any) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABILITY)])
        found = dict(cursor.fetchall())
    return found | {"prepare_threshold": connection.connection.prepare_threshold}


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
