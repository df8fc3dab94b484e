"""
A large agency: a million requests, in the product's own tables and in plain copies for the naive
contender.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import psycopg
from django.conf import settings
from django.contrib.auth.models import Group
from psycopg import sql

from routing.kernel.roles import Role
from routing.people.clients import Client
from routing.people.staff import Team, TeamMembership, User

MILLION = 1_000_000
CLIENTS, OWNERS = 100, 20
# One in eight titles has the first, one of all the second.
COMMON, RARE = ("landing", "zanzibar-4711")

ITEMS = """
    INSERT INTO routing_workitem (id, ref, kind, title, client_id, state, is_open, hold_reason,
        waiting_on, owner_id, backup_id, team_id,
        priority, is_timed, next_due_at, created_at, changed_at)
    SELECT n, 'REQ-' || n, 'request',
        (ARRAY['Landing','Banner','Film','Newsletter','Poster','Brochure','Podcast','Campaign'])[1 +
            n %% 8] || ' '
        || (ARRAY['page','series','draft','refresh','audit','launch','concept'])[1 + n %% 7] ||
            ' for '
        || (ARRAY['autumn','winter','spring','summer','the fair','the shop','investors','schools','partners'])[1 + n %% 9]
        || ' ' || substr(md5(n::text), 1, 8) || CASE WHEN n = %(rare)s THEN ' zanzibar-4711'
            ELSE '' END,
        (%(clients)s::bigint[])[1 + (n * 7919) %% %(n_clients)s],
        (ARRAY['captured','triaged','accepted','in_delivery','closed'])[1 + n %% 5],
        n %% 5 < 4, '', (ARRAY['agency','agency','client','vendor'])[1 + (n / 100) %% 4],
        owner, CASE WHEN owner = %(first)s THEN %(last)s
            ELSE %(first)s END, %(team)s, 1 + (n * 31) %% 4, false,
        CASE WHEN n %% 20 = 0 THEN NULL ELSE now() + ((n * 7919) %% 5184000) * interval '1 second'
            END,
        now() - n * interval '30 seconds', now()
    FROM generate_series(1, %(rows)s::bigint) AS n, LATERAL (SELECT CASE
        WHEN n %% (%(rows)s / 40) = 0 THEN %(reader)s
        ELSE (%(owners)s::bigint[])[1 + (n * 104729) %% %(n_owners)s] END) AS o(owner)"""  # noqa: E501
REQUESTS = """
    INSERT INTO delivery_request (id, item_id, state, kind, channel, details, question)
    SELECT id, id, state, 'new', 'email', 'As we said on the phone: ' || title ||
        ', with the three offers of the brief.', ''
    FROM routing_workitem"""

# What Django makes by itself for such models, and an index on the column that the list is ordered
# by.
NAIVE = """
    CREATE TABLE naive_item AS SELECT * FROM routing_workitem;
    ALTER TABLE naive_item ADD PRIMARY KEY (id);
    CREATE UNIQUE INDEX ON naive_item (ref);
    CREATE INDEX ON naive_item (ref varchar_pattern_ops);
    CREATE INDEX ON naive_item (client_id);
    CREATE INDEX ON naive_item (owner_id);
    CREATE INDEX ON naive_item (next_due_at);
    CREATE TABLE naive_request AS SELECT * FROM delivery_request;
    ALTER TABLE naive_request ADD PRIMARY KEY (id);
    CREATE UNIQUE INDEX ON naive_request (item_id);
    CREATE INDEX ON naive_request (state)"""


@dataclass(frozen=True, slots=True)
class Seed:
    rows: int
    reader: User

    @classmethod
    def made(cls, rows: int, superuser: str) -> Self:
        """
        Fill the tables as a bulk load does: indexes after the rows, triggers asleep; then look at
        them once, as autovacuum would.
        """
        owners = [person(number) for number in range(OWNERS)]
        team = Team.objects.create(name="Large", lead=owners[0])
        TeamMembership.objects.create(team=team, user=owners[0])
        # Forty pieces of work are hers, and she sees what is not restricted.
        reader = person(OWNERS)
        clients = Client.objects.bulk_create(
            Client(
                code=f"C{n:03}",
                name=f"Client {n:03}",
                team=team,
                owner=owners[0],
                backup=owners[1],
                restricted=n % 20 == 0,
            )
            for n in range(CLIENTS)
        )
        ids = {"clients": [each.pk for each in clients], "owners": [each.pk for each in owners]}
        numbers = {f"n_{name}": len(found) for name, found in ids.items()}
        people = {
            "first": owners[0].pk,
            "last": owners[-1].pk,
            "team": team.pk,
            "rows": rows,
            "rare": rows // 2,
            "reader": reader.pk,
        }
        with psycopg.connect(
            superuser, autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as session:
            session.execute("SET session_replication_role = replica")
            session.execute("SET maintenance_work_mem = '256MB'")
            fill(session, "routing_workitem", ITEMS, ids | numbers | people)
            fill(session, "delivery_request", REQUESTS, {})
            session.execute(NAIVE)
            session.execute(
                f"GRANT SELECT ON naive_item, naive_request TO "
                f"{settings.DATABASES['default']['USER']}"
            )
            session.execute("VACUUM ANALYZE")
        return cls(rows, reader)


def fill(
    session: psycopg.Connection[Any], table: str, statement: str, values: dict[str, Any]
) -> None:
    """Rows first, then what indexes there were."""
    found = session.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE "
        "indrelid = %s::regclass"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        [table],
    ).fetchall()
    for name, _ in found:
        session.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    session.execute(statement, values)
    for _, definition in found:
        session.execute(definition)


def person(number: int) -> User:
    user = User.objects.create_user(
        f"reader.{number}@bench.invalid", "", full_name=f"Reader {number}", is_staff=True
    )
    user.groups.add(Group.objects.get(name=Role.ACCOUNT_MANAGER))
    return User.objects.get(pk=user.pk)
