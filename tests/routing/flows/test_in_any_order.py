"""
Publishing, rolling back, moving runs, switching off and releasing, in any order, while events come:
at each moment what DESIGN.md says of events, owners, versions and history holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from demo.drills.invariants import BROKEN_PATHS, TOLD_TWICE
from integrations.models import Connection
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.flows.checklist import answer_line, checklist_of
from routing.flows.files.stored import content_of
from routing.flows.files.text import written
from routing.flows.models import live_of
from routing.flows.operations import SecondPersonNeeded, copy, publish, roll_back
from routing.flows.versions import published
from routing.kernel.sql import run
from routing.models import (
    Clock,
    Decision,
    Dispatch,
    Event,
    Flow,
    FlowVersion,
    HeldEvent,
    Run,
    RunEvent,
    WorkItem,
)
from routing.people.saving import save_with_reason
from routing.runs.details import MigrateDetails
from routing.runs.held_events import received_of
from routing.runs.operations.migrating import migrate
from routing.runs.recompute import recompute_decision
from routing.sla.explain_due import explain
from tests.routing.flows.test_switching import flow, off, on, submit, work
from tests.world import NOW, World, by

__all__ = ["flow"]  # the fixture

pytestmark = [
    pytest.mark.drill,
    pytest.mark.timeout(600),
    pytest.mark.requirement("G4", "G10"),
]

EDITS: dict[str, Callable[[FlowVersion], Any]] = {
    "title": lambda draft: [(draft, "title", "Job {deal.name}")],
    "fact": lambda draft: [(draft.fields.get(name="deal.ends"), "required", False)],
    "rule": lambda draft: [(row, "priority", 3) for row in draft.rules.all()],
}


class AnyOrder(RuleBasedStateMachine):
    """One agency with a flow that forms start. Every example begins with the same rows."""

    def __init__(self, world: World, flow: Flow) -> None:
        super().__init__()
        self.world, self.flow = world, flow
        self.before = transaction.atomic()
        self.before.__enter__()
        self.at = NOW
        self.keys: list[str] = []
        self.rejected = 0
        self.texts = {row.pk: written(content_of(row)) for row in self.versions()}
        self.versions_of: dict[int, int] = {}

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            transaction.set_rollback(True)
            self.before.__exit__(None, None, None)
            published.cache_clear()

    def versions(self) -> list[FlowVersion]:
        rows = FlowVersion.objects.filter(flow=self.flow, published_at__isnull=False)
        return list(rows.order_by("number"))

    @property
    def is_off(self) -> bool:
        return self.flow.switch_offs.current().exists()

    def soon(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    @rule(count=st.integers(1, 3))
    def events_come(self, count: int) -> None:
        new = [f"key-{len(self.keys) + number}" for number in range(count)]
        submit(*new, at=self.soon())
        self.keys += new

    @rule(data=st.data())
    def an_event_comes_again(self, data: st.DataObject) -> None:
        if self.keys:
            key = data.draw(st.sampled_from(self.keys))
            first = Event.objects.get(source="form-main", dedupe_key=key)
            submit(key, at=first.at)

    @rule()
    def workers_work(self) -> None:
        work(self.soon())

    @rule(edit=st.sampled_from(sorted(EDITS)))
    def a_version_is_published(self, edit: str) -> None:
        live = live_of(self.flow.pk)
        assert live is not None
        draft = copy(live, by=by(self.world.olga), at=self.soon(), reason="A change")
        for row, name, value in EDITS[edit](draft):
            setattr(row, name, value)
            save_with_reason(row, by=by(self.world.olga), at=self.at, reason="A change")
        draft = FlowVersion.objects.get(pk=draft.pk)
        for line in checklist_of(draft, self.at):
            if line.asks_person:
                answer_line(draft, line.code, by=by(self.world.ivan), at=self.at, note="Tested")
        made = self.publish(draft)
        self.texts[made.pk] = written(content_of(made))

    def publish(self, draft: FlowVersion) -> FlowVersion:
        """By as many people as its changes need."""
        try:
            return publish(draft, by=by(self.world.olga), at=self.at, reason="Ready")
        except SecondPersonNeeded:
            return publish(draft, by=by(self.world.bob), at=self.at, reason="Agreed")

    @rule(data=st.data())
    def it_is_rolled_back(self, data: st.DataObject) -> None:
        older = [row for row in self.versions() if row != live_of(self.flow.pk)]
        if older:
            chosen = data.draw(st.sampled_from(older))
            made = roll_back(chosen, by=by(self.world.olga), at=self.soon(), reason="It did harm")
            self.texts[made.pk] = written(content_of(made))

    @rule(data=st.data())
    def a_run_is_moved(self, data: st.DataObject) -> None:
        runs = list(Run.objects.filter(flow=self.flow, state__in=Run.open_states).order_by("pk"))
        if runs:
            moved = data.draw(st.sampled_from(runs))
            to = data.draw(st.sampled_from(self.versions()))
            details = MigrateDetails(to.pk, "In any order")
            [result] = migrate(
                [moved.pk], by=by(self.world.olga), at=self.soon(), reason="Try", details=details
            )
            if result.done:
                self.versions_of[moved.pk] = to.pk

    @rule()
    def it_is_switched_off(self) -> None:
        if not self.is_off:
            off(self.world, self.flow, self.soon())

    @rule(reject=st.booleans())
    def it_is_switched_on(self, reject: bool) -> None:
        if self.is_off:
            self.rejected += on(self.world, self.flow, self.soon(), reject=reject).rejected

    @invariant()
    def each_event_is_captured_once_and_is_somewhere_1_6(self) -> None:
        ours = Event.objects.filter(source="form-main", kind="form.submitted")
        assert ours.count() == len(self.keys)
        held = HeldEvent.objects.exclude(state=HeldEvent.State.PROCESSED).values("event")
        nowhere = ours.filter(dispatch=None, parts=None).exclude(pk__in=held)
        lost = list(nowhere.values_list("dedupe_key", flat=True))
        assert lost == []

    @invariant()
    def open_work_has_two_people_4(self) -> None:
        alone = Q(owner__is_active=False) | Q(backup__is_active=False) | Q(owner=F("backup"))
        assert not WorkItem.objects.filter(alone, is_open=True).exists()

    @invariant()
    def versions_and_runs_stay_as_they_were_9(self) -> None:
        now = {row.pk: written(content_of(row)) for row in self.versions()}
        assert now == self.texts
        for row in Run.objects.filter(flow=self.flow):
            assert self.versions_of.setdefault(row.pk, row.version_id) == row.version_id

    @invariant()
    def states_are_paths_and_nobody_is_told_twice_2_6(self) -> None:
        assert run(BROKEN_PATHS) == [(0,)]
        assert run(TOLD_TWICE) == [(0,)]

    def settle(self) -> None:
        """Switch on, work until nothing is due, and count."""
        if self.is_off:
            on(self.world, self.flow, self.soon())
        for _ in range(4):
            work(self.soon())
        assert not Dispatch.objects.exists()
        assert not HeldEvent.objects.waiting().exists()
        started = RunEvent.objects.filter(part=RunEvent.Part.STARTED, run__flow=self.flow)
        assert started.count() == len(self.keys) - self.rejected
        received = received_of([row.run_id for row in started if row.run_id])
        for clock in Clock.objects.filter(item__run__flow=self.flow).select_related("item__run"):
            assert explain(clock, self.at).agrees  # 8
            held = received.get(clock.item.run_id or 0)
            assert held is None or clock.started_at == held
        for decision in Decision.objects.filter(run__flow=self.flow):
            assert recompute_decision(decision).same  # 5
        seal(at=self.at)
        assert verify().whole  # 10


def test_the_twelve_statements_hold_in_any_order(world: World, flow: Flow) -> None:
    form = Connection.objects.get()
    form.health_owner, form.health_backup = world.ivan, world.olga
    save_with_reason(form, by=by(world.ivan), at=NOW, reason="Somebody is to be told")
    run_state_machine_as_test(
        lambda: AnyOrder(world, flow),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            derandomize=True,  # the same ones for everybody; take it out to look for others
        ),
    )
