"""
Trial of a flow version: what it would do with an event that came in now.

It asks what decides for real: the fields, the rules, the candidates of this moment and the clocks.
Nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.flows.actions import kind_named
from routing.flows.choose import Candidate, Choice, NobodyFits, NoRuleMatches, RuleSpec
from routing.flows.conditions import Clause, ClauseResult, holds
from routing.flows.fields import FieldProblem
from routing.flows.files.tried import TriedVersion
from routing.kernel.facts import EnrichedFacts
from routing.kernel.reasons import Reason
from routing.runs.candidates import pool_for
from routing.runs.decisions import Decision
from routing.runs.models import Run
from routing.runs.operations.route_runs import record
from routing.runs.snapshots import RunSnapshot, decide_for, field_problems, rule_facts
from routing.runs.trial_input import TrialInput, facts_for, starts
from routing.sla.clocks import Clock
from routing.sla.operations.clocks import foresee
from routing.sla.policies import SLAPolicy
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind
from routing.work.new_items import imagined_item


@dataclass(frozen=True, slots=True)
class AskedRule:
    """A rule with the answer of each of its conditions, in the order of their groups."""

    rule: RuleSpec
    matched: bool
    answers: Sequence[tuple[Clause, ClauseResult]]


@dataclass(frozen=True, slots=True)
class TrialStop:
    """The reason for which a run would stop and wait for a person, before it is decided."""

    reason: Reason
    fields: Sequence[FieldProblem] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class FlowTrial:
    """
    The result of a trial at ``at`` (aware).

    ``stop`` is None if it would decide by itself. ``decision`` is not stored, and None if no rule
    matches or fewer than two people are available; with a stop, it is what would be decided with
    what is known now. ``rules`` are all rules, also those after the one that decides. ``clocks``
    are not stored, each with the kind of its work; a run that stops starts none of them.
    """

    tried: TriedVersion
    given: TrialInput
    at: datetime
    found: EnrichedFacts
    starts: Sequence[str]
    rules: Sequence[AskedRule]
    stop: TrialStop | None
    candidates: Sequence[Candidate]
    choice: Choice | None
    decision: Decision | None
    clocks: Sequence[tuple[str, Clock]]

    @property
    def decides(self) -> RuleSpec | None:
        """Return the rule that decides: the first that matches."""
        return next((each.rule for each in self.rules if each.matched), None)


def try_version(tried: TriedVersion, given: TrialInput, at: datetime) -> FlowTrial:
    """Return what a version would do with an event that is received at ``at`` (aware)."""
    snapshot = _snapshot(tried, given)
    pool, facts = pool_for([snapshot], at), rule_facts(snapshot)
    stop, choice, decision = _known_stop(snapshot), None, None
    try:
        choice = decide_for(snapshot, pool)
        decision = record(snapshot, pool, choice, at)
    except NoRuleMatches as error:
        stop = stop or TrialStop(Reason.NO_RULE, message=str(error))
    except NobodyFits as error:
        stop = stop or TrialStop(Reason.NOBODY_AVAILABLE, message=str(error))
    return FlowTrial(
        tried=tried,
        given=given,
        at=at,
        found=snapshot.found,
        starts=starts(given, tried),
        rules=[_asked(rule, facts) for rule in tried.plan.rules],
        stop=stop,
        candidates=pool.for_client(snapshot.found.client_id),
        choice=choice,
        decision=decision,
        clocks=_clocks(snapshot, choice, at) if choice and stop is None else (),
    )


def _snapshot(tried: TriedVersion, given: TrialInput) -> RunSnapshot:
    """Return the snapshot of a run that is never stored."""
    event = given.event
    run = Run(
        flow=tried.flow,
        source=event.source,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
    )
    # Without the pair that a person may have chosen for this event: it is about the rules.
    return RunSnapshot(run, tried.plan, facts_for(given, tried))


def _known_stop(snapshot: RunSnapshot) -> TrialStop | None:
    """Return at what the run would stop before its rules are asked."""
    if faults := field_problems(snapshot):
        return TrialStop(Reason.MISSING_FIELDS, tuple(faults))
    return TrialStop(Reason.MISSING_CONTEXT) if snapshot.found.client_id is None else None


def _asked(rule: RuleSpec, facts: dict[str, object]) -> AskedRule:
    matched, answers = holds(rule.clauses, facts)
    # ``holds`` answers in the order of groups.
    clauses = sorted(rule.clauses, key=lambda clause: clause.group)
    return AskedRule(rule, matched, list(zip(clauses, answers, strict=True)))


def _clocks(snapshot: RunSnapshot, choice: Choice, at: datetime) -> list[tuple[str, Clock]]:
    """Return the clocks that start with the decision, the first due first."""
    policy = SLAPolicy.objects.filter(slug=snapshot.plan.policy).first()
    if policy is None:
        return []
    kinds: dict[str, None] = {}
    for action in snapshot.plan.actions:
        known = kind_named(action.kind)
        kinds |= dict.fromkeys(known.times if known else ())
    found: list[tuple[str, Clock]] = []
    for kind in kinds:
        item = _new_work(kind, choice, snapshot.found.client_id)
        found += [(kind, clock) for clock in foresee(item, policy, at)]
    return sorted(found, key=lambda each: (each[1].due_at is None, each[1].due_at or at))


def _new_work(kind: str, choice: Choice, client_id: int | None) -> WorkItem:
    """Return work of a kind in its first state, as the door would open it."""
    model: Any = models_by_kind()[kind]
    first = model._meta.get_field("state").get_default()
    return imagined_item(kind, first, team_id=choice.team_id, client_id=client_id)
