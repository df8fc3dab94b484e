"""Operations on clocks: start them, let them follow the work, and stop them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import connection, transaction

from routing.kernel.roles import EVERYONE, grant
from routing.kernel.sql import run
from routing.kernel.tables import insert_into, quoted, sql_type, written_fields
from routing.sla.clocks import Clock, ClockMark
from routing.sla.policies import SLAPolicy, Target
from routing.sla.terms import Agreed, Uses, agree, ids_of, terms_by_digest
from routing.sla.timing import AGENCY, Cause, ClockInput, ClockTurn, Does, turn
from routing.work.items import WorkItem
from routing.work.registry import follower

for _noun in ("clock", "clockmark", "clockterms", "escalation"):
    grant(f"routing.view_{_noun}", *EVERYONE)

FIELDS = [field.attname for field in Clock._meta.concrete_fields]
TYPES = {name: sql_type(field) for name, field in written_fields(Clock).items()}
# Columns that are fixed when a clock starts, and columns that only the sweep writes. A turn writes
# all others.
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
SWEPT = {"warned_at", "next_level", "trouble"}
STARTED = {name: kind for name, kind in TYPES.items() if name not in SWEPT}
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


def start(
    items: Sequence[WorkItem],
    policy: SLAPolicy,
    at: datetime,
    *,
    purposes: Collection[str] | None = None,
    worktimes: Mapping[int, timedelta] | None = None,
) -> list[Clock]:
    """
    Start the clocks of a policy for these items, at ``at`` (aware).

    An item keeps an open clock of the same purpose, and gets none if the target is already met or
    the work has ended. A clock may start paused.

    :param purposes: only these; None for all
    :param worktimes: working time by item id that replaces the target's, such as an exception's
        timebox
    :returns: the clocks that were started
    """
    uses = Uses.of(items)
    # Most items of a batch have the same terms and the same values, which are worked out once.
    seen: dict[Any, Agreed] = {}
    alike: dict[Any, dict[str, Any]] = {}
    made = []
    for target in policy.targets.filter(kind__in={item.kind for item in items}):
        for item in items:
            if item.kind == target.kind and (purposes is None or target.purpose in purposes):
                worktime = (worktimes or {}).get(item.pk, target.worktime)
                calendars = tuple(uses.for_item(item, policy.sources))
                agreed = seen.get((target, calendars, worktime)) or agree(
                    target, policy, calendars, worktime, at
                )
                seen[target, calendars, worktime] = agreed
                if clock := _new(item, target, policy, agreed, worktime, at, alike):
                    made.append((clock, agreed))
    with transaction.atomic(savepoint=False):
        ids = ids_of(agreed for _, agreed in made) if made else {}
        for clock, agreed in made:
            clock.terms_id = ids[agreed.digest]
        started = _insert([clock for clock, _ in made]) if made else []
        _turn_all(_parents(_news_to_parents(items)), at)
    return started


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


def _new(
    item: WorkItem,
    target: Target,
    policy: SLAPolicy,
    agreed: Agreed,
    worktime: timedelta,
    at: datetime,
    alike: dict[Any, dict[str, Any]],
) -> Clock | None:
    """
    Return an unsaved clock, or None if the target is already met or the work has ended.

    :param alike: values of clocks with the same target, terms and turn, filled as they are made
    """
    wanted = turn(_clock_input(item, ""), agreed.terms)
    if wanted.does == Does.STOP:
        return None
    key = (target, agreed.digest, worktime, wanted)
    if key not in alike:
        clock = _first(target, policy, agreed, worktime, wanted, at)
        alike[key] = {name: getattr(clock, name) for name in STARTED if name != "item_id"}
    return Clock(item=item, **alike[key])


def _first(
    target: Target,
    policy: SLAPolicy,
    agreed: Agreed,
    worktime: timedelta,
    wanted: ClockTurn,
    at: datetime,
) -> Clock:
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
    return clock


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


def _insert(clocks: Sequence[Clock]) -> list[Clock]:
    """
    Write clocks, their first marks and the items' due times in one statement.

    :returns: the clocks that are new
    """
    # Two workers may start the same clock. The unique index decides, and the loser's clock comes
    # back without an id.
    new, params = _columns(clocks, STARTED)
    rows = run(
        f"""
        WITH new AS ({new}),
        clock AS ({_STARTED}
            ON CONFLICT (item_id, purpose) WHERE stopped_at IS NULL DO NOTHING
                RETURNING id, item_id, purpose, due_at),
        mark AS ({_FIRST_MARK}),
        due AS (SELECT item_id, min(due_at) AS at FROM clock GROUP BY item_id),
        item AS (UPDATE routing_workitem w SET is_timed = true, next_due_at = LEAST(w.next_due_at,
            due.at) FROM due
            WHERE w.id = due.item_id RETURNING w.id, w.next_due_at)
        SELECT clock.id, clock.item_id, clock.purpose, item.next_due_at FROM clock LEFT JOIN item
            ON item.id = clock.item_id""",
        params,
    )
    written = {(item_id, purpose): (clock_id, due) for clock_id, item_id, purpose, due in rows}
    for clock in clocks:
        clock.pk, due = written.get((clock.item_id, clock.purpose), (None, None))
        clock._state.adding, clock._state.db = clock.pk is None, connection.alias
        clock.item.is_timed, clock.item.next_due_at = True, due or clock.item.next_due_at
    return [clock for clock in clocks if clock.pk]


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
