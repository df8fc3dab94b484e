"""
Statements that make the steps of many runs due, or mark them as done.

They insert or update, because a step has no row before it is first due. Runs and names come as two
arrays, so one statement writes every step of every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.kernel.transitions import literals, verb_of
from routing.runs.models import RunStep

_DUE = insert_into(
    RunStep,
    """unnest(%(runs)s::bigint[]) WITH ORDINALITY AS r(run, place),
        unnest(%(names)s::text[]) AS name ORDER BY place""",
    alias="s",
    run_id="run",
    name="name",
    state=literals([verb_of(RunStep, "queue").target]),
    due_at="%(at)s",
)
DUE = f"""{_DUE}
    ON CONFLICT (run_id, name) DO UPDATE SET state = EXCLUDED.state, due_at = EXCLUDED.due_at,
        attempts = CASE WHEN %(anew)s THEN 0 ELSE s.attempts END"""
_DONE = insert_into(
    RunStep,
    """unnest(%(runs)s::bigint[]) WITH ORDINALITY AS r(run, place),
        unnest(%(names)s::text[]) WITH ORDINALITY AS n(name, nth)
    ORDER BY place, nth""",
    run_id="run",
    name="name",
    state=literals([verb_of(RunStep, "finish").target]),
    due_at="%(at)s",
    attempts="1",
    started_at="%(at)s",
    ended_at="%(at)s",
)
DONE = f"""{_DONE}
    ON CONFLICT (run_id, name) DO UPDATE SET state = EXCLUDED.state, ended_at = EXCLUDED.ended_at,
        last_error = ''"""


def make_due(runs: Sequence[int], name: str, at: datetime, *, anew: bool = False) -> None:
    """
    Make a step of these runs due at ``at``, also if it was done before.

    :param anew: reset the number of attempts
    """
    _write(DUE, runs, [name], at, anew=anew)


def mark_done(runs: Sequence[int], names: Sequence[str], at: datetime) -> None:
    """Mark steps as done, in the order given. The number of attempts stays."""
    _write(DONE, runs, names, at)


def _write(
    statement: str, runs: Sequence[int], names: Sequence[str], at: datetime, **more: bool
) -> None:
    if runs:
        run(statement, {"runs": list(runs), "names": list(names), "at": at, **more})
