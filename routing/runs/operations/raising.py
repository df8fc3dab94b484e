"""The one way to raise an exception about a step of a run, work, an event or a connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, TypeAlias

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.kernel.sql import run as run_sql
from routing.kernel.transitions import turn_all
from routing.messages.telling import notify
from routing.people.actors import Actor
from routing.people.clearance import Clearance, clearance_of
from routing.runs.details import WaitDetails
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run, RunEvent, RunStep
from routing.runs.owners import NobodyLeft, Owners, Place, Staff, owners_for, places_for
from routing.runs.snapshots import run_snapshots
from routing.runs.timeboxes import start_timeboxes
from routing.runs.titles import waiting_title_of
from routing.runs.version_routes import Routes
from routing.work.creation import create, created
from routing.work.door import move, operation
from routing.work.items import WorkItem
from routing.work.locking import holds_of
from routing.work.new_items import new_item

log = structlog.get_logger(__name__)
WAIT = operation(
    Run,
    "wait",
    _("Wait for a person"),
    done=_("%(who)s stopped the run until a person acts"),
    system=True,
    through_hold=True,
    details=WaitDetails,
)
ONE_AT_A_TIME = 7_203_005  # key of the advisory lock for exceptions that have no work item to lock
# Nothing is overdue while a flow is switched off, until the first event waits for it.
TIMED_LATER = frozenset({Reason.FLOW_OFF})
# Reason, kind of subject, its id, and the step or, of a connection, the code of what is wrong.
Key: TypeAlias = tuple[str, str, Any, str]


@dataclass(frozen=True, slots=True)
class ExceptionFinding:
    """
    A problem that only a person can resolve. ``evidence`` is JSON without secrets.

    With a ``step``, it blocks that step of ``run``. Otherwise it blocks nothing, and is about
    ``item``, or else the run, or else the open run of the event. If there is no work, it is about
    the event, or about the flow or the connection in the evidence, which ``about`` describes.

    ``first`` has people who come before those of exception routing.
    """

    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    item: WorkItem | None = None
    run: Run | None = None
    about: str = ""
    step: str = ""
    event_id: int | None = None
    first: Sequence[Place] = ()


@dataclass(frozen=True, slots=True)
class _Located:
    """A finding with the rows that it is about."""

    finding: ExceptionFinding
    work: WorkItem | None
    run: Run | None
    event: Event | None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the keys of the exception. An open one with one of them is a duplicate."""
        reason, step = str(self.finding.reason), self.finding.step
        found: list[Key] = []
        if step and self.run is not None:
            return ((reason, "run", self.run.pk, step),)
        if self.event is not None:
            found.append((reason, "event", self.event.pk, ""))
        if self.work is not None:
            found.append((reason, "work", self.work.pk, ""))
        if not found and (flow := self.finding.evidence.get("flow")):
            found.append((reason, "flow", flow, ""))
        evidence = self.finding.evidence
        part = str(evidence.get("code") or evidence.get("event_kind") or "")
        return tuple(found) or ((reason, "connection", self.connection, part),)

    @property
    def connection(self) -> str:
        return str(self.finding.evidence.get("connection", ""))

    @property
    def evidence(self) -> dict[str, Any]:
        event, evidence = self.event, dict(self.finding.evidence)
        if event is not None:
            evidence = {
                "event": event.pk,
                "source": event.source,
                "kind": event.kind,
                **evidence,
            }
        if self.work is not None and not self.finding.step:
            evidence["work"] = self.work.ref
        return evidence

    def subject(self, titles: Mapping[int, str]) -> str:
        """:param titles: of the runs that stop, by id, which their work items take over"""
        if self.work is not None:
            stops = self.run.pk if self.run is not None and self.finding.step else None
            return f"{self.work.ref} {titles[stops] if stops else self.work.title}"
        if self.event is not None:
            return f"{self.event.subject_type} {self.event.subject_id}"
        return self.finding.about


def raise_exception(finding: ExceptionFinding, *, at: datetime) -> ExceptionCase | None:
    """
    Raise one exception. Call it in the transaction that found the problem.

    :returns: None if such an exception is open, or no active person could own it
    """
    made = raise_exceptions([finding], at=at)
    return made[0] if made else None


