"""
The limit: the same rows from one prepared statement a step, guarded by the state alone. No load,
gate, verb or permission.

What is done here cannot become a product; it says what PostgreSQL, its indexes and triggers leave
to be won.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model

from bench.world import DETAILS, REASON, TITLE, World
from delivery.requests.models import Request
from routing.kernel.tables import Table, quoted
from routing.work.items import WorkItem

CREATE = """
WITH counter AS (
    UPDATE routing_refcounter SET last = last + %(count)s WHERE prefix = %(code)s
        RETURNING last - %(count)s AS last
), item AS (
    INSERT INTO routing_workitem (ref, kind, title, client_id, state, is_open, hold_reason,
        waiting_on, owner_id, backup_id, team_id,
        priority, created_at, changed_at)
    SELECT %(code)s || '-' || counter.last + n, 'request', %(title)s || ' ' || n, %(client)s,
        'captured', true, '', 'agency',
        %(owner)s, %(backup)s, %(team)s, 3, %(at)s, %(at)s
    FROM counter, generate_series(1, %(count)s) AS n
    RETURNING *
), kept_item AS (
    INSERT INTO routing_historicalworkitem ({item}, history_type, history_date, history_user_id,
        history_change_reason)
    SELECT {item}, '+', %(at)s, %(user)s, %(reason)s FROM item
), request AS (
    INSERT INTO delivery_request (item_id, state, kind, channel, details, question)
    SELECT id, 'captured', 'new', 'email', %(details)s || substring(title FROM ' [0-9]+$'), ''
        FROM item
    RETURNING *
), kept AS (
    INSERT INTO delivery_historicalrequest ({request}, history_type, history_date, history_user_id,
        history_change_reason)
    SELECT {request}, '+', %(at)s, %(user)s, %(reason)s FROM request
), event AS (
    INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state,
        actor_id, at)
    SELECT 'delivery.request.create', 'throughline', '', item_id, id, '', state, %(user)s, %(at)s
        FROM request
)
SELECT id FROM request
"""

STEP = """
WITH request AS (
    UPDATE delivery_request SET state = %(after)s, triaged_at = coalesce(%(triaged_at)s,
        triaged_at),
        accepted_at = coalesce(%(accepted_at)s, accepted_at)
    WHERE id = ANY(%(ids)s) AND state = %(before)s
    RETURNING *
), item AS (
    UPDATE routing_workitem AS w SET state = request.state, changed_at = %(at)s FROM request
        WHERE w.id = request.item_id
), kept AS (
    INSERT INTO delivery_historicalrequest ({request}, history_type, history_date, history_user_id,
        history_change_reason)
    SELECT {request}, '~', %(at)s, %(user)s, %(reason)s FROM request
), event AS (
    INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state,
        actor_id, at)
    SELECT %(kind)s, 'throughline', '', item_id, id, %(before)s, state, %(user)s, %(at)s
        FROM request
)
SELECT count(*) FROM request
"""

STATES = ("captured", "triaged", "accepted", "in_delivery", "delivered")


def one(world: World) -> None:
    """One request, five statements, each its own commit."""
    batch(world, 1)


def batch(world: World, count: int) -> None:
    """``count`` requests, five statements, each its own commit."""
    client = world.client
    people = {
        "owner": client.owner_id,
        "backup": client.backup_id,
        "team": client.team_id,
        "user": world.manager.pk,
    }
    texts = {"code": client.code, "title": TITLE, "details": DETAILS, "reason": REASON}
    made = _run(
        _filled(CREATE),
        {"count": count, "client": client.pk, "at": world.clock(), **people, **texts},
    )
    ids = [row[0] for row in made]
    for (step, _by, user), before, after in zip(
        world.steps(), STATES[:-1], STATES[1:], strict=True
    ):
        at = world.clock()
        stamps = {
            f"{verb}_at": at if verb.startswith(step.verb) else None
            for verb in ("triaged", "accepted")
        }
        values = {
            "ids": ids,
            "before": before,
            "after": after,
            "kind": step.kind,
            "user": user.pk,
            "at": at,
            "reason": REASON,
        }
        [(moved,)] = _run(_filled(STEP), values | stamps)
        assert moved == count, moved


@cache
def _filled(sql: str) -> str:
    """Fill in the columns that history tracks."""
    return sql.format(item=_tracked(WorkItem), request=_tracked(Request))


def _tracked(model: type[Model]) -> str:
    table = Table.of(model)
    return quoted([table.columns[column] for column in table.tracked])


@cache
def _connection() -> psycopg.Connection[tuple[Any, ...]]:
    """The same database and role, with the plans that suit these statements best."""
    given = connection.get_connection_params()
    names = {
        name: given[name]
        for name in ("dbname", "user", "password", "host", "port")
        if given.get(name)
    }
    return psycopg.connect(
        **names,
        autocommit=True,
        prepare_threshold=0,
        options="-c plan_cache_mode=force_generic_plan",
    )


def _run(sql: str, values: dict[str, Any]) -> list[Any]:
    return _connection().execute(sql, values).fetchall()
