"""
Escalation: notify people of work that is nearly or already overdue, once for each level of a
clock's ladder, however many sweeps run or fail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction

from routing.kernel.events import Event
from routing.kernel.isolate import isolate
from routing.kernel.retrying import again
from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.messages.channels import send_notifications
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.people.clearance import clearance_for
from routing.sla.breaches import Affected, affected_by_breach, escalate_affected, lock_affected
from routing.sla.clocks import Clock, ClockMark, Escalation
from routing.sla.ladder import Climber, Level, Reached, climb, when_spent
from routing.sla.present import Present
from routing.sla.terms import terms_by_digest
from routing.sla.timing import Terms

log = structlog.get_logger(__name__)

# A chunk takes some tenths of a second, and a step of work may have to wait for it that long.
CHUNK = 2_000
PUSHED_BACK = timedelta(minutes=5)  # so that a clock that always fails does not fill each sweep
WHY = "The timebox ran out."
NOBODY = "Nobody is available"

# SKIP LOCKED: a clock that another sweep or a person is changing is left for the next sweep. In the
# order of ids, as everywhere. ``wakes_at`` is checked again, because the lock may have come late.
CLAIM = """
    SELECT c.id, c.item_id, t.digest, w.owner_id, w.backup_id, w.team_id,
        CASE WHEN k.restricted THEN k.id END, c.next_level, c.warn_at,
        coalesce(c.breached_at, c.due_at),
        c.running_since, c.spent, c.target, c.escalate_every
    FROM routing_clock c JOIN routing_workitem w ON w.id = c.item_id JOIN routing_clockterms t
        ON t.id = c.terms_id LEFT JOIN routing_client k ON k.id = w.client_id
    WHERE c.id = ANY(%s) AND c.wakes_at <= %s ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED"""
_LEVEL = insert_into(
    Escalation,
    """(
        SELECT clock, level, due_at, false AS caught_up, %(at)s::timestamptz AS sent_at FROM new
        UNION ALL SELECT *, true, NULL FROM unnest(%(under_clock)s::bigint[],
            %(under_level)s::int[], %(under_due_at)s::timestamptz[])) AS reached""",
    clock_id="clock",
    level="level",
    due_at="due_at",
    caught_up="caught_up",
    sent_at="sent_at",
)
_EVENT = insert_into(
    Event,
    "new",
    kind="(ARRAY['routing.clock.warn', 'routing.clock.breach', 'routing.clock.escalate'])[what]",
    item_id="item",
    object_id="clock",
    to_state="""(%(names)s::text[])[least(level, array_length(%(names)s::text[], 1) - 1) + 1]""",
    actor_id="%(actor)s",
    at="%(at)s",
)
_NOTIFICATION = insert_into(
    Notification,
    """new JOIN unnest(%(notified_clock)b::bigint[], %(notified_person)b::bigint[])
        AS notified(clock, person) USING (clock)""",
    recipient_id="person",
    item_id="item",
    words="(ARRAY['warning', 'breach', 'escalation'])[what]",
    while_state="(ARRAY['!soon', '!late', '!late'])[what]",
    dedupe_key="concat_ws(':', 'clock', clock, level, person)",
    at="%(at)s",
)
# One statement, so that a level, its event and its notifications are written together or not at
# all. The unique index on clock and level makes a second sweep fail instead of notifying twice.
WRITE = f"""
    WITH new AS (
        SELECT *, least(level, 2) + 1 AS what
        FROM unnest(%(clock)b::bigint[], %(item)b::bigint[], %(level)b::int[],
            %(due_at)b::timestamptz[], %(wakes_at)b::timestamptz[])
            AS new(clock, item, level, due_at, wakes_at)),
    clock AS (
        UPDATE routing_clock c SET next_level = new.level + 1, wakes_at = new.wakes_at,
            trouble = '',
            warned_at = coalesce(c.warned_at, %(at)s), breached_at = CASE
                WHEN new.level > 0 THEN coalesce(c.breached_at, c.due_at) END
        FROM new WHERE c.id = new.clock),
    level AS ({_LEVEL}),
    event AS ({_EVENT})
    {_NOTIFICATION}
    RETURNING id, recipient_id, item_id, words"""
NAMES = [level.name.lower() for level in Level]


@dataclass
class EscalationBatch:
    """Columns of the rows that a batch writes, and the clocks that it puts off."""

    clock: list[int] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    level: list[int] = field(default_factory=list)
    due_at: list[datetime] = field(default_factory=list)
    wakes_at: list[datetime | None] = field(default_factory=list)
    under_clock: list[int] = field(default_factory=list)
    under_level: list[int] = field(default_factory=list)
    under_due_at: list[datetime] = field(default_factory=list)
    notified_clock: list[int] = field(default_factory=list)
    notified_person: list[int] = field(default_factory=list)
    # Clocks whose breach is escalated for the first time.
    late: list[int] = field(default_factory=list)
    # The next time to look and the problem, by clock.
    put_off: dict[int, tuple[datetime | None, str]] = field(default_factory=dict)

    def add(
        self,
        clock: int,
        item: int,
        reached: Sequence[Reached],
        wakes_at: datetime | None,
        people: Sequence[int],
    ) -> None:
        """Notify people of the highest level reached. Levels below it count as caught up."""
        *under, highest = reached
        self.clock.append(clock)
        self.item.append(item)
        self.level.append(highest.level)
        self.due_at.append(highest.due_at)
        self.wakes_at.append(wakes_at)
        self.notified_clock += [clock] * len(people)
        self.notified_person += people
        for each in under:
            self.under_clock.append(clock)
            self.under_level.append(each.level)
            self.under_due_at.append(each.due_at)
        if reached[0].level <= Level.BREACH <= highest.level:
            self.late.append(clock)


def escalate(*, at: datetime, chunk: int = CHUNK) -> int:
    """
    Escalate every clock that has reached a level at ``at`` (aware). Return the number of clocks
    looked at.

    It can run many times at once, and can be killed: each chunk is one transaction. A clock that
    cannot be escalated is pushed back and reported, and the others go on.
    """
    page, looked = _page(at, None, chunk), 0
    affected = affected_by_breach(at) if page else []
    while page:
        ids = [pk for pk, _ in page]
        looked += isolate(
            lambda batch: again(partial(_escalate, batch, affected, at)),
            ids,
            lambda clock, why: _push_back(clock, why, at),
        )
        page = _page(at, page[-1], chunk)
    return looked


def _page(at: datetime, last: tuple[int, Any] | None, chunk: int) -> list[tuple[int, Any]]:
    """
    Return the next clocks in the order of their waking times.

    Clocks that stay due after this sweep looked at them come again with the next one.
    """
    waking = Clock.objects.waking(at)
    if last:
        waking = waking.filter(wakes_at__gte=last[1]).exclude(wakes_at=last[1], pk__lte=last[0])
    sql, params = waking.values_list("pk", "wakes_at")[:chunk].query.sql_with_params()
    return [(pk, wakes_at) for pk, wakes_at in run(sql, params, binary=True)]


def _escalate(ids: Sequence[int], affected: Sequence[Affected], at: datetime) -> int:
    with transaction.atomic():
        # Work is locked before clocks, as everywhere. Breached work is moved below, and locking it
        # only then could deadlock with a step that holds the work and waits for its clock.
        lock_affected(affected, ids)
        claimed = run(CLAIM, [list(ids), at], binary=True)
        if not claimed:
            return 0
        batch, system = _batch_of(claimed, at), Actor.system()
        if batch.clock:
            shared = {"names": NAMES, "actor": system.user_id, "at": at}
            written = run(WRITE, {**_columns(batch), **shared})
            notifications = [
                Notification(pk=pk, recipient_id=person, item_id=about, words=words, at=at)
                for pk, person, about, words in written
            ]
            send_notifications(notifications, at)
        for clock, (wakes_at, trouble) in batch.put_off.items():
            Clock.objects.filter(pk=clock).update(wakes_at=wakes_at, trouble=trouble)
        escalate_affected(affected, batch.late, by=system, at=at, reason=WHY)
    return len(claimed)


def _columns(batch: EscalationBatch) -> dict[str, Any]:
    return {name: column for name, column in vars(batch).items() if name not in {"late", "put_off"}}


def _batch_of(claimed: Sequence[tuple[Any, ...]], at: datetime) -> EscalationBatch:
    batch, present = EscalationBatch(), Present.at(at)
    terms: Mapping[str, Terms] = terms_by_digest({digest for _, _, digest, *_ in claimed})
    # Only the ids of restricted clients are read, so usually nothing is asked here.
    clearance = clearance_for({client for _, _, _, _, _, _, client, *_ in claimed})
    for clock, item, digest, owner, backup, team, client, *rest in claimed:
        cleared = clearance.people(client)
        hours = terms[digest].hours
        reached, wakes_at = climb(
            Climber(*rest),
            hours,
            at,
            past=lambda time, c=clock, h=hours: when_spent(_marks(c), h, time),  # type: ignore[misc]
        )
        if not reached:
            batch.put_off[clock] = (wakes_at, "")
        elif people := present.for_level(reached[-1].level, owner, backup, team, cleared):
            batch.add(clock, item, reached, wakes_at, people)
        else:
            log.error("nobody is available to notify", action="escalate", clock=clock)
            batch.put_off[clock] = (at + PUSHED_BACK, NOBODY)
    return batch


def _marks(clock: int) -> list[Any]:
    return [mark.read() for mark in ClockMark.objects.filter(clock=clock).order_by("id")]


def _push_back(clock: int, why: str, at: datetime) -> None:
    log.error("clock pushed back", action="escalate", clock=clock, error=why)
    Clock.objects.filter(pk=clock, wakes_at__lte=at).update(wakes_at=at + PUSHED_BACK, trouble=why)
