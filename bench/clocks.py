"""A million open clocks, and a time that can be set so that any number of them is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, connections

from routing.cover.agency import Agency
from routing.kernel.sql import run
from routing.people.staff import Team, User
from routing.sla.policies import SLAPolicy, Target
from routing.sla.terms import agree, ids_of
from routing.work.items import WorkItem

FIRST = datetime(2026, 12, 1, tzinfo=UTC)  # when the first of them wakes; then one a second
EVERY = timedelta(days=30)  # to the next level, so that no clock is escalated twice in a run
OWNERS = 20
KINDS = 5  # two that are warned of, two that become late, one that goes to the backup

# Due times are scattered over the table, as they would be: they do not follow the order on disk.
CLOCKS = """
WITH made AS (
    SELECT n, n / 3 + 1 AS item, (ARRAY['first_response', 'triage',
        'resolution'])[n %% 3 + 1] AS purpose, place, place %% 5 AS kind,
        %(first)s + place * interval '1 second' AS wakes_at
    FROM generate_series(0, %(many)s - 1) AS n,
        LATERAL (SELECT (n::bigint * 611953) %% %(many)s AS place) AS p
), begun AS (
    SELECT *, wakes_at - CASE WHEN kind = 4 THEN interval '31 days'
        ELSE interval '1 day' END AS started_at,
        CASE WHEN kind < 2 THEN interval '100 days' ELSE interval '1 day' END AS target
    FROM made
)
INSERT INTO routing_clock (item_id, purpose, policy_id, policy_version, terms_id, target,
    warn_after, escalate_every, started_at,
    running_since, waiting_on, cause, spent, due_at, warn_at, warned_at, breached_at, wakes_at,
        next_level)
SELECT %(item)s + item, purpose, %(policy)s, 1, %(terms)s, target, CASE
    WHEN kind < 2 THEN interval '1 day' ELSE interval '18 hours' END,
    %(every)s, started_at, started_at, 'agency', 'work', '0', started_at + target,
    started_at + CASE WHEN kind < 2 THEN interval '1 day' ELSE interval '18 hours' END,
    CASE WHEN kind >= 2 THEN started_at + interval '18 hours' END, CASE
        WHEN kind = 4 THEN started_at + target END, wakes_at,
    (ARRAY[0, 0, 1, 1, 2])[kind + 1]
FROM begun ORDER BY n"""
ITEMS = """
INSERT INTO routing_workitem (ref, kind, title, state, is_open, hold_reason, waiting_on, owner_id,
    backup_id, team_id, priority, is_timed,
    created_at, changed_at)
SELECT 'CLK-' || n, 'request', 'Landing page for autumn, part ' || n, 'captured', true, '',
    'agency', (%(owners)s::bigint[])[n %% 20 + 1],
    (%(owners)s::bigint[])[(n + 1) %% 20 + 1], %(team)s, 3, true, %(first)s, %(first)s
FROM generate_series(1, %(many)s) AS n"""


def make_clocks(many: int) -> None:
    """Make three clocks for each work item, on a calendar without off-hours, with people."""
    owners = _people()
    lead, first, second, *_ = owners
    team = Team.objects.create(name="Clocks", lead_id=lead)
    Agency.objects.create(pk=1, name="Bench", team=team, owner_id=first, backup_id=second)
    policy = SLAPolicy.objects.create(
        slug="bench", name="Bench", calendar_source=SLAPolicy.Source.ALWAYS
    )
    target = Target.objects.create(
        policy=policy, kind="request", purpose="triage", worktime=timedelta(days=1)
    )
    [terms] = ids_of([agree(target, policy, [], target.worktime, FIRST)]).values()
    run(ITEMS, {"owners": owners, "team": team.pk, "many": many // 3 + 1, "first": FIRST})
    [first_item] = WorkItem.objects.filter(ref="CLK-1").values_list("pk", flat=True)
    run(
        CLOCKS,
        {
            "many": many,
            "item": first_item - 1,
            "policy": policy.pk,
            "terms": terms,
            "every": EVERY,
            "first": FIRST,
        },
    )
    # Autovacuum would have done this by the time a table has so many rows.
    with connections["owner"].cursor() as cursor:
        for table in ("routing_clock", "routing_workitem", "routing_clockterms"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    connections["owner"].close()


def _people() -> list[int]:
    made = [
        User(email=f"clock{n}@bench.invalid", full_name=f"Owner {n}", is_staff=True, password="!")  # noqa: S106
        for n in range(OWNERS)
    ]
    return [user.pk for user in User.objects.bulk_create(made)]


class Time:
    """Of one process: how many clocks it has let wake so far."""

    woken = 0

    @classmethod
    def let_wake(cls, many: int) -> datetime:
        """The instant by which exactly so many more are due."""
        cls.woken += many
        return FIRST + timedelta(seconds=cls.woken - 0.5)


def let_wake(_world: Any, many: int) -> datetime:
    return Time.let_wake(many)


def query(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
