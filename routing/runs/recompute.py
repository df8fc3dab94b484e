"""Recompute a decision from its own record, and compare the answers byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.flows.by_hand import HandChoice, choose_by_hand
from routing.flows.choose import Candidate, Choice, Fallback, RuleSpec, choose
from routing.flows.versions import published
from routing.kernel.canonical import as_json
from routing.runs.decisions import Decision


@dataclass(frozen=True, slots=True)
class Recomputation:
    """
    The recorded and the recomputed answer as canonical JSON.

    ``same`` is true if they are identical and the record matches its digest. ``erased`` is true if
    words were removed from the record on purpose: then no answer is the one that was given.
    """

    recorded: str
    recomputed: str
    intact: bool
    erased: bool = False

    @property
    def same(self) -> bool:
        return self.intact and self.recorded == self.recomputed


def recompute_decision(decision: Decision) -> Recomputation:
    asked = json.loads(decision.asked)
    choice = choose_again(asked, published(decision.version_id).rules, asked["facts"])
    intact = Decision.digest_of(decision.asked, decision.answer) == decision.digest
    return Recomputation(decision.answer, as_json(choice), intact)


def choose_again(
    asked: Mapping[str, Any],
    rules: Sequence[RuleSpec],
    facts: Mapping[str, Any],
    *,
    with_named: bool = True,
) -> Choice:
    """
    Return what rules choose among the candidates of a recorded input.

    :param asked: the input of a ``Decision``, parsed
    :param with_named: consider whom another system called the owner then
    :raises NoRuleMatches: if none matches
    :raises NobodyFits: if fewer than two of the candidates are available
    """
    if by_hand := asked.get("by_hand"):
        return choose_by_hand(HandChoice(**by_hand), candidates_in(asked))
    account, policy = asked["fallback"]["account"], asked["fallback"]["policy"]
    named = (asked.get("named") or {}).get("user_id") if with_named else None
    fallback = Fallback(tuple(account), (policy[0], policy[1]))
    return choose(rules, facts, candidates_in(asked), fallback, named)


def candidates_in(asked: Mapping[str, Any]) -> list[Candidate]:
    """Return the candidates of a recorded input, as they were then."""
    return [
        Candidate(
            each["user_id"],
            tuple(each["team_ids"]),
            tuple(each["skills"]),
            each["active"],
            each["absent"],
            each["open_items"],
            each.get("given_at"),
            each.get("backed_at"),
            each.get("may_own"),
            each.get("cleared"),
        )
        for each in asked["candidates"]
    ]
