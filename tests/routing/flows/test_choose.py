from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.flows.choose import (
    Candidate,
    Choice,
    Fallback,
    NobodyFits,
    NoRuleMatches,
    RuleSpec,
    choose,
)
from routing.flows.conditions import Clause, Operator
from routing.flows.fields import FieldSpec, FieldType

pytestmark = pytest.mark.requirement("O9")

TEAM, OTHER = 1, 2
AMOUNT = FieldSpec("deal.amount", "Amount", FieldType.NUMBER)
ALWAYS = RuleSpec(1, "Everything", TEAM, (), False, 3, ())
NONE = Fallback((), (91, 92))


def person(
    user_id: int,
    *,
    load: int = 0,
    team: int = TEAM,
    skills: tuple[str, ...] = (),
    active: bool = True,
    absent: bool = False,
) -> Candidate:
    return Candidate(user_id, (team,), skills, active, absent, load)


def pair(choice: Choice) -> tuple[int, int]:
    return choice.owner_id, choice.backup_id


def test_least_open_work_first_then_lowest_id() -> None:
    people = [person(5, load=2), person(4, load=1), person(3, load=1), person(6)]

    assert pair(choose([ALWAYS], {}, people, NONE)) == (6, 3)


def test_every_candidate_says_what_ruled_it_out() -> None:
    rule = RuleSpec(1, "SEO", TEAM, ("seo",), False, 3, ())
    people = [
        person(1, skills=("seo",)),
        person(2, skills=("seo", "web")),
        person(3),
        person(4, team=OTHER, skills=("seo",)),
        person(5, skills=("seo",), absent=True),
        person(6, active=False, team=OTHER),
    ]

    choice = choose([rule], {}, people, NONE)

    assert {ruling.user_id: ruling.reasons for ruling in choice.rulings} == {
        1: (),
        2: (),
        3: ("lacks seo",),
        4: ("not in the team",),
        5: ("absent",),
        6: ("not in the team", "lacks seo", "not active"),
    }
    assert pair(choice) == (1, 2)


def test_the_first_rule_that_holds_decides_and_all_that_were_asked_are_told() -> None:
    big = RuleSpec(1, "Big", OTHER, (), False, 1, (Clause(AMOUNT, Operator.AT_LEAST, "100"),))
    people = [person(1), person(2), person(3, team=OTHER), person(4, team=OTHER)]

    small = choose([big, ALWAYS], {"deal.amount": "99"}, people, NONE)
    large = choose([big, ALWAYS], {"deal.amount": "100"}, people, NONE)

    assert (small.rule, pair(small), [(name, held) for name, held, _ in small.asked]) == (
        "Everything",
        (1, 2),
        [("Big", False), ("Everything", True)],
    )
    assert (large.rule, pair(large), large.priority) == ("Big", (3, 4), 1)


def test_the_account_owner_comes_first_where_the_rule_says_so_unless_absent() -> None:
    rule = RuleSpec(1, "Everything", TEAM, (), True, 3, ())
    people = [person(1), person(2, load=9), person(3)]

    assert pair(choose([rule], {}, people, Fallback((2, 3), (91, 92)))) == (2, 1)
    assert pair(
        choose(
            [rule], {}, [person(1), person(2, absent=True), person(3)], Fallback((2, 3), (91, 92))
        )
    ) == (1, 3)


def test_whoever_stands_in_takes_it_when_the_team_has_nobody() -> None:
    stand_ins = [person(91, team=OTHER), person(92, team=OTHER)]

    choice = choose([ALWAYS], {}, [person(1, absent=True), *stand_ins], NONE)

    assert (pair(choice), choice.because) == ((91, 92), "nobody of the team fits: fallback")


def test_nobody_and_no_rule_are_named_not_guessed() -> None:
    with pytest.raises(NobodyFits):
        choose([ALWAYS], {}, [person(1)], NONE)
    with pytest.raises(NoRuleMatches):
        choose([], {}, [person(1), person(2)], NONE)


people_lists = st.lists(
    st.builds(
        Candidate,
        user_id=st.integers(1, 40),
        team_ids=st.sampled_from([(1,), (2,), (1, 2), ()]),
        skills=st.just(()),
        active=st.booleans(),
        absent=st.booleans(),
        open_items=st.integers(0, 3),
    ),
    max_size=12,
    unique_by=lambda candidate: candidate.user_id,
)


@pytest.mark.requirement("O11", "O12")
@given(people_lists, st.randoms())
def test_the_order_of_candidates_never_matters_and_the_pair_is_two_available_people(
    people: list[Candidate], random: object
) -> None:
    shuffled = list(people)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    try:
        choice = choose([ALWAYS], {}, people, NONE)
    except NobodyFits:
        with pytest.raises(NobodyFits):
            choose([ALWAYS], {}, shuffled, NONE)
        return

    assert choose([ALWAYS], {}, shuffled, NONE) == choice
    available = {each.user_id for each in people if each.active and not each.absent}
    assert {choice.owner_id, choice.backup_id} <= available
    assert choice.owner_id != choice.backup_id
