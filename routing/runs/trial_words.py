"""A trial in words, and as plain values for scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from routing.flows.choose import Choice, rulings_of
from routing.kernel.canonical import as_json
from routing.people.staff import Team, User
from routing.runs.choice_words import (
    answered_words,
    candidate_words,
    reasons_in_words,
    rule_lines,
)
from routing.runs.fact_words import value_text
from routing.runs.questions.ask import utc
from routing.runs.trial import FlowTrial
from routing.sla.clocks import Clock
from routing.sla.explain_due import instant
from routing.sla.policies import kind_name, purpose_label

AUTOMATIC, REVIEW = "automatic", "review"


@dataclass(frozen=True, slots=True)
class TriedCandidate:
    """A candidate by name: the role that they would get, if any, and why or why not."""

    user_id: int
    name: str
    role: str
    fits: bool
    ruled_out: Sequence[str]
    why: str
    open_items: int


def lane_of(trial: FlowTrial) -> str:
    """Return ``automatic``, or ``review`` if a person must decide first."""
    return REVIEW if trial.stop else AUTOMATIC


def candidates_of(trial: FlowTrial) -> list[TriedCandidate]:
    """Return everybody who was compared, the chosen ones first."""
    names = _names([each.user_id for each in trial.candidates])
    load = {each.user_id: each.open_items for each in trial.candidates}
    if trial.decision is not None:
        return [
            TriedCandidate(
                said.user_id,
                names[said.user_id],
                said.role,
                not said.ruled_out,
                said.ruled_out,
                said.why,
                load[said.user_id],
            )
            for said in candidate_words(trial.decision)
        ]
    found = []
    for ruling in rulings_of(trial.decides, trial.candidates) if trial.decides else ():
        against = reasons_in_words(ruling.reasons)
        why = ", ".join(against) or _("fits, but nobody else is available as the other person")
        user = ruling.user_id
        found.append(TriedCandidate(user, names[user], "", not against, against, why, load[user]))
    return found


def stop_words(trial: FlowTrial) -> str:
    """Return why a run would wait for a person, or an empty string."""
    if trial.stop is None:
        return ""
    said = str(trial.stop.reason.label)
    if trial.stop.fields:
        said += ": " + ", ".join(problem.label for problem in trial.stop.fields)
    return f"{said}. {trial.stop.message}".strip() if trial.stop.message else f"{said}."


def start_words(trial: FlowTrial) -> str:
    """Return whether the event starts the flow, and by which trigger."""
    if not trial.starts:
        return _("This event does not start the flow: no trigger of this version matches it.")
    return _("This event starts the flow: %(triggers)s.") % {"triggers": "; ".join(trial.starts)}


def rule_words(trial: FlowTrial) -> list[str]:
    """Return a sentence for each rule, as the trace of a run has it."""
    asked = []
    for each in trial.rules:
        answers = [answer for _clause, answer in each.answers]
        asked.append((each.rule.name, each.matched, answers))
    return list(rule_lines({"asked": json.loads(as_json(asked))}, labels_of(trial), _facts(trial)))


def labels_of(trial: FlowTrial) -> Mapping[str, str]:
    return {spec.name: spec.label for spec in trial.tried.plan.fields}


def _facts(trial: FlowTrial) -> Mapping[str, Any]:
    """Return the facts that rules may use."""
    known = {spec.name for spec in trial.tried.plan.rule_fields}
    return {name: value for name, value in trial.found.facts.items() if name in known}


def clock_words(kind: str, clock: Clock, zone: ZoneInfo) -> str:
    """Return a clock such as “Request, first response: received now, due Mon 30 Nov 2026 14:00”."""
    said = {
        "work": kind_name(kind).capitalize(),
        "purpose": purpose_label(clock.purpose).lower(),
        "policy": clock.policy.name,
    }
    if clock.due_at is None:
        words = _("%(work)s, %(purpose)s: starts paused, policy “%(policy)s”")
        return words % said
    words = _("%(work)s, %(purpose)s: received now, due %(due)s, policy “%(policy)s”")
    return words % {**said, "due": instant(clock.due_at, zone)}


def trial_in_words(trial: FlowTrial, zone: ZoneInfo) -> list[str]:
    """Return the whole trial as lines for a person. Times are in ``zone``."""
    lines = [
        _("Tried on %(origin)s. Nothing was written.") % {"origin": trial.given.origin},
        start_words(trial),
        *rule_words(trial),
    ]
    if trial.stop is not None:
        lines.append(_("It would wait for a person. %(why)s") % {"why": stop_words(trial)})
    if trial.choice is not None:
        lines += _choice_lines(trial, trial.choice)
    lines += [f"  {each.name}: {each.why}" for each in candidates_of(trial)]
    lines += [clock_words(kind, clock, zone) for kind, clock in trial.clocks]
    return lines


def _choice_lines(trial: FlowTrial, choice: Choice) -> list[str]:
    names = _names(_pair(choice))
    words = _("Rule “%(rule)s” gives it to %(owner)s, with %(backup)s as backup.")
    if trial.stop is not None:
        words = _("With what is known, rule “%(rule)s” would give it to %(owner)s and %(backup)s.")
    owner, backup = (names[user] for user in _pair(choice))
    said = {"rule": choice.rule, "owner": owner, "backup": backup}
    return [words % said, _("Order: %(order)s.") % {"order": choice.tie_break}]


def _names(people: Sequence[int]) -> dict[int, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in=people)}


def _pair(choice: Choice) -> tuple[int, int]:
    return choice.owner_id, choice.backup_id


# -- For scripts -----------------------------------------------------------------------------------


def trial_as_json(trial: FlowTrial, zone: ZoneInfo) -> dict[str, Any]:
    """
    Return a trial as plain values: instants in UTC, and words with times in ``zone``.

    ``clauses`` has every condition of every rule. ``decision`` says ``provisional`` of what would
    be decided with what is known, if a person must look first.
    """
    return {
        "version": trial.tried.name,
        "kind": trial.given.event.kind,
        "received_at": utc(trial.at),
        "origin": trial.given.origin,
        "ref": trial.given.ref or None,
        "starts": bool(trial.starts),
        "triggers": list(trial.starts),
        "facts": _facts(trial),
        "rules": [
            {
                "rule": each.rule.name,
                "matched": each.matched,
                "decides": each.rule is trial.decides,
                "words": words,
            }
            for each, words in zip(trial.rules, rule_words(trial), strict=True)
        ],
        "clauses": _clauses(trial),
        "decision": _decision(trial),
        "clocks": [_clock(kind, clock, trial.at, zone) for kind, clock in trial.clocks],
    }


def _clauses(trial: FlowTrial) -> list[dict[str, Any]]:
    labels, facts = labels_of(trial), _facts(trial)
    found = []
    for each in trial.rules:
        for clause, answer in each.answers:
            row = json.loads(as_json(answer))
            found.append(
                {
                    "rule": each.rule.name,
                    "group": clause.group,
                    "fact": answer.field,
                    "label": clause.spec.label,
                    "operator": answer.operator,
                    "wanted": answer.wanted,
                    "found": answer.found or None,
                    "passed": answer.held,
                    "words": answered_words(row, labels, facts),
                }
            )
    return found


def _decision(trial: FlowTrial) -> dict[str, Any]:
    choice, candidates = trial.choice, candidates_of(trial)
    roles = {each.role: each.name for each in candidates if each.role}
    decides = trial.decides
    return {
        "lane": lane_of(trial),
        "provisional": trial.stop is not None,
        "exception": _exception(trial),
        "rule": decides.name if decides else None,
        "team": str(Team.objects.get(pk=decides.team_id)) if decides else None,
        "priority": decides.priority if decides else None,
        "policy": trial.tried.plan.policy,
        "owner": roles.get("owner"),
        "backup": roles.get("backup"),
        "tie_break": choice.tie_break if choice else None,
        "candidates": [_candidate(trial, each) for each in candidates],
    }


def _exception(trial: FlowTrial) -> dict[str, Any] | None:
    if trial.stop is None:
        return None
    return {
        "reason": trial.stop.reason.value,
        "words": stop_words(trial),
        # Without the values: those of personal fields would be among them.
        "fields": [
            {"name": each.name, "label": each.label, "problem": each.problem}
            for each in trial.stop.fields
        ],
    }


def _candidate(trial: FlowTrial, said: TriedCandidate) -> dict[str, Any]:
    known = next(each for each in trial.candidates if each.user_id == said.user_id)
    return {
        "person": said.name,
        **asdict(known),
        "fits": said.fits,
        "ruled_out": list(said.ruled_out),
        "role": said.role or None,
        "why": said.why,
    }


def _clock(kind: str, clock: Clock, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "kind": kind,
        "policy": clock.policy.slug,
        "purpose": clock.purpose,
        "starts_at": utc(at),
        "due_at": utc(clock.due_at) if clock.due_at else None,
        "target_s": clock.target.total_seconds(),
        "words": clock_words(kind, clock, zone),
        "zone": zone.key,
    }


def fact_lines(trial: FlowTrial) -> list[tuple[str, str]]:
    """Return the label and the value of each fact that rules may use."""
    specs = {spec.name: spec for spec in trial.tried.plan.rule_fields}
    return [
        (specs[name].label, value_text(name, value, specs, trial.found.facts))
        for name, value in _facts(trial).items()
    ]
