"""
Two years of a large agency, for its figures: a million work items, five million clocks, and the
events, history, marks, runs, outcomes and exceptions that belong to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import psycopg
from django.contrib.auth.models import Group
from django.utils.timezone import now

from bench.seed import CLIENTS, OWNERS, fill, person
from routing.kernel.roles import Role
from routing.models import ClockTerms, Flow, FlowVersion, SLAPolicy
from routing.people.clients import Client
from routing.people.staff import Team, TeamMembership, User

DAYS = 730
FLOWS = 5
# Of ten items one is a run, and the others belong to it. Nineteen in twenty have ended, but of the
# newest tenth one in three.
KIND = """(ARRAY['run','request','brief','deliverable','deliverable','deliverable','deliverable',
    'approval','approval','exceptioncase'])[1 + n %% 10]"""
WAYS = """(CASE n %% 10
    WHEN 0 THEN ARRAY['received','routed','in_delivery','awaiting_outcome','complete']
    WHEN 1 THEN ARRAY['captured','triaged','accepted','in_delivery','closed']
    WHEN 2 THEN ARRAY['draft','in_review','changes_requested','in_review','approved']
    WHEN 7 THEN ARRAY['pending','pending','pending','pending','approved']
    WHEN 8 THEN ARRAY['pending','pending','pending','pending','approved']
    WHEN 9 THEN ARRAY['open','claimed','escalated','claimed','resolved']
    ELSE ARRAY['planned','in_production','in_qa','in_client_review','live'] END)"""
IS_OPEN = "(n > %(rows)s * 0.9 AND n %% 3 > 0 OR (n * 7919) %% 20 = 0)"
CREATED = f"(%(now)s::timestamptz - (%(rows)s - n) * interval '{DAYS} days' / %(rows)s)"
OWNER = "(%(owners)s::bigint[])[1 + (n * 104729) %% %(n_owners)s]"
HANDED_OVER = "n %% 10 = 4"

ITEMS = f"""
    INSERT INTO routing_workitem (id, ref, kind, title, client_id, run_id, state, is_open,
        hold_reason, waiting_on, owner_id, backup_id, team_id, priority, is_timed, next_due_at,
        created_at, changed_at)
    SELECT n, 'BIG-' || n, {KIND}, 'Landing page for the fair ' || n,
        (%(clients)s::bigint[])[1 + (n / 10 * 7919) %% %(n_clients)s],
        CASE WHEN n >= 10 AND n %% 97 > 0 OR n %% 10 = 0 THEN n - n %% 10 END,
        ({WAYS})[CASE WHEN {IS_OPEN} THEN 4 ELSE 5 END], {IS_OPEN}, '',
        (ARRAY['agency','agency','client','vendor'])[1 + (n / 100) %% 4],
        owner, CASE WHEN owner = %(first)s THEN %(last)s ELSE %(first)s END, %(team)s,
        1 + (n * 31) %% 4, true,
        CASE WHEN n %% 20 > 0 THEN %(now)s::timestamptz
            + ((n * 7919) %% 5184000 - 1000000) * interval '1 second' END,
        {CREATED}, %(now)s::timestamptz
    FROM generate_series(1, %(rows)s::bigint) AS n, LATERAL (SELECT {OWNER}) AS o(owner)"""
RUNS = f"""
    INSERT INTO routing_run (id, item_id, state, flow_id, version_id, source, subject_type,
        subject_id)
    SELECT n, n, ({WAYS})[CASE WHEN {IS_OPEN} THEN 4 ELSE 5 END],
        (%(flows)s::bigint[])[1 + n / 10 %% {FLOWS}],
        (%(versions)s::bigint[])[1 + n / 10 %% {FLOWS}], 'crm', 'deal', n::text
    FROM generate_series(10, %(rows)s::bigint, 10) AS n"""
OUTCOMES = f"""
    INSERT INTO routing_outcome (id, item_id, run_id, kind, state, expected_at, proven_at, failures,
        evidence, waived_by_id)
    SELECT n, n, n, 'live', CASE WHEN {IS_OPEN} THEN 'expected' WHEN n %% 70 = 0 THEN 'waived'
        WHEN n %% 110 = 0 THEN 'decayed' ELSE 'proven' END, {CREATED},
        {CREATED} + interval '9 days', 0, '{{}}',
        CASE WHEN NOT {IS_OPEN} AND n %% 70 = 0 THEN %(first)s END
    FROM generate_series(10, %(rows)s::bigint, 10) AS n"""
DECISIONS = f"""
    INSERT INTO routing_decision (id, run_id, version_id, rule_name, owner_id, backup_id, asked,
        answer, digest, at)
    SELECT n, n, (%(versions)s::bigint[])[1 + n / 10 %% {FLOWS}], 'Rule ' || n %% 7, {OWNER},
        %(first)s, '{{}}', '{{}}', md5(n::text), {CREATED} + interval '1 minute'
    FROM generate_series(10, %(rows)s::bigint, 10) AS n"""
STEPS = f"""
    INSERT INTO routing_runstep (id, run_id, name, state, due_at, attempts, lease, last_error,
        started_at, ended_at)
    SELECT n * 3 + k, n, (ARRAY['enrich','decide','act'])[k + 1],
        CASE WHEN n %% 130 = 0 THEN 'stopped' ELSE 'done' END, {CREATED}, 1 + n / 10 %% 2, 1, '',
        {CREATED} + k * interval '10 seconds', {CREATED} + k * interval '12 seconds'
    FROM generate_series(10, %(rows)s::bigint, 10) AS n, generate_series(0, 2) AS k"""
EXCEPTIONS = f"""
    INSERT INTO routing_exceptioncase (id, item_id, state, reason, run_id, step, evidence, blocking,
        ended_at)
    SELECT n, n, CASE WHEN {IS_OPEN} THEN 'claimed' ELSE 'resolved' END,
        (ARRAY['missing_fields','no_rule','dead_delivery','sla_breach','unknown_client'])
            [1 + n / 10 %% 5], nullif(n - 9, 0), '', '{{}}', false,
        CASE WHEN NOT {IS_OPEN} THEN {CREATED} + interval '30 hours' END
    FROM generate_series(19, %(rows)s::bigint, 10) AS n"""
# Every fifth item is handed over once, in the second of its five changes.
CHANGES = f"""
    FROM generate_series(1, %(rows)s::bigint) AS n, generate_series(1, 5) AS k,
        LATERAL (SELECT {CREATED} + (k - 1) * interval '40 hours' + n %% 3600 * interval '1 second')
            AS t(at)
    WHERE t.at < %(now)s::timestamptz AND (k < 5 OR NOT {IS_OPEN}) ORDER BY t.at"""
EVENTS = f"""
    INSERT INTO routing_event (kind, source, digest, item_id, object_id, from_state, to_state,
        actor_id, at)
    SELECT CASE WHEN k = 2 AND {HANDED_OVER} THEN 'routing.workitem.hand_over' ELSE
        CASE WHEN n %% 10 IN (0, 9) THEN 'routing.' ELSE 'delivery.' END || {KIND} || '.'
            || (ARRAY['create','move','move','move','complete'])[k] END,
        'throughline', '', n, n, CASE WHEN k = 1 THEN '' ELSE ({WAYS})[k - 1] END, ({WAYS})[k],
        CASE WHEN k = 5 THEN %(system)s ELSE {OWNER} END, t.at""" + CHANGES  # fmt: skip
RECORDS = f"""
    INSERT INTO routing_historicalworkitem (id, ref, kind, title, hold_reason, waiting_on, priority,
        created_at, history_change_reason, client_id, run_id, owner_id, backup_id, team_id,
        history_date, history_type, history_user_id)
    SELECT n, 'BIG-' || n, {KIND}, '', '', 'agency', 1 + (n * 31) %% 4, {CREATED}, 'made up',
        (%(clients)s::bigint[])[1 + (n / 10 * 7919) %% %(n_clients)s],
        CASE WHEN n >= 10 AND n %% 97 > 0 OR n %% 10 = 0 THEN n - n %% 10 END,
        CASE WHEN k = 1 AND {HANDED_OVER} THEN %(system)s ELSE {OWNER} END, %(first)s, %(team)s,
        t.at, CASE WHEN k = 1 THEN '+' ELSE '~' END,
        CASE WHEN k = 5 THEN %(system)s ELSE {OWNER} END""" + CHANGES  # fmt: skip
CLOCKS = f"""
    INSERT INTO routing_clock (id, item_id, purpose, policy_id, policy_version, terms_id, target,
        warn_after, started_at, running_since, paused_at, stopped_at, waiting_on, cause, spent,
        due_at, breached_at, met_at, wakes_at)
    SELECT n * 5 + k, n,
        (ARRAY['first_response','triage','resolution','delivery','review'])[k + 1],
        (%(policies)s::bigint[])[1 + n %% 2], 1, %(terms)s, interval '8 hours', interval '6 hours',
        started, CASE WHEN goes = 'run' THEN started END,
        CASE WHEN goes = 'pause' THEN started + interval '1 hour' END,
        CASE WHEN goes = 'stop' THEN started + ends END,
        CASE WHEN goes = 'pause' THEN 'client' ELSE 'agency' END,
        CASE WHEN goes <> 'stop' THEN 'work' WHEN is_late OR chance < 90 THEN 'met' ELSE 'ended'
            END,
        interval '5 hours', CASE WHEN goes = 'run' THEN started + interval '70 days' END,
        CASE WHEN is_late THEN started + ends * 0.8 END,
        CASE WHEN goes = 'stop' AND NOT is_late AND chance < 90 THEN started + ends END,
        CASE WHEN goes = 'run' THEN started + interval '70 days' END
    FROM generate_series(1, %(rows)s::bigint) AS n, generate_series(0, 4) AS k,
        LATERAL (SELECT {CREATED}, (n * 31 + k * 17) %% 100, (n * 13 + k * 7) %% 200
            * interval '1 hour', CASE WHEN NOT {IS_OPEN} OR k < 2 THEN 'stop'
            WHEN n %% 2 = 0 THEN 'run' ELSE 'pause' END) AS c(started, chance, ends, goes),
        LATERAL (SELECT chance < 12) AS l(is_late)"""
MARKS = """
    INSERT INTO routing_clockmark (clock_id, at, does, party, cause, state)
    SELECT id, at, does, 'agency', cause, ''
    FROM (SELECT id, started_at AS at, 'run' AS does, 'work' AS cause FROM routing_clock
        UNION ALL SELECT id, stopped_at, 'stop', cause FROM routing_clock
            WHERE stopped_at IS NOT NULL
        UNION ALL SELECT id, paused_at, 'pause', 'waiting' FROM routing_clock
            WHERE paused_at IS NOT NULL) AS mark
    ORDER BY at"""
TABLES = {
    "routing_workitem": ITEMS,
    "routing_run": RUNS,
    "routing_outcome": OUTCOMES,
    "routing_decision": DECISIONS,
    "routing_runstep": STEPS,
    "routing_exceptioncase": EXCEPTIONS,
    "routing_event": EVENTS,
    "routing_historicalworkitem": RECORDS,
    "routing_clock": CLOCKS,
    "routing_clockmark": MARKS,
}


@dataclass(frozen=True, slots=True)
class LargeAgency:
    """Its number of work items, its operations lead, and an account manager who sees 95 of 100."""

    rows: int
    lead: User
    manager: User

    @classmethod
    def made(cls, rows: int, superuser: str) -> Self:
        """
        Fill the tables as a bulk load does: indexes after the rows, triggers asleep; then look at
        them once, as autovacuum would.
        """
        owners = [person(number) for number in range(OWNERS)]
        lead, manager = person(OWNERS), person(OWNERS + 1)
        lead.groups.set([Group.objects.get(name=Role.OPERATIONS)])
        ids = cls._catalogue(owners)
        ids |= {
            "now": now(),
            "rows": rows,
            "owners": [each.pk for each in owners],
            "n_owners": OWNERS,
        }
        ids |= {"system": User.objects.system().pk, "first": owners[0].pk, "last": owners[-1].pk}
        with psycopg.connect(
            superuser, autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as session:
            session.execute("SET session_replication_role = replica")
            session.execute("SET maintenance_work_mem = '512MB'")
            session.execute("SET work_mem = '256MB'")
            for table, statement in TABLES.items():
                fill(session, table, statement, ids)
            session.execute("VACUUM ANALYZE")
        return cls(rows, User.objects.get(pk=lead.pk), manager)

    @staticmethod
    def _catalogue(owners: list[User]) -> dict[str, Any]:
        """Make what work refers to, and return the ids."""
        team = Team.objects.create(name="Large", lead=owners[0])
        TeamMembership.objects.create(team=team, user=owners[0])
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
        flows = Flow.objects.bulk_create(
            Flow(slug=f"f{n}", name=f"Flow {n}", owner=owners[0], backup=owners[1])
            for n in range(FLOWS)
        )
        versions = [FlowVersion.objects.create(flow=flow, number=1) for flow in flows]
        policies = [SLAPolicy.objects.create(slug=slug, name=slug) for slug in ("usual", "quick")]
        terms = ClockTerms.objects.create(digest="d" * 64, document={})
        return {
            "team": team.pk,
            "clients": [each.pk for each in clients],
            "n_clients": CLIENTS,
            "flows": [each.pk for each in flows],
            "versions": [each.pk for each in versions],
            "policies": [each.pk for each in policies],
            "terms": terms.pk,
        }