def raise_exceptions(findings: Sequence[ExceptionFinding], *, at: datetime) -> list[ExceptionCase]:
    """
    Raise an exception for each finding, with an owner and a timebox, and notify the owners.

    If an exception with the same reason is open for the same step, event, work or connection, it is
    kept with its first evidence.

    :returns: the new exceptions
    :raises NobodyLeft: if no active person could own an exception that stops a step. For other
        findings this is only logged, so that they never fail their caller.
    """
    if not findings:
        return []
    with transaction.atomic(savepoint=False):
        located = _locate(findings)
        _one_at_a_time(located)
        routes = Routes.of(each.run for each in located)
        system = Actor.system()
        titles = _titles_of_stops(located)
        made: list[ExceptionCase] = []
        for why, some in _cases(_new(located), routes, titles, at).items():
            made += create(some, by=system, at=at, reason=why)
        timed = [case for case in made if case.reason not in TIMED_LATER]
        start_timeboxes(timed, routes, at)
        _stop([each for each in located if each.finding.step], titles, at)
        notify(created(ExceptionCase), made, by=system, at=at)
    return made


def not_raised(findings: Sequence[ExceptionFinding]) -> list[ExceptionFinding]:
    """Return the findings for which no exception is open. Nothing is locked."""
    return [each.finding for each in _new(_locate(findings))] if findings else []


def open_cases(run: Run | None, item: WorkItem | None, connection: str) -> QuerySet[ExceptionCase]:
    """
    Return the open exceptions that block nothing, about a work item or, if there is none, about a
    run or, if there is neither, about a connection (by its slug).
    """
    found = ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, step="", blocking=False
    )
    work = item or (run.item if run else None)
    if work is not None:
        return found.filter(item__parent=work)
    return found.filter(run=None, evidence__connection=connection, evidence__work__isnull=True)


# -- What it is about ------------------------------------------------------------------------------


def _locate(findings: Sequence[ExceptionFinding]) -> list[_Located]:
    """Load the rows that the findings are about, in a few statements however many there are."""
    events = Event.objects.in_bulk({f.event_id for f in findings if f.event_id})
    run_of_event = _open_runs(list(events))
    items = WorkItem.objects.select_related("client").in_bulk(
        {f.item.pk for f in findings if f.item}
    )
    run_ids = {item.run_id for item in items.values()} | set(run_of_event.values())
    run_ids |= {f.run.pk for f in findings if f.run}
    runs = Run.objects.select_related("item__client", "flow").in_bulk(run_ids - {None})
    located = []
    for finding in findings:
        item = items.get(finding.item.pk) if finding.item else None
        if finding.run:
            run_id: int | None = finding.run.pk
        elif item:
            run_id = item.run_id
        else:
            run_id = run_of_event.get(finding.event_id)
        run = runs.get(run_id)
        work = item or (run.item if run else None)
        located.append(_Located(finding, work, run, events.get(finding.event_id)))
    return located


def _open_runs(events: Sequence[int]) -> dict[int | None, int]:
    """Return the oldest open run of each event, for events that have one."""
    # Newest first, so that the oldest run of an event is the last to enter the dict and stays.
    parts = RunEvent.objects.filter(event__in=events, run__item__is_open=True).order_by("-run_id")
    return {event: run for event, run in parts.values_list("event_id", "run_id") if run}


