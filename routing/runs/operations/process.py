"""
Route captured events to runs: each event starts a run, joins an open run, waits for a flow that is
switched off, or matches no flow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from routing.flows.models import FlowVersion
from routing.kernel.events import Dispatch, Event
from routing.kernel.facts import Subject
from routing.kernel.isolate import isolate
from routing.kernel.queues import Patience, claim_batch, put_off
from routing.kernel.reasons import Reason
from routing.kernel.sql import run as sql
from routing.people.actors import Actor
from routing.runs.held_events import flow_is_off
from routing.runs.models import Run, RunEvent, RunStep
from routing.runs.occurrences import is_of
from routing.runs.operations.earlier_values import EarlierValues, earlier_values
from routing.runs.operations.holding import (
    ReleasedEvents,
    Waiting,
    hold,
    released_of,
    settle,
    switch_offs_of,
    with_released,
)
from routing.runs.operations.loops import LoopStop
from routing.runs.operations.merging import move_runs
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.registry import SubjectMove, move_of, survivors_of
from routing.runs.steps import make_due, mark_done
from routing.work.creation import create
from routing.work.new_items import new_item

# The action of another flow names the flow that it starts.
FLOW_STARTED = "flow.started"
ECHO = ".echo"  # adapters append it to the kind of an event that our own write caused
MAX_ATTEMPTS = 8  # about ten minutes, with the waits of ``backoff_s``
PATIENCE = Patience(MAX_ATTEMPTS)
# A CRM sends an event for each field of an edited deal. Wait, so that the deal is read only once.
REFRESH_DELAY_S = 5
# A new run has no row to lock yet. Two workers with events about one subject take this lock, and
# the second then finds the run of the first. In one order, against waiting in a circle.
ONE_A_SUBJECT = """
    SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(k, 7203003) AS h
        FROM unnest(%s::text[]) k ORDER BY 1) s"""
# A join with the subjects makes one index lookup for each. An OR of conditions would be a scan.
ABOUT = """
    SELECT r.id FROM unnest(%s::text[], %s::text[], %s::text[]) AS s(source, type, id)
    JOIN routing_run r ON r.source = s.source AND r.subject_type = s.type AND r.subject_id = s.id"""


def process(*, at: datetime, limit: int = 200) -> int:
    """
    Route the queued events that are due, and return how many were processed.

    It can run many times at once, and can be killed: an event stays queued until its transaction
    commits.
    """
    due = Dispatch.objects.filter(parked_reason="", due_at__lte=at).order_by("due_at", "id")
    ids = list(due.values_list("event_id", flat=True)[:limit])
    return isolate(
        lambda batch: process_events(batch, at), ids, lambda event, why: _postpone(event, why, at)
    )


def process_events(ids: Sequence[int], at: datetime) -> int:
    """Route these queued events in one transaction, and return how many were processed."""
    with transaction.atomic():
        waiting = Dispatch.objects.filter(event_id__in=ids, parked_reason="")
        claimed = claim_batch(waiting, key="event_id")
        if not claimed:
            return 0
        rows = Event.objects.filter(pk__in=claimed).select_related("payload")
        events = list(with_released(rows).order_by("at", "id"))
        moves = _moves(events)
        subjects = {_subject(event) for event in events}
        for move in moves.values():
            subjects.update(move.subjects)
        _lock(subjects)
        _place(events, moves, at)
        Dispatch.objects.filter(event_id__in=claimed).delete()
    return len(claimed)


def _lock(subjects: Collection[Subject]) -> None:
    """Let no other worker route events about these subjects until the transaction ends."""
    sql(ONE_A_SUBJECT, [[f"{each.source}\x1f{each.type}\x1f{each.id}" for each in subjects]])


def _moves(events: Sequence[Event]) -> Mapping[int, SubjectMove]:
    """
    Return the moves that these events report, by event.

    What a merge made may itself have been merged already, by an event that came first.
    """
    moves = {event.pk: move for event in events if (move := move_of(event)) is not None}
    survivors = survivors_of({move.into for move in moves.values() if move.into is not None})
    for pk, move in moves.items():
        if move.into is not None and move.into in survivors:
            moves[pk] = SubjectMove(survivors[move.into], (*move.gone, move.into))
    return moves


def _place(events: Sequence[Event], moves: Mapping[int, SubjectMove], at: datetime) -> None:
    for move in moves.values():
        move_runs(move, list(_open_runs(set(move.subjects)).values()), at)
    about = _abouts(events, moves)
    open_runs = _open_runs(set(about.values()))
    live, released = _live(), released_of(events)
    earlier = earlier_values(events, live)
    starting = {event.pk: _started_by(event, live, released, earlier) for event in events}
    off = switch_offs_of(starting)
    late = _merged_before(about, open_runs, starting)
    ended: Mapping[tuple[int, Subject], Run] = {}
    if late:
        about = {pk: late.get(subject, subject) for pk, subject in about.items()}
        open_runs = _open_runs(set(about.values()))
        # The object had its run. That news of one of its parts comes late starts no other.
        ended = _newest_runs(set(late.values()))
    new: dict[tuple[int, Subject], tuple[Run, Event]] = {}
    held: dict[Waiting, Event] = {}
    loops = LoopStop(at)
    for event in events:
        for version in starting[event.pk]:
            key = (version.flow_id, about[event.pk])
            if key in open_runs or key in new or key in ended:
                continue
            if loops.stops(event, version):
                continue
            if version.flow_id in off:
                held[event.pk, version.flow_id] = event
            else:
                new[key] = (_new_run(version, about[event.pk]), event)
    if new:
        _follow(new)
        create([run for run, _ in new.values()], by=Actor.system(), at=at)
    hold(held, off, released, at)
    parts = _parts(events, about, {**ended, **open_runs}, new, at) + loops.parts()
    parts = _unknown(parts, events, held, released, at)
    RunEvent.objects.bulk_create(parts)
    settle(released, parts, held, off, at)
    loops.tell()
    made = [run.pk for run, _ in new.values()]
    mark_done(made, [RunStep.Name.CAPTURE], at)
    make_due(made, RunStep.Name.ENRICH, at)
    _refresh(open_runs, {about[event.pk] for event in events if not event.kind.endswith(ECHO)}, at)


def _merged_before(
    about: Mapping[int, Subject],
    open_runs: Mapping[tuple[int, Subject], Run],
    starting: Mapping[int, Sequence[FlowVersion]],
) -> Mapping[Subject, Subject]:
    """
    Return what the subjects of events that would start a run were merged into before, and lock it.
    """
    # HubSpot keeps no order: the creation of a deal may come after the merge that ended it.
    subjects: set[Subject] = set()
    for pk, versions in starting.items():
        if any((version.flow_id, about[pk]) not in open_runs for version in versions):
            subjects.add(about[pk])
    late = survivors_of(subjects)
    if late:
        _lock(set(late.values()))
    return late


def _newest_runs(subjects: Collection[Subject]) -> dict[tuple[int, Subject], Run]:
    """Return the newest run of each flow about each of these subjects, open or ended."""
    runs = Run.objects.filter(pk__in=_about(subjects)).select_related("item").order_by("pk")
    return {(run.flow_id, run.subject): run for run in runs}


def _abouts(events: Sequence[Event], moves: Mapping[int, SubjectMove]) -> dict[int, Subject]:
    """
    Return the subject of each event. An object that these events merged is its survivor.
    """
    # HubSpot keeps no order: the merge may come in one batch with the creation of what it merged.
    survivors: dict[Subject, Subject] = {}
    for move in moves.values():
        if move.into is not None:
            survivors |= dict.fromkeys(move.gone, move.into)
    found = {}
    for event in events:
        subject, seen = _subject(event), set[Subject]()
        while subject in survivors and subject not in seen:
            seen.add(subject)
            subject = survivors[subject]
        found[event.pk] = subject
    return found


def _subject(event: Event) -> Subject:
    return Subject(event.source, event.subject_type, event.subject_id)


def _live() -> list[Any]:
    """Return the live version of each flow, with whether the flow ``is_off``."""
    live = FlowVersion.objects.live().annotate(is_off=flow_is_off("flow"))
    return list(live.select_related("flow").prefetch_related("triggers"))


def _started_by(
    event: Event,
    live: Sequence[FlowVersion],
    released: ReleasedEvents,
    earlier: EarlierValues,
) -> list[FlowVersion]:
    """
    Return the flow versions that this event starts.

    Flows with a matching value win over flows that take any event of the kind.
    """
    # So a special flow, such as for one form, takes its events from the general flow, and one deal
    # does not become two runs. That holds while the special flow is switched off, too.
    body: Mapping[str, Any] = event.payload.body if hasattr(event, "payload") else {}
    if event.kind == FLOW_STARTED:
        live = [version for version in live if version.flow.slug == body.get("flow")]
    by_value: dict[FlowVersion, None] = {}
    by_kind: dict[FlowVersion, None] = {}
    for version in live:
        if not released.concerns(event, version.flow_id):
            continue
        if is_of(event, body, version.flow_id):
            by_value[version] = None
        for trigger in version.triggers.all():
            if trigger.kind != event.kind:
                continue
            if not trigger.field:
                by_kind[version] = None
            elif earlier.match(trigger, event, body):
                by_value[version] = None
    return [each for each in by_value or by_kind if released.may_start(event, each)]


def _open_runs(subjects: set[Subject]) -> dict[tuple[int, Subject], Run]:
    """Lock and return the open runs about these subjects."""
    # Locked, so that none of them ends before these events have joined it.
    found = (
        Run.objects.filter(pk__in=_about(subjects), item__is_open=True)
        .select_related("item")
        .order_by("item_id")
    )
    return {
        (run.flow_id, run.subject): run
        for run in found.select_for_update(of=("item",), no_key=True)
    }


def _about(subjects: Collection[Subject]) -> list[int]:
    """Return the ids of all runs about these subjects, including ended ones."""
    if not subjects:
        return []
    sources = [subject.source for subject in subjects]
    types = [subject.type for subject in subjects]
    ids = [subject.id for subject in subjects]
    return [run for (run,) in sql(ABOUT, [sources, types, ids])]


def _new_run(version: FlowVersion, subject: Subject) -> Run:
    flow = version.flow
    item = new_item(
        f"{flow.name}: {subject.type} {subject.id}",
        owner_id=flow.owner_id,
        backup_id=flow.backup_id,
    )
    return Run(
        item=item,
        flow=flow,
        version=version,
        source=subject.source,
        subject_type=subject.type,
        subject_id=subject.id,
    )


def _follow(new: Mapping[tuple[int, Subject], tuple[Run, Event]]) -> None:
    """Link each new run to the previous run of its flow about the same subject."""
    earlier = Run.objects.filter(pk__in=_about({subject for _flow, subject in new})).order_by("pk")
    last = {(run.flow_id, run.subject): run for run in earlier}
    for key, (run, _event) in new.items():
        run.follows = last.get(key)


def _parts(
    events: Sequence[Event],
    subjects: Mapping[int, Subject],
    runs: Mapping[tuple[int, Subject], Run],
    new: Mapping[tuple[int, Subject], tuple[Run, Event]],
    at: datetime,
) -> list[RunEvent]:
    """Return which runs each event starts and which it joins, unsaved."""
    started, about = defaultdict(list), defaultdict(list)
    for (_flow, subject), (run, first) in new.items():
        started[first.pk].append(run)
        about[subject].append(run)
    for (_flow, subject), run in runs.items():
        about[subject].append(run)
    parts = []
    for event in events:
        if event.kind.endswith(ECHO):
            continue
        mine = started[event.pk]
        joined = [run for run in about[subjects[event.pk]] if run not in mine]
        parts += [RunEvent(event=event, run=run, part=RunEvent.Part.STARTED, at=at) for run in mine]
        parts += [
            RunEvent(event=event, run=run, part=RunEvent.Part.JOINED, at=at) for run in joined
        ]
    return parts


def _unknown(
    parts: Sequence[RunEvent],
    events: Sequence[Event],
    held: Mapping[Waiting, Event],
    released: ReleasedEvents,
    at: datetime,
) -> list[RunEvent]:
    """Add the echoes and the events without a flow, and leave out what is recorded already."""
    found = [
        part
        for part in parts
        if not released.has_run(part.event, part.run_id or 0)
        and (part.run is None or released.concerns(part.event, part.run.flow_id))
    ]
    known = {part.event_id for part in parts} | {event for event, _flow in held}
    for event in events:
        if event.kind.endswith(ECHO):
            found.append(RunEvent(event=event, part=RunEvent.Part.ECHO, at=at))
        elif event.pk not in known and not released.is_known(event):
            found.append(RunEvent(event=event, part=RunEvent.Part.UNCLAIMED, at=at))
    return found


def _refresh(
    open_runs: Mapping[tuple[int, Subject], Run], subjects: set[Subject], at: datetime
) -> None:
    """Have the facts of open runs read again, because a later event may have changed them."""
    # A run whose enrich step nobody has begun will read the newest facts anyway.
    ids = [run.pk for (_, subject), run in open_runs.items() if subject in subjects]
    begun = Q(state=RunStep.State.DONE) | Q(lease__gt=0)
    read = list(
        RunStep.objects.filter(begun, run__in=ids, name=RunStep.Name.ENRICH).values_list(
            "run_id", flat=True
        )
    )
    due = at + timedelta(seconds=REFRESH_DELAY_S)
    make_due(read, RunStep.Name.REFRESH, due, anew=True)


def _postpone(event_id: int, why: str, at: datetime) -> None:
    """Delay an event that failed, or quarantine it and raise an exception after too many times."""
    row = Dispatch.objects.filter(event_id=event_id).first()
    if row is None:
        return  # another worker has processed it meanwhile
    attempts = row.attempts + 1
    reason = why if PATIENCE.is_spent(attempts) else ""
    with transaction.atomic():
        mine = Dispatch.objects.filter(pk=row.pk, attempts=row.attempts)
        is_ours = put_off(
            mine, tried=attempts, key=event_id, at=at, attempts=attempts, parked_reason=reason
        )
        if is_ours and reason:
            failed = ExceptionFinding(Reason.FAILED_STEP, {"error": why}, event_id=event_id)
            raise_exception(failed, at=at)
