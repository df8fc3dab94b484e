"""D5: work is spread over the people of a team, and so is backing up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.flows.choose import (
    TIE_BREAK,
    TIE_BREAK_BEFORE,
    Candidate,
    Choice,
    Fallback,
    RuleSpec,
    choose,
)
from routing.flows.versions import published
from routing.kernel.canonical import as_json
from routing.kernel.roles import Role
from routing.models import Decision, WorkItem
from routing.people.actors import Actor
from routing.runs.candidates import Pool, instant, people
from routing.runs.operations.capture import capture
from routing.runs.operations.enrich import enrich
from routing.runs.operations.process import process
from routing.runs.operations.route_runs import route_runs
from routing.runs.recompute import recompute_decision
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.threads import at_once
from tests.world import NOW, World, by, make_user

TEAM = 1
ANYBODY = RuleSpec(1, "Everything", TEAM, (), False, 3, ())
ACCOUNT = RuleSpec(1, "Everything", TEAM, (), True, 3, ())
NOBODY = Fallback((), (91, 92))

pytestmark = pytest.mark.requirement("O9")


def person(user_id: int, load: int = 0) -> Candidate:
    return Candidate(user_id, (TEAM,), (), True, False, load, "", "")


def in_turn(rule: RuleSpec, pool: Pool, many: int, fallback: Fallback = NOBODY) -> list[Choice]:
    """Decide one after the other, each done before the next."""
    found = []
    for number in range(many):
        choice = choose([rule], {}, pool.candidates, fallback)
        loads = {each.user_id: each.open_items for each in pool.candidates}
        pool.chose(choice, pool.moment(NOW + timedelta(minutes=number)))
        pool.candidates = [
            replace(each, open_items=loads[each.user_id]) for each in pool.candidates
        ]
        found.append(choice)
    return found


def counts(values: Any) -> list[int]:
    return sorted(Counter(values).values(), reverse=True)


@given(st.integers(1, 40), st.integers(2, 6))
def test_d5_whoever_waits_longest_is_next(many: int, size: int) -> None:
    pool = Pool([person(number) for number in range(1, size + 1)], {})

    chosen = in_turn(ANYBODY, pool, many)

    for field, apart in (("owner_id", 1), ("backup_id", 2)):  # an owner cannot be the backup, too
        times = Counter(getattr(choice, field) for choice in chosen)
        least = min(times.get(each, 0) for each in range(1, size + 1))
        assert max(times.values()) - least <= apart, field


def test_d5_ten_deals_go_to_three_people_and_their_backups() -> None:
    chosen = in_turn(ANYBODY, Pool([person(1), person(2), person(3)], {}), 10)

    assert counts(choice.owner_id for choice in chosen) == [4, 3, 3]
    assert counts(choice.backup_id for choice in chosen) == [4, 3, 3]


def test_d5_backups_are_spread_where_the_account_owner_takes_everything() -> None:
    chosen = in_turn(
        ACCOUNT, Pool([person(1), person(2), person(3)], {}), 10, Fallback((1, 2), (91, 92))
    )

    assert {choice.owner_id for choice in chosen} == {1}
    assert counts(choice.backup_id for choice in chosen) == [5, 5]


def test_d5_open_work_still_comes_first() -> None:
    pool = Pool([person(1, load=1), person(2), person(3, load=2)], {})

    assert {choice.owner_id for choice in in_turn(ANYBODY, pool, 4)} == {2}


def test_d5_decisions_of_one_instant_follow_one_another() -> None:
    pool = Pool([person(1), person(2)], {}, NOW)

    assert pool.moment(NOW) == NOW + timedelta(microseconds=1)
    assert pool.moment(NOW + timedelta(hours=1)) == NOW + timedelta(hours=1)
    assert pool.moment(NOW - timedelta(hours=1)) == NOW - timedelta(hours=1)  # another clock


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_d5_the_text_of_an_instant_has_the_order_of_time(one: datetime, other: datetime) -> None:
    assert (instant(one) < instant(other)) == (one < other)
    assert instant(None) < instant(one)


def test_d5_a_record_without_the_instants_is_recomputed_as_it_was_made() -> None:
    before = [Candidate(number, (TEAM,), (), True, False, 0) for number in (1, 2, 3)]

    old, new = (
        choose([ANYBODY], {}, before, NOBODY),
        choose([ANYBODY], {}, [person(1), person(2)], NOBODY),
    )

    assert (old.owner_id, old.backup_id, old.tie_break) == (1, 2, TIE_BREAK_BEFORE)
    assert new.tie_break == TIE_BREAK


# -- In the database -------------------------------------------------------------------------------


def three_managers(world: World) -> set[int]:
    """Return the ids of the three people of the team, to whom a rule gives every large deal."""
    carl = make_user("Carl", Role.ACCOUNT_MANAGER, team=world.team)
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    return {world.alice.pk, world.bob.pk, carl.pk}


def finish_everything() -> None:
    """End all work, as if somebody had done it, without going through each step."""
    WorkItem.objects.filter(is_open=True).update(is_open=False)


@pytest.fixture
def deals(world: World) -> Iterator[FakeCRM]:
    crm = FakeCRM(world.acme)
    crm.facts["deal.amount"] = "60000"
    with answering(crm):
        yield crm


def test_d5_ten_deals_each_done_before_the_next(world: World, deals: FakeCRM) -> None:
    team = three_managers(world)

    for number in range(10):
        capture(signals(str(number)), by=Actor.system(), at=NOW)
        work()
        finish_everything()

    owners = list(Decision.objects.values_list("owner_id", flat=True))
    backups = list(Decision.objects.values_list("backup_id", flat=True))
    assert {*owners} == team
    assert counts(owners) == [4, 3, 3]
    assert counts(backups) == [4, 3, 3]
    for decision in Decision.objects.all():
        assert '"given_at":"' in decision.asked
        assert recompute_decision(decision).same


def test_d5_a_decision_of_before_is_recomputed_byte_for_byte(world: World, deals: FakeCRM) -> None:
    three_managers(world)
    capture(signals("1"), by=Actor.system(), at=NOW)
    work()
    made = Decision.objects.get()
    candidates = [
        Candidate(user, (world.team.pk,), (), True, False, 0)
        for user in (world.alice.pk, world.bob.pk)
    ]
    # As the version before wrote it: six fields, and its own words for ties.
    plain = []
    for each in candidates:
        fields = asdict(each)
        plain.append({name: value for name, value in fields.items() if not name.endswith("_at")})
    fallback = Fallback((world.alice.pk, world.bob.pk), (world.olga.pk, world.bob.pk))
    choice = choose(published(made.version_id).rules, {}, candidates, fallback)
    made.asked = as_json({"facts": {}, "candidates": plain, "fallback": fallback})
    made.answer = as_json(choice)
    made.digest = sha256(f"{made.asked}\n{made.answer}".encode()).hexdigest()

    assert TIE_BREAK_BEFORE in made.answer
    assert "given_at" not in made.asked
    assert recompute_decision(made).same


@pytest.mark.usefixtures("deals")
def test_d5_a_batch_asks_for_everybodys_last_work_in_one_statement(world: World) -> None:
    three_managers(world)
    with CaptureQueriesContext(connection) as few:
        people([], NOW)
    for number in range(5):
        make_user(f"Dora {number}", Role.ACCOUNT_MANAGER, team=world.team)

    with CaptureQueriesContext(connection) as many:
        people([], NOW)

    assert len(many) == len(few) == 5


@pytest.mark.django_db(transaction=True)
def test_d5_two_workers_at_once_give_four_each(committed_world: World) -> None:
    world, crm = committed_world, FakeCRM(committed_world.acme)
    team = three_managers(world)
    crm.facts["deal.amount"] = "60000"
    with answering(crm):
        for number in range(12):
            capture(signals(str(number)), by=Actor.system(), at=NOW)
        process(at=NOW)
        enrich(clock=lambda: NOW)

        def route() -> None:
            for _step in range(40):
                route_runs(at=NOW, limit=1)

        at_once([route, route])

    owners = list(Decision.objects.values_list("owner_id", flat=True))
    assert {*owners} == team
    assert counts(owners) == [4, 4, 4]
    assert Decision.objects.values("at").distinct().count() == 12
    assert all(recompute_decision(decision).same for decision in Decision.objects.all())
