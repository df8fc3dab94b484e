"""Operations on clocks: start them, let them follow the work, and stop them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connection, transaction

from routing.kernel.roles import EVERYONE, grant
from routing.kernel.sql import run
from routing.kernel.tables import insert_into, quoted, sql_type, written_fields
from routing.sla.clocks import Clock, ClockMark
from routing.sla.policies import SLAPolicy, Target
from routing.sla.recount import Recounted
from routing.sla.terms import Agreed, Uses, agree, ids_of, terms_by_digest
from routing.sla.timing import AGENCY, Cause, ClockInput, ClockTurn, Does, turn
from routing.work.items import WorkItem
from routing.work.registry import follower

for _noun in ("clock", "clockmark", "clockterms", "escalation"):
    grant(f"routing.view_{_noun}", *EVERYONE)

FIELDS = [field.attname for field in Clock._meta.concrete_fields]
TYPES = {name: sql_type(field) for name, field in written_fields(Clock).items()}
# Columns that no turn writes, and columns that only the sweep writes. A turn writes all others.
AGREED = {
    "item_id",
    "purpose",
    "policy_id",
    "policy_version",
    "terms_id",
    "target",
    "warn_after",
    "escalate_every",
    "started_at",
}
# Columns that only a change of the promise writes, see ``revise``.
REVISED = {
    name: TYPES[name]
    for name in ("terms_id", "policy_version", "target", "warn_after", "escalate_every")
}
SWEPT = {"warned_at", "next_level", "trouble"}
STARTED = {name: kind for name, kind in TYPES.items() if name not in SWEPT}
SHARED = {name: kind for name, kind in STARTED.items() if name != "item_id"}
TURNED = {name: kind for name, kind in STARTED.items() if name not in AGREED}
_STARTED = insert_into(Clock, "new", **{name: name for name in STARTED})
_FIRST_MARK = insert_into(
    ClockMark,
    "clock JOIN new USING (item_id, purpose)",
    clock_id="clock.id",
    at="new.started_at",
    does="new.does",
    party="new.waiting_on",
    cause="new.cause",
    state="new.state",
)
_MARK = insert_into(
    ClockMark,
    "new",
    clock_id="id",
    at="coalesce(running_since, paused_at, stopped_at)",
    does="does",
    party="waiting_on",
    cause="cause",
    state="state",
)
# What clocks have in common is sent once, and each item names its place in that. Two workers may
# start the same clock: the unique index decides, and only the winner's comes back. Both write in
# the order given, so that they do not wait for each other in a circle.
_STARTING = f"""
    WITH new AS (
        SELECT item.item_id, item.state, pattern.*
        FROM unnest(%s::bigint[], %s::text[], %s::bigint[])
            WITH ORDINALITY AS item(item_id, state, place, nth)
        JOIN unnest({", ".join(f"%s::{kind}[]" for kind in (*SHARED.values(), "text"))})
            WITH ORDINALITY AS pattern({", ".join(SHARED)}, does, place) USING (place)
        ORDER BY item.nth),
    clock AS ({_STARTED}
        ON CONFLICT (item_id, purpose) WHERE stopped_at IS NULL DO NOTHING
            RETURNING id, item_id, purpose, due_at),
    mark AS ({_FIRST_MARK}),
    due AS (SELECT item_id, min(due_at) AS at FROM clock GROUP BY item_id),
    item AS (UPDATE routing_workitem w SET is_timed = true, next_due_at = LEAST(w.next_due_at,
        due.at) FROM due
        WHERE w.id = due.item_id RETURNING w.id, w.next_due_at)
    SELECT clock.id, clock.item_id, clock.purpose, clock.due_at, item.next_due_at
    FROM clock LEFT JOIN item ON item.id = clock.item_id"""


@dataclass(frozen=True, slots=True)
class StartedClock:
    """A new clock in the database. ``due_at`` is None if it starts paused."""

    id: int
    item_id: int
    purpose: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """An unsaved clock without an item, for all items whose clocks start with the same values."""

    clock: Clock
    agreed: Agreed


def start(
    items: Sequence[WorkItem],
    policy: SLAPolicy,
    at: datetime,
    *,
    purposes: Collection[str] | None = None,
    worktimes: Mapping[int, timedelta] | None = None,
) -> list[StartedClock]:
    """
    Start the clocks of a policy for these items, at ``at`` (aware).

    An item keeps an open clock of the same purpose, and gets none if the target is already met or
    the work has ended. A clock may start paused.

    :param purposes: only these; None for all
    :param worktimes: working time by item id that replaces the target's, such as an exception's
        timebox
    :returns: the clocks that were started
    """
    made = _patterns(items, policy, at, purposes, worktimes or {})
    with transaction.atomic(savepoint=False):
        started = _insert(made) if made else []
        _turn_all(_parents(_news_to_parents(items)), at)
    return started


def foresee(item: WorkItem, policy: SLAPolicy, at: datetime) -> list[Clock]:
    """
    Return the clocks that ``start`` would start for an item, which need not be stored either.

    Nothing is written. A clock that would start paused has no ``due_at``.
    """
    return [pattern.clock for _item, pattern in _patterns([item], policy, at, None, {})]


def _patterns(
    items: Sequence[WorkItem],
    policy: SLAPolicy,
    at: datetime,
    purposes: Collection[str] | None,
    worktimes: Mapping[int, timedelta],
) -> list[tuple[WorkItem, _Pattern]]:
    """Return the clocks that these items get, each with its item."""
    uses = Uses.of(items)
    calendars = {item.pk: tuple(uses.for_item(item, policy.sources)) for item in items}
    # Most items of a batch have the same terms and the same values. These are worked out and sent
    # once, and no instance is made for each clock.
    agreed: dict[Any, Agreed] = {}
    patterns: dict[Any, _Pattern | None] = {}
    made: list[tuple[WorkItem, _Pattern]] = []
    for target in policy.targets.filter(kind__in={item.kind for item in items}):
        for item in items:
            if item.kind != target.kind or not (purposes is None or target.purpose in purposes):
                continue
            worktime = worktimes.get(item.pk, target.worktime)
            terms = (target, calendars[item.pk], worktime)
            if terms not in agreed:
                agreed[terms] = agree(target, policy, calendars[item.pk], worktime, at)
            alike = (terms, _clock_input(item, ""))
            if alike not in patterns:
                patterns[alike] = _pattern(item, target, policy, agreed[terms], worktime, at)
            if (pattern := patterns[alike]) is not None:
                made.append((item, pattern))
    return made


def _news_to_parents(items: Sequence[WorkItem]) -> list[WorkItem]:
    """
    Return the items whose parents' clocks may have to turn.

    A parent that is started in the same batch runs already. An open part that waits for the agency
    does not change that.
    """
    here = {item.pk for item in items}
    return [
        item
        for item in items
        if not (item.parent_id in here and item.is_open and item.waiting_on == AGENCY)
    ]


def _pattern(
    item: WorkItem,
    target: Target,
    policy: SLAPolicy,
    agreed: Agreed,
    worktime: timedelta,
    at: datetime,
) -> _Pattern | None:
    """
    Return the clock that this item and all like it get, or None if the target is already met or the
    work has ended.
    """
    wanted = turn(_clock_input(item, ""), agreed.terms)
    if wanted.does == Does.STOP:
        return None
    clock = Clock(
        purpose=target.purpose,
        policy=policy,
        policy_version=policy.version,
        target=worktime,
        warn_after=worktime * target.warn_percent / 100,
        escalate_every=target.escalate_every,
        started_at=at,
    )
    clock.take(wanted, at=at, hours=agreed.terms.hours)
    return _Pattern(clock, agreed)


@follower
def follow(items: Sequence[WorkItem], at: datetime) -> list[Clock]:
    """
    Let the open clocks of changed items, and of their parents, take the turn that the new state
    asks for. Set each item's ``next_due_at``, in the database and in memory.

    Call it in the transaction that changed the items and holds their locks, and also when a part
    was added. If ``at`` is before a clock's last turn, the time of that turn counts.

    :returns: the clocks that turned
    """
    # Two or three statements, however many items.
    timed = [item for item in items if item.concerns_clocks]
    if not timed:
        return []
    with transaction.atomic(savepoint=False):
        known = {item.pk for item in timed}
        parents = [parent for parent in _parents(timed) if parent.pk not in known]
        return _turn_all([*timed, *parents], at)


def stop(items: Sequence[WorkItem], purpose: str, at: datetime) -> list[Clock]:
    """
    Stop clocks whose purpose was met outside the system, such as a first response by telephone.

    :returns: the clocks that were stopped
    """
    with transaction.atomic(savepoint=False):
        met = ClockTurn(Does.STOP, AGENCY, Cause.MET)
        return _turn_all(items, at, {purpose: met})


def revise(
    items: Sequence[WorkItem], recounted: Mapping[int, Recounted], at: datetime
) -> list[tuple[Mapping[str, Any], Clock]]:
    """
    Give open clocks other terms, under which they were counted anew.

    Call it in the transaction that holds the locks of the items and counted the clocks.

    :param recounted: by the id of the clock
    :returns: the former values and the revised clock of each
    """
    by_id = {item.pk: item for item in items}
    found = _open_clocks(by_id) if by_id else []
    ids = ids_of(each.agreed for each in recounted.values())
    revised: list[tuple[Mapping[str, Any], Clock]] = []
    for clock, _digest, _party in found:
        if (new := recounted.get(clock.pk)) is None:
            continue
        before = {name: getattr(clock, name) for name in ("terms_id", "target", "due_at")}
        clock.item = by_id[clock.item_id]
        clock.terms_id = ids[new.agreed.digest]
        clock.policy_version = new.agreed.terms.document["policy"]["version"]
        clock.target = new.worktime
        clock.warn_after = new.worktime * new.target.warn_percent / 100
        clock.escalate_every = new.target.escalate_every
        clock.adopt(new.counted, at=max(at, clock.turned_at), hours=new.agreed.terms.hours)
        revised.append((before, clock))
    if revised:
        clocks = [clock for _, clock in revised]
        rows, params = _columns(clocks, {"id": "bigint", **REVISED})
        given = ", ".join(f"{name} = r.{name}" for name in REVISED)
        run(f"UPDATE routing_clock c SET {given} FROM ({rows}) AS r WHERE c.id = r.id", params)
        _update(clocks, [clock for clock, _, _ in found])
    return revised


def _turn_all(
    items: Sequence[WorkItem], at: datetime, forced: Mapping[str, ClockTurn] | None = None
) -> list[Clock]:
    """
    :param forced: turns by purpose, whatever the state of the item. Clocks of other purposes then
        stay as they are.
    """
    by_id = {item.pk: item for item in items}
    found = _open_clocks(by_id) if by_id else []
    terms = terms_by_digest({digest for _, digest, _ in found}) if found else {}
    turned = []
    for clock, digest, children_wait_on in found:
        item = clock.item = by_id[clock.item_id]
        own = turn(_clock_input(item, children_wait_on), terms[digest])
        wanted = own if forced is None else forced.get(clock.purpose, clock.turn)
        if wanted != clock.turn:
            clock.take(wanted, at=max(at, clock.turned_at), hours=terms[digest].hours)
            turned.append(clock)
    if turned:
        _update(turned, [clock for clock, _, _ in found])
    return turned


def _clock_input(item: WorkItem, children_wait_on: str) -> ClockInput:
    return ClockInput(
        item.state, item.is_open, item.held_at is not None, item.waiting_on, children_wait_on
    )


def _parents(items: Sequence[WorkItem]) -> list[WorkItem]:
    """
    Lock and return the parents of these items that have clocks.
    """
    # Two parts may change at once. Whether a parent's clock pauses depends on all its parts, so the
    # later transaction waits and then sees both changes.
    ids = {item.parent_id for item in items if item.parent_id is not None}
    if not ids:
        return []
    return list(
        WorkItem.objects.filter(is_timed=True, pk__in=ids)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )


def _open_clocks(item_ids: Collection[int]) -> list[tuple[Clock, str, str]]:
    """
    Lock open clocks. Return each with the digest of its terms and the party that all open parts of
    its item wait on, if there is one such party.
    """
    # The parties are compared with min() and max() in the same statement: if both are equal, all
    # parts wait on the same one. Clocks are locked after their items, in one order.
    rows = run(
        f"""
        SELECT {quoted(FIELDS, "c.")}, t.digest, coalesce(k.party, '')
        FROM routing_clock c JOIN routing_clockterms t ON t.id = c.terms_id
        LEFT JOIN LATERAL (
            SELECT min(w.waiting_on) AS party FROM routing_workitem w WHERE w.parent_id = c.item_id
                AND w.is_open
            HAVING min(w.waiting_on) = max(w.waiting_on)) k ON true
        WHERE c.item_id = ANY(%s) AND c.stopped_at IS NULL
        ORDER BY c.item_id, c.id FOR NO KEY UPDATE OF c""",
        [list(item_ids)],
    )
    return [
        (Clock.from_db(connection.alias, FIELDS, record), digest, party)
        for *record, digest, party in rows
    ]


def _columns(clocks: Sequence[Clock], types: Mapping[str, str]) -> tuple[str, list[Any]]:
    """
    Return a SELECT of these columns, the state of the work and the clock's action, and its
    parameters.
    """
    arrays = [list(map(attrgetter(name), clocks)) for name in types]
    arrays += [[clock.item.state for clock in clocks], [clock.turn.does.value for clock in clocks]]
    casts = ", ".join(f"%s::{kind}[]" for kind in (*types.values(), "text", "text"))
    return f"SELECT * FROM unnest({casts}) AS new({', '.join(types)}, state, does)", arrays


def _insert(made: Sequence[tuple[WorkItem, _Pattern]]) -> list[StartedClock]:
    """
    Write a clock for each item, its first mark and the item's due time in one statement.

    :returns: the clocks that are new
    """
    patterns = dict.fromkeys(pattern for _, pattern in made)
    places = {pattern: place for place, pattern in enumerate(patterns, 1)}  # as PostgreSQL counts
    ids = ids_of(pattern.agreed for pattern in patterns)
    for pattern in patterns:
        pattern.clock.terms_id = ids[pattern.agreed.digest]
    clocks = [pattern.clock for pattern in patterns]
    rows = run(
        _STARTING,
        [
            [item.pk for item, _ in made],
            [item.state for item, _ in made],
            [places[pattern] for _, pattern in made],
            *(list(map(attrgetter(name), clocks)) for name in SHARED),
            [clock.turn.does.value for clock in clocks],
        ],
    )
    dues = {item_id: due for _, item_id, _, _, due in rows}
    for item, _ in made:
        item.is_timed = True
        item.next_due_at = dues.get(item.pk) or item.next_due_at
    return [StartedClock(pk, item, purpose, due) for pk, item, purpose, due, _ in rows]


def _update(turned: Sequence[Clock], every: Sequence[Clock]) -> None:
    """
    Write turned clocks, their marks and the items' due times in one statement.

    :param every: all open clocks of those items
    """
    items = {clock.item_id: clock.item for clock in turned}
    dues: dict[int, list[datetime]] = {item_id: [] for item_id in items}
    for clock in every:
        if clock.item_id in dues and clock.running_since and clock.due_at:
            dues[clock.item_id].append(clock.due_at)
    for item in items.values():
        item.next_due_at = min(dues[item.pk], default=None)
    new, params = _columns(turned, {"id": "bigint", **TURNED})
    run(
        f"""
        WITH new AS ({new}),
        clock AS (UPDATE routing_clock c SET {", ".join(f"{name} = new.{name}" for name in TURNED)}
            FROM new WHERE c.id = new.id),
        mark AS ({_MARK})
        UPDATE routing_workitem w SET next_due_at = due.at
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS due(id, at)
        WHERE w.id = due.id AND w.next_due_at IS DISTINCT FROM due.at""",
        [*params, list(items), [item.next_due_at for item in items.values()]],
    )
