"""
Cover: find what nobody covers among a million open work items, and open the exceptions about it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connections

from bench import report
from bench.measure import Spread
from config.embedded import postgres
from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.kernel.reasons import Reason
from routing.kernel.roles import Role
from routing.kernel.sql import run
from routing.people.staff import Team, TeamMembership, User
from routing.runs.cover_gaps import DAYS, gaps_ahead
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations.cover_cases import cover_tonight, open_cases, review_cases
from routing.runs.stand_ins import StandIns
from routing.sla.operations.calendars import ensure_defaults
from routing.work.items import WorkItem

ITEMS = 1_000_000  # at SCALE=1
PEOPLE, TEAMS = 200, 20  # owner and backup are neighbours in one team
WITHIN_S = 60
SAMPLE = 1_000  # due items, for the loop
AT = datetime(2026, 12, 1, 1, tzinfo=UTC)
# Due within sixty days, scattered over the table. Every ninth piece of work has no due time.
WORK = """
INSERT INTO routing_workitem (ref, kind, title, state, is_open, hold_reason, waiting_on, owner_id,
    backup_id, team_id, priority, is_timed, next_due_at, created_at, changed_at)
SELECT 'CVR-' || n, 'request', 'Landing page for autumn, part ' || n, 'captured', true, '',
    'agency', (%(people)s::bigint[])[owner + 1], (%(people)s::bigint[])[backup + 1],
    (%(teams)s::bigint[])[owner / 10 + 1], 3, true,
    CASE WHEN n %% 9 <> 0 THEN %(at)s + (n::bigint * 611953 %% 5184000) * interval '1 second' END,
    %(at)s, %(at)s
FROM generate_series(1, %(many)s) AS n, LATERAL (SELECT n %% 200 AS owner) AS o,
    LATERAL (SELECT owner / 10 * 10 + (owner + 1 + n / 200 %% 9) %% 10 AS backup) AS b"""


def cover(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Measure a night that finds gaps, the one after it, and a loop over the items."""
    call_command("migrate", database="owner", verbosity=0)
    many = max(1_000, round(ITEMS * scale))
    ensure_defaults(at=AT, country="DE", region="BE")
    _make(many)
    found = [_took(lambda: gaps_ahead(AT, DAYS)) for _ in range(repetitions)]
    proposed = [
        _took(lambda: StandIns.at(AT).propose(gaps_ahead(AT, DAYS))) for _ in range(repetitions)
    ]
    gaps = gaps_ahead(AT, DAYS)
    ratios = {"loop": Spread.of(_ratios(many, found))}
    night = _took(lambda: cover_tonight(at=AT))
    cases = ExceptionCase.objects.filter(reason=Reason.COVER_GAP)
    opened = cases.count()
    reviewed = _took(lambda: review_cases(at=AT))
    again = _took(lambda: open_cases(gaps_ahead(AT, DAYS), at=AT))
    figures = {
        "items": many,
        "gaps": len(gaps),
        "find_s": round(median(found), 3),
        "find_and_propose_s": round(median(proposed), 3),
        "night_s": round(night, 2),
        "opened": opened,
        "opened_per_s": round(opened / night),
        "review_s": round(reviewed, 2),
        "again_s": round(again, 2),
    }
    works = set(cases.values_list("item__parent", flat=True))
    checks = {
        "an exception for each gap": works == {gap.item_id for gap in gaps},
        "one each": len(works) == opened == cases.filter(ended_at=None).count(),
        f"a night within {WITHIN_S} s": night <= WITHIN_S * max(1, scale),
    }
    sys.stderr.write(f"{figures}\n")
    return report.one("cover", figures, ratios, checks)


def _took(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _ratios(many: int, found: list[float]) -> list[float]:
    """Return how often our statement is faster than a loop, which is measured on a sample."""
    per_item = _took(lambda: _loop(SAMPLE)) / SAMPLE
    due = WorkItem.objects.filter(
        is_open=True, next_due_at__gt=AT, next_due_at__lte=AT + timedelta(days=DAYS)
    ).count()
    return [per_item * due / each for each in found]


def _loop(limit: int) -> int:
    """Ask for the absences of each item that is due, as one would first write it."""
    due = WorkItem.objects.filter(is_open=True, next_due_at__gt=AT).order_by("next_due_at")
    gaps = 0
    for item in due[:limit]:
        theirs = list(Absence.objects.filter(user=item.backup_id, ends_at__gt=AT))
        for mine in Absence.objects.filter(user=item.owner_id, ends_at__gt=AT):
            for other in theirs:
                starts = max(mine.starts_at, other.starts_at, AT)
                ends = min(mine.ends_at, other.ends_at)
                assert item.next_due_at is not None
                gaps += starts < ends and starts < item.next_due_at
    return gaps


def _make(many: int) -> None:
    """Make the people, their absences of the next weeks, and the work."""
    made = [
        User(email=f"cover{n}@bench.invalid", full_name=f"Owner {n}", is_staff=True, password="!")  # noqa: S106
        for n in range(PEOPLE)
    ]
    people = User.objects.bulk_create(made)
    managers = Group.objects.get(name=Role.ACCOUNT_MANAGER)
    managers.user_set.add(*people)
    teams = [Team.objects.create(name=f"Cover {n}", lead=people[n * 10]) for n in range(TEAMS)]
    members = [TeamMembership(team=teams[n // 10], user=each) for n, each in enumerate(people)]
    TeamMembership.objects.bulk_create(members)
    Agency.objects.create(pk=1, name="Bench", team=teams[0], owner=people[0], backup=people[1])
    Absence.objects.bulk_create(_absences(people))
    values = {"people": [each.pk for each in people], "teams": [each.pk for each in teams]}
    run(WORK, {**values, "many": many, "at": AT})
    # Autovacuum would have done this by the time a table has so many rows.
    with connections["owner"].cursor() as cursor:
        for table in ("routing_workitem", "routing_absence"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    connections["owner"].close()


def _absences(people: list[User]) -> list[Absence]:
    """Return two half days for every third person, and a week away for every eighth."""
    found = []
    for number, person in enumerate(people):
        for offset, hours in ((number % 13, 4), (number % 29, 4)) if number % 3 == 0 else ():
            starts = AT + timedelta(days=offset, hours=8)
            found.append(
                Absence(user=person, starts_at=starts, ends_at=starts + timedelta(hours=hours))
            )
        if number % 8 == 0:
            starts = AT + timedelta(days=3 + number % 7)
            found.append(Absence(user=person, starts_at=starts, ends_at=starts + timedelta(days=7)))
    return found
