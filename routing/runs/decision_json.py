"""The record of a decision as plain values, with names beside ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from routing.flows.versions import published
from routing.people.staff import Team, User
from routing.runs.by_hand import HandRecord
from routing.runs.choice_words import candidate_words, rule_lines
from routing.runs.decisions import Decision
from routing.runs.questions.ask import utc
from routing.runs.trace import is_by_hand, words_by_hand

SCHEMA = {"name": "throughline.decide", "version": 1}


def decision_as_json(decision: Decision, record: HandRecord | None) -> dict[str, Any]:
    """
    Return what was decided and why, as it was recorded; names are those of today.

    ``facts`` are those that rules could use then. ``rule`` is None if a person chose. ``reasons``
    are sentences: the choice first, then each rule up to the one that matched.
    """
    asked, answer = json.loads(decision.asked), json.loads(decision.answer)
    by_hand = is_by_hand(decision)
    reasons = [words_by_hand(decision, record)] if by_hand else _reasons(decision, asked, answer)
    version = decision.version
    return {
        "schema": SCHEMA,
        "ref": decision.run.item.ref,
        "at": utc(decision.at),
        "digest": decision.digest,
        "facts": asked.get("facts", {}),
        "candidates": _candidates(decision, asked["candidates"]),
        "rule": None if by_hand else decision.rule_name,
        "version": f"{version.flow.slug}@{version.number}",
        "team": str(Team.objects.filter(pk=answer["team_id"]).first() or "") or None,
        "owner": str(decision.owner),
        "backup": str(decision.backup),
        "tie_break": answer["tie_break"],
        "reasons": reasons,
    }


def _candidates(decision: Decision, recorded: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each candidate as recorded, with name, verdict and the role that they got."""
    by_id = {each["user_id"]: each for each in recorded}
    names = User.objects.in_bulk(by_id)
    return [
        {
            "person": str(names.get(said.user_id) or f"#{said.user_id}"),
            **by_id.get(said.user_id, {"user_id": said.user_id}),
            "fits": not said.ruled_out,
            "ruled_out": list(said.ruled_out),
            "role": said.role or None,
            "why": said.why,
        }
        for said in candidate_words(decision)
    ]


def _reasons(decision: Decision, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    chosen = [f"{words.role}: {words.why}" for words in candidate_words(decision) if words.role]
    labels = {spec.name: spec.label for spec in published(decision.version_id).fields}
    return [*chosen, *rule_lines(answer, labels, asked.get("facts", {}))]
