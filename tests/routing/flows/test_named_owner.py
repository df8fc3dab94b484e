"""Whom another system calls the owner is considered first, and the decision says why or why not."""

from __future__ import annotations

import pytest

from routing.flows.choose import (
    NAMED,
    TIE_BREAK,
    TIE_BREAK_NAMED,
    Candidate,
    Choice,
    Fallback,
    RuleSpec,
    choose,
)

TEAM = 1
OWNER, BACKUP, NORA, IDLE = 10, 11, 12, 13
FALLBACK = Fallback((OWNER, BACKUP), (20, 21))


def person(pk: int, *, teams: tuple[int, ...] = (TEAM,), absent: bool = False) -> Candidate:
    load = 0 if pk == IDLE else pk
    return Candidate(pk, teams, (), True, absent, load, "", "", True)


def chosen(
    named: int | None, *people: Candidate, account_first: bool = False
) -> tuple[int, int, str]:
    made = choice(named, *people, account_first=account_first)
    return made.owner_id, made.backup_id, made.because


def choice(named: int | None, *people: Candidate, account_first: bool = False) -> Choice:
    rule = RuleSpec(1, "All", TEAM, (), account_first, 3, ())
    others = [person(pk) for pk in (OWNER, BACKUP, IDLE)]
    known = {each.user_id: each for each in (*others, *people)}
    return choose([rule], {}, list(known.values()), FALLBACK, named)


def test_the_named_owner_comes_before_who_has_less_work() -> None:
    assert chosen(NORA, person(NORA)) == (NORA, IDLE, NAMED)
    assert chosen(None, person(NORA))[0] == IDLE


def test_the_named_owner_need_not_be_in_the_team() -> None:
    assert chosen(NORA, person(NORA, teams=())) == (NORA, IDLE, NAMED)


def test_the_owner_of_the_account_comes_first_where_the_rule_says_so() -> None:
    assert chosen(NORA, person(NORA), account_first=True)[::2] == (OWNER, "account owner")
    absent = person(OWNER, absent=True)
    assert chosen(NORA, person(NORA), absent, account_first=True)[::2] == (NORA, NAMED)


@pytest.mark.parametrize("who", [person(NORA, absent=True), person(IDLE)])
def test_a_named_owner_who_is_away_or_unknown_is_passed_over(who: Candidate) -> None:
    assert chosen(NORA, who)[::2] == (IDLE, "least open work")


def test_the_order_is_said_only_where_somebody_is_named() -> None:
    assert choice(NORA, person(NORA)).tie_break == TIE_BREAK_NAMED
    assert choice(None, person(NORA)).tie_break == TIE_BREAK
