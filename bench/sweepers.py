"""
Three ways to tell of the clocks that are due: ours, a careful loop over the ORM, and one statement
that PostgreSQL runs alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from bench.clocks import Time
from bench.world import World
from routing.kernel.events import Event
from routing.kernel.sql import run
from routing.messages.models import Notification
from routing.sla.clocks import Clock, Escalation
from routing.sla.ladder import Level, Reached, climb, level_of
from routing.sla.operations.escalate import escalate
from routing.sla.present import Present
from routing.sla.terms import terms_by_digest

Words = Notification.Words

ONE_STATEMENT = """
WITH due AS (
    SELECT c.id, c.item_id, c.next_level AS level, c.wakes_at AS reached,
        CASE c.next_level WHEN 2 THEN w.backup_id ELSE w.owner_id END AS person,
        CASE c.next_level WHEN 0 THEN c.due_at WHEN 1 THEN c.due_at + c.escalate_every
            ELSE c.due_at + 2 * c.escalate_every END AS wakes_at
    FROM routing_clock c JOIN routing_workitem w ON w.id = c.item_id WHERE c.wakes_at <= %(at)s
        FOR NO KEY UPDATE OF c
), clock AS (
    UPDATE routing_clock c SET next_level = due.level + 1, wakes_at = due.wakes_at, trouble = '',
        warned_at = coalesce(c.warned_at, %(at)s),
        breached_at = CASE WHEN due.level > 0 THEN coalesce(c.breached_at, c.due_at) END
    FROM due WHERE c.id = due.id
), level AS (
    INSERT INTO routing_escalation (clock_id, level, due_at, caught_up, sent_at)
        SELECT id, level, reached, false, %(at)s FROM due
), event AS (
    INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state,
        actor_id, at)
    SELECT (ARRAY['routing.clock.warn', 'routing.clock.breach',
        'routing.clock.escalate'])[level + 1], 'throughline', '', item_id, id, '',
        (ARRAY['warning', 'breach', 'backup'])[level + 1], %(actor)s, %(at)s FROM due
), note AS (
    INSERT INTO routing_notification (recipient_id, item_id, words, dedupe_key, at)
    SELECT person, item_id, (ARRAY['warning', 'breach', 'escalation'])[level + 1],
        'clock:' || id || ':' || level || ':' || person, %(at)s
    FROM due
)
SELECT count(*) FROM due"""


def ours(_world: World, many: int) -> None:
    at = Time.let_wake(many)
    looked = escalate(at=at)
    assert looked == many, looked


def naive(world: World, many: int) -> None:
    """
    A transaction a clock, as one would write it; who is there is read once for all, which is more
    than fair.
    """
    at = Time.let_wake(many)
    present = Present.at(at)
    due = list(Clock.objects.waking(at).values_list("pk", flat=True))
    assert len(due) == many, len(due)
    for pk in due:
        _tell(pk, at, present, world)


def _tell(pk: int, at: datetime, present: Present, world: World) -> None:
    with transaction.atomic():
        clock = (
            Clock.objects.select_for_update(of=("self",), no_key=True)
            .select_related("item", "terms")
            .get(pk=pk)
        )
        hours = terms_by_digest({clock.terms.digest})[clock.terms.digest].hours
        [*under, highest], clock.wakes_at = climb(clock.climber(), hours, at, past=lambda _: at)
        clock.next_level, clock.trouble = highest.level + 1, ""
        clock.warned_at = clock.warned_at or at
        if highest.level > Level.WARNING:
            clock.breached_at = clock.breached_at or clock.due_at
        clock.save()
        for each in under:
            Escalation.objects.create(
                clock=clock, level=each.level, due_at=each.due_at, caught_up=True
            )
        Escalation.objects.create(
            clock=clock, level=highest.level, due_at=highest.due_at, sent_at=at
        )
        _say(clock, highest, at, present, world)


def _say(clock: Clock, reached: Reached, at: datetime, present: Present, world: World) -> None:
    verb, words = (
        ("warn", Words.WARNING),
        ("breach", Words.BREACH),
        ("escalate", Words.ESCALATION),
    )[min(reached.level, 2)]
    Event.objects.create(
        kind=f"routing.clock.{verb}",
        item_id=clock.item_id,
        object_id=clock.pk,
        to_state=level_of(reached.level).name.lower(),
        actor=world.system,
        at=at,
    )
    item = clock.item
    for person in present.for_level(reached.level, item.owner_id, item.backup_id, item.team_id):
        key = f"clock:{clock.pk}:{reached.level}:{person}"
        Notification.objects.create(
            recipient_id=person, item=item, words=words, dedupe_key=key, at=at
        )


def limit(world: World, many: int) -> None:
    """It knows these clocks: counted around the clock, one level each, everybody is there."""
    values: dict[str, Any] = {"at": Time.let_wake(many), "actor": world.system.pk}
    [(written,)] = run(ONE_STATEMENT, values)
    assert written == many, written
