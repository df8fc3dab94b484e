"""Past runs as they were when they first came to their rules, read in pages."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.flows.models import Trigger
from routing.flows.triggers import TriggerLike
from routing.flows.versions import published
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.people.finder import MARK
from routing.people.staff import User
from routing.runs.decisions import Decision
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Enrichment, Run, RunEvent, RunStep
from routing.runs.operations.earlier_values import matching, values_before

PAGE = 500
AUTOMATIC, REVIEW, BY_HAND, NOT_STARTED = "automatic", "review", "by_hand", "not_started"
# What stops a run that only the version decides about, and no error of a worker.
OF_VERSION = (
    Reason.MISSING_FIELDS,
    Reason.MISSING_CONTEXT,
    Reason.NO_RULE,
    Reason.NOBODY_AVAILABLE,
)
STEPS = (RunStep.Name.VALIDATE, RunStep.Name.DECIDE)


@dataclass(frozen=True, slots=True)
class BacktestSide:
    """
    The result for an event on one side: the pair by id, the SLA policy, the lane and the exception.

    A side without a pair has an exception, was not started, or has candidates that nobody recorded.
    """

    lane: str
    policy: str
    owner_id: int | None = None
    backup_id: int | None = None
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class RunNow:
    """Where the work is now, or ended."""

    owner_id: int | None
    backup_id: int | None
    state: str


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """
    A run when it first came to its rules.

    ``facts`` are those of then. ``asked`` is the recorded input of its first decision, parsed, or
    None if it was never decided. ``version_id`` is that of the version that judged it.
    """

    run_id: int
    ref: str
    version_id: int
    was: BacktestSide
    facts: Mapping[str, Any]
    client_id: int | None
    asked: Mapping[str, Any] | None
    now: RunNow
    erased: bool


@dataclass(frozen=True, slots=True)
class _KnownThen:
    """An enrichment of a run."""

    at: datetime
    facts: Mapping[str, Any]
    client_id: int | None
    by_person: bool
    erased: bool


def judged_runs(flow_id: int, last: int) -> Iterator[list[JudgedRun]]:
    """
    Yield the newest runs of a flow that came to its rules, newest first, in pages.

    Only one page is in memory. Runs that are not decided yet are left out.
    """
    before: int | None = None
    left = last
    while left > 0:
        runs = Run.objects.filter(flow=flow_id).order_by("-pk")
        if before is not None:
            runs = runs.filter(pk__lt=before)
        ids = list(runs.values_list("pk", flat=True)[:PAGE])
        if not ids:
            return
        page = _judged(ids)[:left]
        left, before = left - len(page), ids[-1]
        yield page


def _judged(ids: Sequence[int]) -> list[JudgedRun]:
    columns = ("pk", "version_id", "item__ref", "item__owner_id", "item__backup_id", "state")
    decided, stopped, known = _decisions(ids), _stops(ids), _enrichments(ids)
    found = []
    for pk, version, ref, owner, backup, state in (
        Run.objects.filter(pk__in=ids).order_by("-pk").values_list(*columns)
    ):
        decision, stop = decided.get(pk), stopped.get(pk)
        if decision is None and stop is None:
            continue
        now = RunNow(owner, backup, state)
        if stop is not None and (decision is None or stop[1] <= decision.at):
            found.append(_stopped(pk, ref, version, stop, decision, known[pk], now))
        elif decision is not None:
            found.append(_decided(pk, ref, decision, known[pk], now))
    return found


def _decisions(ids: Sequence[int]) -> dict[int, Decision]:
    """Return the first decision of each run."""
    rows = Decision.objects.filter(run__in=ids).order_by("run_id", "id").distinct("run_id")
    only = ("run_id", "version_id", "owner_id", "backup_id", "asked", "at")
    return {row.run_id: row for row in rows.only(*only)}


def _stops(ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """Return the reason and the instant of the first exception before the decision, by run."""
    rows = ExceptionCase.objects.filter(run__in=ids, step__in=STEPS, reason__in=OF_VERSION)
    first = rows.order_by("run_id", "id").distinct("run_id")
    return {
        run: (reason, at)
        for run, reason, at in first.values_list("run_id", "reason", "item__created_at")
        if run
    }


def _enrichments(ids: Sequence[int]) -> Mapping[int, Sequence[_KnownThen]]:
    found: dict[int, list[_KnownThen]] = defaultdict(list)
    rows = Enrichment.objects.filter(run__in=ids).order_by("run_id", "id")
    for run, at, facts, client, kind, erased_at in rows.values_list(
        "run_id", "at", "facts", "client_id", "by__kind", "erased_at"
    ):
        by_person = kind == User.Kind.PERSON
        found[run].append(_KnownThen(at, facts, client, by_person, erased_at is not None))
    return found


def _then(known: Sequence[_KnownThen], at: datetime) -> _KnownThen:
    """Return the newest enrichment of then."""
    # A person adds facts after the stop, if perhaps in the same instant.
    before = [each for each in known if each.at < at or (each.at == at and not each.by_person)]
    return before[-1] if before else _KnownThen(at, {}, None, by_person=False, erased=False)


def _stopped(
    run_id: int,
    ref: str,
    version_id: int,
    stop: tuple[str, datetime],
    decision: Decision | None,
    known: Sequence[_KnownThen],
    now: RunNow,
) -> JudgedRun:
    reason, at = stop
    then = _then(known, at)
    was = BacktestSide(REVIEW, published(version_id).policy, exception=reason)
    asked = json.loads(decision.asked) if decision else None
    erased = then.erased or (decision is not None and MARK in decision.asked)
    return JudgedRun(run_id, ref, version_id, was, then.facts, then.client_id, asked, now, erased)


def _decided(
    run_id: int, ref: str, decision: Decision, known: Sequence[_KnownThen], now: RunNow
) -> JudgedRun:
    then, asked = _then(known, decision.at), json.loads(decision.asked)
    version = decision.version_id
    was = BacktestSide(
        BY_HAND if asked.get("by_hand") else AUTOMATIC,
        published(version).policy,
        decision.owner_id,
        decision.backup_id,
    )
    # What rules compared is in the record itself, whatever was read since.
    facts = {**then.facts, **asked.get("facts", {})}
    erased = then.erased or MARK in decision.asked
    return JudgedRun(run_id, ref, version, was, facts, then.client_id, asked, now, erased)


# -- Triggers --------------------------------------------------------------------------------------


def no_longer_started(page: Sequence[JudgedRun], triggers: Sequence[TriggerLike]) -> set[int]:
    """
    Return the runs whose event matched a trigger of their version, and matches none of these.

    Runs that were started otherwise, such as by hand or by a calendar, are not among them.
    """
    wanted = {_key(each) for each in triggers}
    versions = {each.version_id for each in page}
    then: dict[int, list[Trigger]] = defaultdict(list)
    for row in Trigger.objects.filter(version__in=versions).order_by("pk"):
        then[row.version_id].append(row)
    older: list[Trigger] = []
    changed = set()
    for pk, rows in then.items():
        if any(_key(row) not in wanted for row in rows):
            changed.add(pk)
            older += rows
    asked = {each.run_id: then[each.version_id] for each in page if each.version_id in changed}
    if not asked:
        return set()
    parts = RunEvent.objects.filter(run__in=asked, part=RunEvent.Part.STARTED)
    started = list(parts.select_related("event__payload"))
    earlier = values_before([part.event for part in started], [*older, *triggers])
    return {
        part.run_id
        for part in started
        if part.run_id
        and matching(asked[part.run_id], part.event, _body(part.event), earlier)
        and not matching(triggers, part.event, _body(part.event), earlier)
    }


def _key(trigger: TriggerLike) -> tuple[str, str, str, str, tuple[str, ...]]:
    values = tuple(trigger.values)
    return trigger.kind, trigger.field, str(trigger.operator), trigger.value, values


def _body(event: Event) -> Mapping[str, Any]:
    return event.payload.body if hasattr(event, "payload") else {}
