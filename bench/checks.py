"""
Conditions that the door must meet before its speed counts.

Each check raises AssertionError with its finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection

from bench import orm, ours, raw, set_orm
from bench.workers import Worker
from bench.world import REASON, World
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.audit.ledgers import RECORDED
from routing.work import registry
from routing.work.items import PlainSaveRefused

Rows = dict[str, list[dict[str, Any]]]
Places = dict[tuple[str, Any], int]  # by kind and id
LIVES = 40  # of five history rows each
RACES = 60
TABLES = {
    "delivery_request": "id = ANY(%(requests)s)",
    "routing_workitem": "id = ANY(%(items)s)",
    "delivery_historicalrequest": "id = ANY(%(requests)s)",
    "routing_historicalworkitem": "id = ANY(%(items)s)",
    "routing_event": "item_id = ANY(%(items)s)",
}


def every_contender_writes_the_rows_that_save_would(workers: Sequence[Worker]) -> None:
    """
    History, rows and events, column by column, against Django's save() with simple-history's own
    signal.
    """
    one: Callable[..., Rows] = workers[0].do
    expected = one(written_by, orm.one, (), LIVES)
    assert len(expected["delivery_historicalrequest"]) == LIVES * 5
    for lives in (ours.one, set_orm.one, raw.one):
        _equal(one(written_by, lives, (), LIVES), expected, lives)
    expected = one(written_by, orm.batch, (LIVES,), 1)
    for batch in (ours.batch, set_orm.batch, raw.batch):
        _equal(one(written_by, batch, (LIVES,), 1), expected, batch)


def written_by(world: World, lives: Callable[..., None], args: Sequence[Any], times: int) -> Rows:
    """Return all rows that ``lives`` writes, with ids and references replaced by their places."""
    minutes = count()
    ticking = replace(
        world,
        clock=lambda: datetime(2026, 11, 23, 9, 0, tzinfo=UTC) + timedelta(minutes=next(minutes)),
    )
    before = Request.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for _ in range(times):
        lives(ticking, *args)
    made = list(
        Request.objects.filter(pk__gt=before)
        .order_by("pk")
        .values_list("pk", "item_id", "item__ref")
    )
    ids, items = [pk for pk, _, _ in made], [item for _, item, _ in made]
    refs = sorted((ref for _, _, ref in made), key=lambda ref: int(ref.split("-")[1]))
    places: Places = {}
    for kind, keys in (("request", ids), ("item", items), ("ref", refs)):
        places |= {(kind, key): place for place, key in enumerate(keys)}
    values = {"requests": ids, "items": items}
    return {table: _rows(table, where, values, places) for table, where in TABLES.items()}


def _rows(
    table: str, where: str, ids: dict[str, list[int]], places: Places
) -> list[dict[str, Any]]:
    of_item = table.endswith("workitem")
    kinds = {
        "id": "item" if of_item else "request",
        "item_id": "item",
        "object_id": "request",
        "ref": "ref",
    }
    if table == "routing_event":
        kinds.pop("id")
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" WHERE {where}', ids)
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in found:
        row.pop("history_id", None)
        if RECORDED in row:
            # The database's own clock, by default. It must be there; when it was, differs.
            row[RECORDED] = row[RECORDED] is not None
        if table == "routing_event":
            row.pop("id")
        row |= {name: places[kind, row[name]] for name, kind in kinds.items() if name in row}
    return sorted(
        found,
        key=lambda row: tuple(
            str(row.get(name)) for name in ("id", "item_id", "history_date", "at")
        ),
    )


def _equal(found: Rows, expected: Rows, lives: Callable[..., None]) -> None:
    for table, rows in expected.items():
        assert len(found[table]) == len(rows), (
            f"{lives.__module__}: {len(found[table])} rows in {table}, not {len(rows)}"
        )
        for one, other in zip(found[table], rows, strict=True):
            differ = {
                name: (one[name], other[name])
                for name in other
                if one[name] != other[name] or type(one[name]) is not type(other[name])
            }
            assert not differ, f"{lives.__module__}: {table} differs: {differ}"


def two_processes_have_one_winner(workers: Sequence[Worker]) -> None:
    """
    Accept and reject the same requests at once, one by one and in batches.

    One process wins each request. The other gets a reason, and nothing is written twice.
    """
    for size in (1, RACES // 3):
        ids = workers[0].do(_triaged, RACES)
        workers[0].start(_take, "accept", ids, size)
        workers[1].start(_take, "reject", ids, size)
        accepted, rejected = workers[0].answer(), workers[1].answer()
        left = workers[0].do(_left, ids)
        for pk in ids:
            refusals = {"accepted": accepted[pk], "rejected": rejected[pk]}
            winners = [name for name, codes in refusals.items() if not codes]
            assert len(winners) == 1, f"{len(winners)} winners in batches of {size}"
            assert set(accepted[pk] + rejected[pk]) <= {"overtaken", "state"}, (
                accepted[pk],
                rejected[pk],
            )
            assert left[pk] == (winners[0], 3), f"{left[pk]} after {winners[0]}"


def _triaged(world: World, many: int) -> list[int]:
    made = [ours.opened(world) for _ in range(many)]
    ids = [request.pk for request in made]
    requests.triage(ids, by=world.by_manager, at=world.clock())
    return ids


def _take(world: World, verb: str, ids: Sequence[int], size: int) -> dict[int, list[str]]:
    """Return the codes of the refusals by id, none for a step that was taken."""
    step = {"accept": requests.accept, "reject": requests.reject}[verb]
    codes = {}
    for start in range(0, len(ids), size):
        some = ids[start : start + size]
        for result in step(some, by=world.by_manager, at=world.clock(), reason=REASON):
            codes[result.id] = [refusal.code for refusal in result.refusals]
    return codes


def _left(world: World, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    found = Request.objects.filter(pk__in=ids)
    return {request.pk: (request.state, request.history.count()) for request in found}


def refused_rows_stay_as_they_were(workers: Sequence[Worker]) -> None:
    workers[0].do(_refused)


def _refused(world: World) -> None:
    by = world.by_manager
    passing, silent, ended = (ours.opened(world, text) for text in ("x", "", "x"))
    requests.reject([ended.pk], by=by, at=world.clock(), reason=REASON)
    before = _versions([silent.pk, ended.pk])

    results = requests.triage([passing.pk, silent.pk, ended.pk], by=by, at=world.clock())
    alone = requests.triage([silent.pk], by=by, at=world.clock()) + requests.triage(
        [ended.pk], by=by, at=world.clock()
    )

    assert [result.done for result in (*results, *alone)] == [True, False, False, False, False], (
        results
    )
    assert _versions([silent.pk, ended.pk]) == before


def _versions(ids: Sequence[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.id, n.xmin::text, w.xmin::text, (SELECT count(*) FROM "
            "delivery_historicalrequest h WHERE h.id = n.id)"
            " FROM delivery_request n JOIN routing_workitem w ON w.id = n.item_id WHERE n.id = "
            "ANY(%s) ORDER BY 1",
            [list(ids)],
        )
        return list(cursor.fetchall())


def permission_is_refused_before_anything_is_read(workers: Sequence[Worker]) -> None:
    workers[0].do(_without_permission)


def _without_permission(world: World) -> None:
    nobody = replace(world.by_manager, permissions=frozenset())
    connection.close()
    for ids in ([1], [1, 2]):
        try:
            requests.triage(ids, by=nobody, at=world.clock())
        except PermissionDenied:
            assert connection.connection is None, "the database was asked before the permission"
        else:
            raise AssertionError("nobody may triage")


def a_state_is_written_by_the_door_alone(workers: Sequence[Worker]) -> None:
    workers[0].do(_protected)


def _protected(world: World) -> None:
    request = ours.opened(world)
    attempts: list[tuple[type[Exception], Callable[[], None]]] = [
        (AttributeError, lambda: setattr(request, "state", "closed")),
        (PlainSaveRefused, request.save),
    ]
    for refusal, attempt in attempts:
        try:
            attempt()
        except refusal:
            continue
        raise AssertionError(f"{refusal.__name__} was not raised")


def a_reaction_that_fails_undoes_everything(workers: Sequence[Worker]) -> None:
    workers[0].do(_undone)


def _undone(world: World) -> None:
    by = world.by_manager
    ids = [ours.opened(world).pk for _ in range(2)]
    before = _versions(ids)

    def fail(rows: Sequence[Any], *_: Any) -> None:
        raise ZeroDivisionError

    registry.react(requests.triage)(fail)
    try:
        for wanted in (ids[:1], ids):
            try:
                requests.triage(wanted, by=by, at=world.clock())
            except ZeroDivisionError:
                assert _versions(ids) == before, "something of a failed operation is left"
            else:
                raise AssertionError("the reaction's error was swallowed")
    finally:
        registry.reactions(requests.triage.kind).remove(fail)  # type: ignore[attr-defined]


ALL = (
    every_contender_writes_the_rows_that_save_would,
    two_processes_have_one_winner,
    refused_rows_stay_as_they_were,
    permission_is_refused_before_anything_is_read,
    a_state_is_written_by_the_door_alone,
    a_reaction_that_fails_undoes_everything,
)
