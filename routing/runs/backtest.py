"""
Backtest of a flow version: what it would have done with past events, beside what was done.

It asks the rules that decide for real, on the facts and among the candidates of then. Nothing is
written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from routing.flows.choose import NobodyFits, NoRuleMatches
from routing.flows.conditions import holds
from routing.flows.fields import find_problems
from routing.flows.files.tried import TriedVersion
from routing.flows.versions import Plan, published
from routing.kernel.reasons import Reason
from routing.people.staff import User
from routing.runs.judged_runs import (
    AUTOMATIC,
    BY_HAND,
    NOT_STARTED,
    REVIEW,
    BacktestSide,
    JudgedRun,
    RunNow,
    judged_runs,
    no_longer_started,
)
from routing.runs.recompute import choose_again


@dataclass(frozen=True, slots=True)
class BacktestDifference:
    """An event with which the version would have done something else."""

    ref: str
    was: BacktestSide
    would: BacktestSide
    ended_with: RunNow


@dataclass(frozen=True, slots=True)
class BacktestPage:
    """The result for one page of events, newest first."""

    events: int
    erased: int
    differences: Sequence[BacktestDifference]


@dataclass
class Backtest:
    """Counts of a backtest. ``events`` are all that were looked at, also the ``erased`` ones."""

    events: int = 0
    erased: int = 0
    same: int = 0
    different: int = 0
    differences: list[BacktestDifference] = field(default_factory=list)

    def add(self, page: BacktestPage) -> None:
        self.events += page.events
        self.erased += page.erased
        self.same += page.events - page.erased - len(page.differences)
        self.different += len(page.differences)
        self.differences += page.differences


def backtest(tried: TriedVersion, last: int) -> Iterator[BacktestPage]:
    """
    Yield what a version would have done with the ``last`` events of its flow, page by page.

    :param last: number of events that came to the rules of the flow, newest first
    """
    for page in judged_runs(tried.flow.pk, last) if tried.flow.pk else ():
        ended = no_longer_started(page, tried.triggers)
        differences = []
        for run in page:
            if run.erased:
                continue
            would = would_be(tried, run, starts=run.run_id not in ended)
            if would != run.was:
                differences.append(BacktestDifference(run.ref, run.was, would, run.now))
        yield BacktestPage(len(page), sum(run.erased for run in page), differences)


def would_be(tried: TriedVersion, run: JudgedRun, *, starts: bool = True) -> BacktestSide:
    """Return what a version would have done with one event."""
    policy = tried.plan.policy
    if not starts:
        return BacktestSide(NOT_STARTED, policy)
    if stop := _known_stop(tried, run):
        return BacktestSide(REVIEW, policy, exception=stop.value)
    if run.was.exception == Reason.NOBODY_AVAILABLE or run.asked is None:
        return _without_candidates(tried, run)
    facts, named = _rule_facts(tried.plan, run), _reads_owner(tried.plan, run)
    try:
        choice = choose_again(run.asked, tried.plan.rules, facts, with_named=named)
    except NoRuleMatches:
        return BacktestSide(REVIEW, policy, exception=Reason.NO_RULE.value)
    except NobodyFits:
        return BacktestSide(REVIEW, policy, exception=Reason.NOBODY_AVAILABLE.value)
    lane = BY_HAND if run.asked.get("by_hand") else AUTOMATIC
    return BacktestSide(lane, policy, choice.owner_id, choice.backup_id)


def _known_stop(tried: TriedVersion, run: JudgedRun) -> Reason | None:
    """Return at what the run would stop before its rules are asked."""
    if find_problems(run.facts, tried.plan.fields):
        return Reason.MISSING_FIELDS
    # Whatever was decided had a client.
    was_stopped = run.was.lane == REVIEW
    return Reason.MISSING_CONTEXT if was_stopped and run.client_id is None else None


def _rule_facts(plan: Plan, run: JudgedRun) -> dict[str, Any]:
    names = (spec.name for spec in plan.rule_fields)
    return {name: run.facts[name] for name in names if name in run.facts}


def _reads_owner(plan: Plan, run: JudgedRun) -> bool:
    """Return whether a version has the field by which another system named an owner then."""
    named = (run.asked or {}).get("named") or {}
    return any(spec.name == named.get("fact") for spec in plan.fields)


def _without_candidates(tried: TriedVersion, run: JudgedRun) -> BacktestSide:
    """
    Return what is known of an event for which nobody recorded who was there.

    A rule that asks for the same people finds again nobody available. Of any other, it is only
    known that it would have decided.
    """
    policy = tried.plan.policy
    wanted = _wanted(tried.plan, run)
    nobody = run.was.exception == Reason.NOBODY_AVAILABLE
    if nobody and wanted == _wanted(published(run.version_id), run):
        return BacktestSide(REVIEW, policy, exception=Reason.NOBODY_AVAILABLE.value)
    if wanted is None:
        return BacktestSide(REVIEW, policy, exception=Reason.NO_RULE.value)
    return BacktestSide(AUTOMATIC, policy)


def _wanted(plan: Plan, run: JudgedRun) -> tuple[int, tuple[str, ...], bool] | None:
    """Return whom the rule that matches asks for, None if no rule does."""
    facts = _rule_facts(plan, run)
    rule = next((each for each in plan.rules if holds(each.clauses, facts)[0]), None)
    return (rule.team_id, rule.skills, rule.account_first) if rule else None


# -- As plain values -------------------------------------------------------------------------------


def backtest_as_json(done: Backtest) -> dict[str, Any]:
    """Return a backtest as plain values, with the names of people as they are today."""
    ids: set[int] = set()
    for each in done.differences:
        for side in (each.was, each.would, each.ended_with):
            ids.update(pk for pk in (side.owner_id, side.backup_id) if pk)
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=ids)}
    return {
        "events": done.events,
        "erased": done.erased,
        "same": done.same,
        "different": done.different,
        "differences": [
            {
                "ref": each.ref,
                "was": _side(each.was, names),
                "would": _side(each.would, names),
                "ended_with": {
                    "owner": names.get(each.ended_with.owner_id or 0),
                    "backup": names.get(each.ended_with.backup_id or 0),
                    "state": each.ended_with.state,
                },
            }
            for each in done.differences
        ],
    }


def _side(side: BacktestSide, names: dict[int, str]) -> dict[str, Any]:
    return {
        "owner": names.get(side.owner_id or 0),
        "backup": names.get(side.backup_id or 0),
        "policy": side.policy,
        "lane": side.lane,
        "exception": side.exception,
        # Nobody recorded who was there: it would have been decided, and nobody knows for whom.
        "unknown": ["owner", "backup"] if side.lane == AUTOMATIC and not side.owner_id else [],
    }
