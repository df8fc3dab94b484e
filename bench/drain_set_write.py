"""
The writing half of the set-based drain: each table once a batch, each history once a transition.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from simple_history.utils import bulk_create_with_history

from bench.drain_naive import brief_of, event_of, owns, request_of, steps_of
from bench.world import World
from delivery.briefs.models import Brief
from delivery.requests.models import Request
from routing.flows.choose import Choice
from routing.kernel.events import Event
from routing.messages.models import Notification
from routing.people.clients import Client
from routing.runs.decisions import Decision
from routing.runs.models import Run, RunStep
from routing.runs.snapshots import RunSnapshot
from routing.runs.titles import run_title_of
from routing.sla.clocks import Clock, ClockMark
from routing.sla.policies import SLAPolicy, Target
from routing.sla.terms import Agreed, Uses, agree, ids_of
from routing.sla.timing import Cause, ClockTurn, Does
from routing.work.items import RefCounter, WorkItem, WorkNoun

REASON = "Decided by rule."
ROUTED = ("run", "client", "owner", "backup", "team", "priority", "title")
Decided = Sequence[tuple[RunSnapshot, Choice, Decision]]


@dataclass(slots=True)
class Writing:
    """One batch at one instant; events wait until ``finish`` writes all of them."""

    world: World
    at: datetime
    events: list[Event] = field(default_factory=list)

    def add(self, rows: Sequence[Any], model: type[models.Model]) -> None:
        """Write new rows with their history."""
        bulk_create_with_history(rows, model, **self._history_defaults())

    def runs(self, runs: Sequence[Run]) -> None:
        """Write new runs with their work items and steps."""
        self._create(runs, Run, ["THR"] * len(runs))
        steps: list[RunStep] = []
        for run in runs:
            # The id was not known before. History has it with the next change.
            run.item.run = run
            steps += steps_of(run, self.at)
        RunStep.objects.bulk_create(steps)

    def route(self, decided: Decided) -> None:
        """Say whose each run is, which is known, and then who takes it, which was decided."""
        runs = [snapshot.run for snapshot, _choice, _decision in decided]
        clients = {snapshot.run.pk: snapshot.found.client_id for snapshot, _c, _d in decided}
        for run in runs:
            run.identify(at=self.at, clients=clients)
        self._changed([run.item for run in runs], WorkItem)
        self._changed(runs, Run)
        self._record(runs, "identify", "received")
        owners = {
            snapshot.run.pk: (choice.owner_id, choice.backup_id, choice.team_id, choice.priority)
            for snapshot, choice, _decision in decided
        }
        titles = {snapshot.run.pk: run_title_of(snapshot) for snapshot, _c, _d in decided}
        self._move(runs, "route", owners=owners, clients=clients, titles=titles)
        self._changed([run.item for run in runs], WorkItem)
        WorkItem.objects.bulk_update([run.item for run in runs], ROUTED)

    def open(self, decided: Decided) -> None:
        """
        Write a request and a brief for each run, their clocks, and a message to whoever owns them.
        """
        ids = {snapshot.found.client_id for snapshot, _choice, _decision in decided}
        clients = Client.objects.in_bulk([pk for pk in ids if pk])
        requests, briefs = [], []
        by_policy: dict[str, list[WorkItem]] = defaultdict(list)
        for snapshot, _choice, _decision in decided:
            assert snapshot.found.client_id is not None
            client = clients[snapshot.found.client_id]
            request = request_of(snapshot, client)
            brief = brief_of(snapshot, client, request)
            requests.append(request)
            briefs.append(brief)
            by_policy[snapshot.plan.policy] += [request.item, brief.item]
        codes = [request.item.client.code for request in requests if request.item.client]
        self._create(requests, Request, codes)
        self._create(briefs, Brief, codes)
        for policy in SLAPolicy.objects.filter(slug__in=by_policy):
            self._start(by_policy[policy.slug], policy)
        Notification.objects.bulk_create([owns(request, self.at) for request in requests])

    def finish(self, runs: Sequence[Run]) -> None:
        """Begin the runs, and write what happened in this batch."""
        self._move(runs, "begin")
        Event.objects.bulk_create(self.events)

    def _history_defaults(self) -> dict[str, Any]:
        return {
            "default_user": self.world.system,
            "default_change_reason": REASON,
            "default_date": self.at,
        }

    def _create(
        self, rows: Sequence[WorkNoun], model: type[WorkNoun], prefixes: Sequence[str]
    ) -> None:
        for row, ref in zip(rows, _numbered(prefixes), strict=True):
            item = row.item
            item.ref, item.kind, item.state = ref, str(row._meta.model_name), row.state
            item.created_at = item.changed_at = self.at
            parent = item.parent
            item.parent = parent  # again, because only a saved one lends its id
        self.add([row.item for row in rows], WorkItem)
        for row in rows:
            row.item = row.item
        self.add(rows, model)
        self._record(rows, "create", "")

    def _move(self, runs: Sequence[Run], verb: str, **details: Any) -> None:
        """Take the runs through a verb, guarded by the state they are in; their items mirror it."""
        [before] = {run.state for run in runs}
        for run in runs:
            getattr(run, verb)(at=self.at, **details)
            run.item.state, run.item.changed_at = run.state, self.at
        [after] = {run.state for run in runs}
        ids = [run.pk for run in runs]
        moved = Run.objects.filter(pk__in=ids, state=before).update(state=after)
        assert moved == len(runs), (moved, len(runs))
        WorkItem.objects.filter(as_run__in=ids).update(state=after, changed_at=self.at)
        self._changed(runs, Run)
        self._record(runs, verb, before)

    def _changed(self, rows: Sequence[Any], model: Any) -> None:
        model.history.bulk_history_create(rows, update=True, **self._history_defaults())

    def _record(self, rows: Sequence[WorkNoun], verb: str, before: str) -> None:
        self.events += [event_of(row, verb, before, self.world, self.at) for row in rows]

    def _start(self, items: Sequence[WorkItem], policy: SLAPolicy) -> None:
        """
        Start the clocks of the policy; what is due at the same time is written at once.
        """
        uses = Uses.of(items)
        agreed: dict[Any, Agreed] = {}
        clocks: list[tuple[Clock, Agreed]] = []
        due: dict[datetime, list[int]] = defaultdict(list)
        targets: Mapping[str, list[Target]] = _by_kind(policy)
        for item in items:
            calendars = tuple(uses.for_item(item, policy.sources))
            for target in targets[item.kind]:
                key = (target.pk, calendars)
                if key not in agreed:
                    agreed[key] = agree(target, policy, calendars, target.worktime, self.at)
                clocks.append((_clock(item, target, policy, agreed[key], self.at), agreed[key]))
        ids = ids_of(agreed.values())
        for clock, under in clocks:
            clock.terms_id = ids[under.digest]
        made = Clock.objects.bulk_create([clock for clock, _under in clocks])
        ClockMark.objects.bulk_create([_mark(clock, self.at) for clock in made])
        soonest: dict[int, datetime] = {}
        for clock in made:
            assert clock.due_at is not None
            soonest[clock.item_id] = min(clock.due_at, soonest.get(clock.item_id, clock.due_at))
        for item_id, at in soonest.items():
            due[at].append(item_id)
        for at, together in due.items():
            WorkItem.objects.filter(pk__in=together).update(next_due_at=at, is_timed=True)


def _numbered(prefixes: Sequence[str]) -> list[str]:
    """Take as many numbers of each prefix as it stands there, in one order of locks."""
    wanted = Counter(prefixes)
    RefCounter.objects.bulk_create(
        [RefCounter(prefix=prefix) for prefix in wanted], ignore_conflicts=True
    )
    rows = RefCounter.objects.filter(prefix__in=wanted).select_for_update().order_by("prefix")
    counters = {row.prefix: row for row in rows}
    refs = []
    for prefix in prefixes:
        counters[prefix].last += 1
        refs.append(f"{prefix}-{counters[prefix].last}")
    RefCounter.objects.bulk_update(counters.values(), ["last"])
    return refs


def _by_kind(policy: SLAPolicy) -> Mapping[str, list[Target]]:
    found: dict[str, list[Target]] = defaultdict(list)
    for target in policy.targets.all():
        found[target.kind].append(target)
    return found


def _clock(
    item: WorkItem, target: Target, policy: SLAPolicy, agreed: Agreed, at: datetime
) -> Clock:
    clock = Clock(
        item=item,
        purpose=target.purpose,
        policy=policy,
        policy_version=policy.version,
        target=target.worktime,
        warn_after=target.worktime * target.warn_percent / 100,
        escalate_every=target.escalate_every,
        started_at=at,
    )
    clock.take(ClockTurn(Does.RUN, item.waiting_on, Cause.WORK), at=at, hours=agreed.terms.hours)
    return clock


def _mark(clock: Clock, at: datetime) -> ClockMark:
    item = clock.item
    turn = clock.turn
    return ClockMark(
        clock=clock, at=at, does=turn.does, party=turn.party, cause=clock.cause, state=item.state
    )
