"""The steps of many runs, written by two arrays: which runs, which steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing.kernel.sql import run
from routing.kernel.transitions import literals, verb_of
from routing.runs.models import RunStep

_DUE, _DONE = (literals([verb_of(RunStep, verb).target]) for verb in ("queue", "finish"))
DUE = f"""
    INSERT INTO routing_runstep AS s (run_id, name, state, due_at, attempts, lease, last_error)
    SELECT run, name, {_DUE}, %(at)s, 0, 0, ''
    FROM unnest(%(runs)s::bigint[]) WITH ORDINALITY AS r(run, place),
        unnest(%(names)s::text[]) AS name ORDER BY place
    ON CONFLICT (run_id, name) DO UPDATE SET state = EXCLUDED.state, due_at = EXCLUDED.due_at,
        attempts = CASE WHEN %(anew)s THEN 0 ELSE s.attempts END"""
DONE = f"""
    INSERT INTO routing_runstep (run_id, name, state, due_at, attempts, lease, last_error,
        started_at, ended_at)
    SELECT run, name, {_DONE}, %(at)s, 1, 0, '', %(at)s, %(at)s
    FROM unnest(%(runs)s::bigint[]) WITH ORDINALITY AS r(run, place),
        unnest(%(names)s::text[]) WITH ORDINALITY AS n(name, nth)
    ORDER BY place, nth
    ON CONFLICT (run_id, name) DO UPDATE SET state = EXCLUDED.state, ended_at = EXCLUDED.ended_at,
        last_error = ''"""


def make_due(runs: Sequence[int], name: str, at: datetime, *, anew: bool = False) -> None:
    """
    The step is to be done at ``at``; again, if it was done before.

    :param anew: forget how often it was tried
    """
    _write(DUE, runs, [name], at, anew=anew)


def mark_done(runs: Sequence[int], names: Sequence[str], at: datetime) -> None:
    """In the order in which they come; what was tried before keeps its count."""
    _write(DONE, runs, names, at)


def _write(
    statement: str, runs: Sequence[int], names: Sequence[str], at: datetime, **more: bool
) -> None:
    if runs:
        run(statement, {"runs": list(runs), "names": list(names), "at": at, **more})
