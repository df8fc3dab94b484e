"""Current status of runs: their known facts, and the problems at which their steps would stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from routing.flows.by_hand import HandChoice, choose_by_hand
from routing.flows.choose import Choice, NobodyFits, NoRuleMatches, choose
from routing.flows.fields import FieldProblem, find_problems
from routing.flows.versions import Plan, published
from routing.kernel.facts import EnrichedFacts
from routing.runs.by_hand import hand_records
from routing.runs.candidates import Pool, pool_for
from routing.runs.fact_words import fact_label, fact_text, is_known_fact
from routing.runs.models import Enrichment, Run


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    run: Run
    plan: Plan
    found: EnrichedFacts
    by_hand: HandChoice | None = None  # the pair that a person chose


def run_snapshots(run_ids: Sequence[int]) -> list[RunSnapshot]:
    """Return each run with its plan and its newest enrichment, in the order of ids."""
    return snapshots_of(Run.objects.filter(pk__in=run_ids).select_related("item").order_by("pk"))


def snapshots_of(runs: Sequence[Run] | QuerySet[Run]) -> list[RunSnapshot]:
    """Return each of these runs, which have their items, with its plan and newest enrichment."""
    runs = list(runs)
    newest = Enrichment.objects.filter(run__in=runs).order_by("run_id", "-id").distinct("run_id")
    known = {
        row.run_id: EnrichedFacts(
            row.facts, row.client_id, tuple(row.contact_ids), row.engagement_id, row.sources
        )
        for row in newest
    }
    # Flows and clients are prefetched and not joined, because many runs share a few of them.
    prefetch_related_objects(runs, "flow", "item__client")
    records = hand_records(runs)
    return [
        RunSnapshot(
            run,
            published(run.version_id),
            known.get(run.pk, EnrichedFacts({})),
            records[run.pk].choice if run.pk in records else None,
        )
        for run in runs
    ]


def unread_facts(snapshot: RunSnapshot) -> list[tuple[str, str]]:
    """Return the name and the value of each fact that no field of the flow reads."""
    read = {spec.name for spec in snapshot.plan.fields}
    return [
        (fact_label(name, {}) if is_known_fact(name) else name, fact_text(name, value))
        for name, value in snapshot.found.facts.items()
        if name not in read and value not in (None, "")
    ]


def field_problems(snapshot: RunSnapshot) -> list[FieldProblem]:
    return find_problems(snapshot.found.facts, snapshot.plan.fields)


def rule_facts(snapshot: RunSnapshot) -> dict[str, object]:
    """Return the facts that rules may use, which never identify a person."""
    names = {spec.name for spec in snapshot.plan.rule_fields}
    return {name: value for name, value in snapshot.found.facts.items() if name in names}


def decide_for(snapshot: RunSnapshot, pool: Pool) -> Choice:
    """
    Return the choice of the rules, or the one that a person made by hand.

    :raises NoRuleMatches: if no rule of the version matches
    :raises NobodyFits: if fewer than two people are available
    """
    candidates = pool.for_client(snapshot.found.client_id)
    if snapshot.by_hand is not None:
        return choose_by_hand(snapshot.by_hand, candidates)
    named = pool.named.get(snapshot.run.pk)
    return choose(
        snapshot.plan.rules,
        rule_facts(snapshot),
        candidates,
        pool.fallback(snapshot.run.flow, snapshot.found.client_id),
        named.user_id if named else None,
    )


def current_problems(run_ids: Sequence[int], at: datetime) -> Mapping[int, tuple[str, ...]]:
    """
    Return the problems in words at which routing each run would stop. Runs without problems are
    left out.
    """
    all_runs = run_snapshots(run_ids)
    pool = pool_for(all_runs, at)
    faults = {snapshot.run.pk: _faults(snapshot, pool) for snapshot in all_runs}
    return {run: found for run, found in faults.items() if found}


def _faults(snapshot: RunSnapshot, pool: Pool) -> tuple[str, ...]:
    missing = field_problems(snapshot)
    if missing:
        return tuple(fault.label for fault in missing)
    if snapshot.found.client_id is None:
        return (str(_("Client")),)
    try:
        decide_for(snapshot, pool)
    except (NoRuleMatches, NobodyFits) as error:
        return (str(error),)
    return ()
