"""
Owner and backup that a person chose, in place of the rules of a flow.

The function is pure, so that the decision can be recomputed from its own record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.flows.choose import Candidate, Choice, NobodyFits, Ruling

RULE = "Chosen by hand"
BECAUSE = "chosen by a person"


@dataclass(frozen=True, slots=True)
class HandChoice:
    """The pair that a person chose, by user id. ``by`` is the person."""

    by: int
    owner_id: int
    backup_id: int
    team_id: int
    priority: int


def choose_by_hand(chosen: HandChoice, candidates: Sequence[Candidate]) -> Choice:
    """
    Return the choice of a person. The same input always gives the same answer.

    :raises NobodyFits: if one of the two is no longer active, or not cleared for the client
    """
    pair = {chosen.owner_id, chosen.backup_id}
    named = [person for person in candidates if person.user_id in pair]
    if len([person for person in named if person.active]) < len(pair):
        raise NobodyFits("The people who were chosen by hand are no longer active.")
    if any(person.cleared is False for person in named):
        raise NobodyFits(
            "Somebody who was chosen by hand is not cleared for this restricted client."
        )
    rulings = tuple(
        Ruling(person.user_id, ("absent",) if person.absent else ())
        for person in sorted(named, key=lambda person: person.user_id)
    )
    return Choice(
        rule_id=0,
        rule=RULE,
        team_id=chosen.team_id,
        priority=chosen.priority,
        owner_id=chosen.owner_id,
        backup_id=chosen.backup_id,
        because=BECAUSE,
        asked=(),
        rulings=rulings,
        tie_break="",
    )
