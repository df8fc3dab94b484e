"""The steps of many runs, written by two arrays: which runs, which steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing.kernel.sql import run

DUE = """
    INSERT INTO routing_runstep (run_id, name, state, due_at, attempts, lease, last_error)
    SELECT run, name, 'due', %(at)s, 0, 0, ''
    FROM unnest(%(runs)s::bigint[]) WITH ORDINALITY AS r(run, place),
        unnest(%(names)s::text[]) AS name ORDER BY place
    ON CONFLICT (run_id, name) DO UPDATE SET state = EXCLUDED.state, due_at = EXCLUDED.due_at"""
DONE = """
    INSERT INTO routing_runstep (run_id, name, state, due_at, attempts, lease, last_error,
        started_at, ended_at)
    SELECT run, name, 'done', %(at)s, 1, 0, '', %(at)s, %(at)s
    FROM unnest(%(runs)s::bigint[]) WITH ORDINALITY AS r(run, place),
        unnest(%(names)s::text[]) WITH ORDINALITY AS n(name, nth)
    ORDER BY place, nth
    ON CONFLICT (run_id, name) DO UPDATE SET state = EXCLUDED.state, ended_at = EXCLUDED.ended_at,
        last_error = ''"""


def make_due(runs: Sequence[int], name: str, at: datetime) -> None:
    """The step is to be done at ``at``; again, if it was done before."""
    _write(DUE, runs, [name], at)


def mark_done(runs: Sequence[int], names: Sequence[str], at: datetime) -> None:
    """In the order in which they come; what was tried before keeps its count."""
    _write(DONE, runs, names, at)


def _write(statement: str, runs: Sequence[int], names: Sequence[str], at: datetime) -> None:
    if runs:
        run(statement, {"runs": list(runs), "names": list(names), "at": at})