def _one_at_a_time(located: Sequence[_Located]) -> None:
    """
    Make other transactions that raise the same exception wait for this one.
    """
    # Work items in the order of ids, as everywhere, and the advisory lock only after them.
    works = {each.work.pk for each in located if each.work is not None}
    if works:
        holds_of(sorted(works))
    if any(each.work is None for each in located):
        run_sql("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])


def _new(located: Sequence[_Located]) -> list[_Located]:
    known, new = _open_keys(located), []
    for each in located:
        if known.isdisjoint(each.keys):
            new.append(each)
            known.update(each.keys)
    return new


def _open_keys(located: Sequence[_Located]) -> set[Key]:
    """Return the keys of the exceptions that are open for any of these subjects."""
    subjects: dict[str, set[Any]] = defaultdict(set)
    for each in located:
        for _reason, kind, subject, _step in each.keys:
            subjects[kind].add(subject)
    rows = ExceptionCase.objects.filter(state__in=ExceptionCase.open_states)
    loose = rows.filter(step="", blocking=False)
    # A query for each kind of subject, because each has its own index. An OR could use none.
    asked: dict[str, tuple[QuerySet[ExceptionCase], str]] = {
        "run": (rows.filter(run__in=subjects["run"]), "run_id"),
        "work": (loose.filter(item__parent__in=subjects["work"]), "item__parent_id"),
        "event": (rows.filter(evidence__event__in=list(subjects["event"])), "evidence__event"),
        "flow": (loose.filter(evidence__flow__in=list(subjects["flow"])), "evidence__flow"),
        "connection": (
            loose.filter(
                run=None,
                evidence__connection__in=list(subjects["connection"]),
                evidence__work__isnull=True,
            ),
            "evidence__connection",
        ),
    }
    found: set[Key] = set()
    for kind in subjects:
        query, subject = asked[kind]
        parts = ("evidence__code", "evidence__event_kind")
        for row in query.values_list("reason", subject, "step", *parts):
            reason, about, step, code, of_event = row
            last = {"run": step, "connection": code or of_event or ""}.get(kind, "")
            found.add((reason, kind, about, last))
    return found


# -- Writing it ------------------------------------------------------------------------------------


def _cases(
    located: Sequence[_Located],
    routes: Routes,
    titles: Mapping[int, str],
    at: datetime,
) -> Mapping[str, list[ExceptionCase]]:
    """Return unsaved exceptions by the reason for their choice of owner."""
    # Grouped, because one call of ``create`` writes the same reason for all of its rows.
    found: dict[str, list[ExceptionCase]] = defaultdict(list)
    if not located:
        return found
    staff = Staff.at(at)
    clearance = clearance_of(
        each.work.client for each in located if each.work is not None and each.work.client
    )
    for each in located:
        owners = _owners(each, routes, staff, clearance)
        if owners is not None:
            found[owners.why].append(_case(each, owners, titles, staff))
    return found


def _owners(each: _Located, routes: Routes, staff: Staff, clearance: Clearance) -> Owners | None:
    finding = each.finding
    taker = routes.taker(finding.reason, each.run)
    places = [*finding.first, *places_for(taker, each.work, each.run, staff)]
    try:
        client = each.work.client_id if each.work is not None else None
        return owners_for(places, staff, clearance.people(client))
    except NobodyLeft:
        if finding.step:
            raise
        log.exception(
            "a failure needs a person, and nobody active could own it",
            action="raise_exception",
            reason=str(finding.reason),
            event_id=finding.event_id,
        )
        return None


def _case(each: _Located, owners: Owners, titles: Mapping[int, str], staff: Staff) -> ExceptionCase:
    work, finding = each.work, each.finding
    # Whoever sees the exception may read the title of the work in it: both have the same client and
    # team, and only people who may see the work are given its exceptions.
    item = new_item(
        f"{Reason(finding.reason).label}: {each.subject(titles)}",
        parent=work,
        run_id=each.run.pk if each.run else None,
        team_id=work.team_id if work else staff.team_id,
        owner_id=owners.owner_id,
        backup_id=owners.backup_id,
        priority=WorkItem.Priority.HIGH,
    )
    return ExceptionCase(
        item=item,
        reason=finding.reason,
        run=each.run,
        step=finding.step,
        blocking=bool(finding.step),
        evidence=each.evidence,
    )


def start_timebox(cases: Sequence[ExceptionCase], *, at: datetime) -> None:
    """Start the timeboxes of open exceptions that were raised without one, see ``TIMED_LATER``."""
    start_timeboxes(cases, Routes.of(case.run for case in cases), at)


def _titles_of_stops(located: Sequence[_Located]) -> dict[int, str]:
    """Return the title of each run that stops, by its id, as far as it is known by now."""
    ids = [each.run.pk for each in located if each.finding.step and each.run is not None]
    if not ids:
        return {}
    return {each.run.pk: waiting_title_of(each) for each in run_snapshots(ids)}


def _stop(located: Sequence[_Located], titles: dict[int, str], at: datetime) -> None:
    """Stop each run at its step, which is retried when the exception is resolved."""
    by_step: dict[str, list[int]] = defaultdict(list)
    for each in located:
        if each.run is not None:
            by_step[each.finding.step].append(each.run.pk)
    for step, runs in by_step.items():
        turn_all(RunStep.objects.filter(run__in=runs, name=step), "stop", at=at)
    ids = list(chain.from_iterable(by_step.values()))
    if ids:
        reason = "A blocking exception was raised."
        move(WAIT, ids, by=Actor.system(), at=at, reason=reason, details=WaitDetails(titles))
