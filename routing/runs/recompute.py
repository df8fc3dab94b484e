"""Recompute a decision from its own record, and compare the answers byte for byte."""

from __future__ import annotations

import json
from dataclasses import dataclass

from routing.flows.by_hand import HandChoice, choose_by_hand
from routing.flows.choose import Candidate, Fallback, choose
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
    candidates = [
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
    account, policy = asked["fallback"]["account"], asked["fallback"]["policy"]
    if by_hand := asked.get("by_hand"):
        choice = choose_by_hand(HandChoice(**by_hand), candidates)
    else:
        choice = choose(
            published(decision.version_id).rules,
            asked["facts"],
            candidates,
            Fallback(tuple(account), (policy[0], policy[1])),
            (asked.get("named") or {}).get("user_id"),
        )
    intact = Decision.digest_of(decision.asked, decision.answer) == decision.digest
    return Recomputation(decision.answer, as_json(choice), intact)
