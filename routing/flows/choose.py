"""
Choice of an owner and a backup from rules, facts and candidates, with the reasons for and against
each candidate.

The functions are pure, so that a decision can be recomputed from its own record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.flows.conditions import Clause, ClauseResult, Found, holds

PAIR = 2
UNCLEARED = "not cleared for this restricted client"
TIE_BREAK = (
    "account owner first where the rule says so; then fewest open items; then longest without new "
    "work; then lowest id"
)
TIE_BREAK_NAMED = (
    "account owner first where the rule says so; then the owner in the CRM; then fewest open "
    "items; then longest without new work; then lowest id"
)
NAMED = "owner in the CRM"
# Decisions without the instants of the last work were made by this, and are recomputed by it.
TIE_BREAK_BEFORE = (
    "account owner first where the rule says so; then fewest open items; then lowest id"
)


@dataclass(frozen=True, slots=True)
class RuleSpec:
    id: int
    name: str
    team_id: int
    skills: tuple[str, ...]
    account_first: bool
    priority: int
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A person at the time of the decision.

    ``open_items`` is the number of open items they own. ``given_at`` and ``backed_at`` are when a
    decision last made them owner or backup, in ISO 8601 and UTC with microseconds, empty for never,
    and None in records that do not have them.
    """

    user_id: int
    team_ids: tuple[int, ...]
    skills: tuple[str, ...]
    active: bool
    absent: bool
    open_items: int
    given_at: str | None = None
    backed_at: str | None = None
    may_own: bool | None = None  # by their roles; None in records from before this was asked
    # For the client of the work; None if the client is not restricted, and in older records.
    cleared: bool | None = None

    @property
    def is_available(self) -> bool:
        able = self.may_own is not False and self.cleared is not False
        return self.active and not self.absent and able


@dataclass(frozen=True, slots=True)
class Fallback:
    """People who take the work if a team has nobody available, in order."""

    account: tuple[int, ...]  # the client's owner and backup, empty before a client is known
    policy: tuple[int, int]  # the flow's policy owner and backup


@dataclass(frozen=True, slots=True)
class Ruling:
    """Verdict on one candidate. Empty ``reasons`` mean that the candidate fits."""

    user_id: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    rule_id: int
    rule: str
    team_id: int
    priority: int
    owner_id: int
    backup_id: int
    because: str
    # Name, result and clauses of each rule up to the one that matched.
    asked: tuple[tuple[str, bool, tuple[ClauseResult, ...]], ...]
    rulings: tuple[Ruling, ...]
    tie_break: str = TIE_BREAK


class NoRuleMatches(LookupError):
    """No rule matches, because the flow version has no rule without conditions."""


class NobodyFits(LookupError):
    """Fewer than two people are available, even in the fallback."""


def choose(
    rules: Sequence[RuleSpec],
    facts: Mapping[str, Any],
    candidates: Sequence[Candidate],
    fallback: Fallback,
    named: int | None = None,
) -> Choice:
    """
    Choose the owner and the backup. The same input always gives the same answer.

    :param named: id of whom another system calls the owner, if the flow asks for that and they are
        a candidate
    :raises NoRuleMatches: see the class
    :raises NobodyFits: see the class
    """
    asked = []
    read: dict[str, Found] = {}
    for rule in rules:
        held, answers = holds(rule.clauses, facts, read)
        asked.append((rule.name, held, answers))
        if held:
            return _pick(rule, candidates, fallback, tuple(asked), named)
    raise NoRuleMatches("No rule of this flow version holds. Add a last rule without conditions.")


def _pick(
    rule: RuleSpec,
    candidates: Sequence[Candidate],
    fallback: Fallback,
    asked: tuple[Any, ...],
    named: int | None,
) -> Choice:
    rulings = rulings_of(rule, candidates)
    fit_ids = {ruling.user_id for ruling in rulings if not ruling.reasons}
    account = fallback.account[0] if rule.account_first and fallback.account else None

    def order(person: Candidate) -> tuple[bool, int, str, int]:
        return (
            person.user_id != account,
            person.open_items,
            person.given_at or "",
            person.user_id,
        )

    available = {person.user_id for person in candidates if person.is_available}
    fit = [person for person in sorted(candidates, key=order) if person.user_id in fit_ids]
    chosen = [person.user_id for person in fit]
    # The owner of the account before whom another system names, and both before anybody else.
    for first in (named, account):
        if first in available:
            chosen = [first, *(user for user in chosen if user != first)]
    # The next person in the order of owners would back up the same colleague every time.
    backups = [person.user_id for person in sorted(fit, key=_order_of_backups)]
    reserve = [user for user in (*fallback.account, *fallback.policy) if user in available]
    pair = list(dict.fromkeys([*chosen[:1], *backups, *reserve]))[:PAIR]
    if len(pair) < PAIR:
        restricted = any(person.cleared is False for person in candidates)
        only = " Only people who are cleared for this restricted client count."
        raise NobodyFits(
            f"Rule “{rule.name}” finds fewer than two available people, even among those who stand "
            f"in.{only if restricted else ''}"
        )
    if pair[0] == account:
        because = "account owner"
    elif pair[0] == named:
        because = NAMED
    elif pair[0] in fit_ids:
        because = "least open work"
    else:
        because = "nobody of the team fits: fallback"
    is_spread = any(person.given_at is not None for person in candidates)
    return Choice(
        rule.id,
        rule.name,
        rule.team_id,
        rule.priority,
        pair[0],
        pair[1],
        because,
        asked,
        rulings,
        _tie_break(is_spread, named),
    )


def rulings_of(rule: RuleSpec, candidates: Sequence[Candidate]) -> tuple[Ruling, ...]:
    """Return the verdict of a rule on each candidate, in the order of ids."""
    # The record of a decision is compared byte for byte, so everything in it has a fixed order.
    by_id = sorted(candidates, key=lambda person: person.user_id)
    return tuple(_rule_on(person, rule) for person in by_id)


def _tie_break(is_spread: bool, named: int | None) -> str:
    if named is not None:
        return TIE_BREAK_NAMED
    return TIE_BREAK if is_spread else TIE_BREAK_BEFORE


def _order_of_backups(person: Candidate) -> tuple[int, str, str, int]:
    return (
        person.open_items,
        person.backed_at or "",
        person.given_at or "",
        person.user_id,
    )


def _rule_on(person: Candidate, rule: RuleSpec) -> Ruling:
    reasons = []
    if rule.team_id not in person.team_ids:
        reasons.append("not in the team")
    missing = sorted(set(rule.skills) - set(person.skills))
    if missing:
        reasons.append(f"lacks {', '.join(missing)}")
    if not person.active:
        reasons.append("not active")
    if person.absent:
        reasons.append("absent")
    if person.may_own is False:
        reasons.append("has no role that can own work")
    if person.cleared is False:
        reasons.append(UNCLEARED)
    return Ruling(person.user_id, tuple(reasons))
