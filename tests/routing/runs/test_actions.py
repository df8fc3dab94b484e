"""Flows with several actions: in order, each a step of the run, each tried again or skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from delivery.models import Request
from routing.flows.actions import ActionSpec, action_faults, actions_of, keep_actions, kind_named
from routing.flows.approving import freeze
from routing.flows.operations import copy, publish, publish_shipped
from routing.flows.second_person import standing_of
from routing.messages.models import Notification
from routing.models import (
    ExceptionCase,
    Flow,
    FlowField,
    FlowVersion,
    Note,
    Rule,
    Run,
    RunStep,
    Trigger,
    VersionAction,
)
from routing.runs.operations import act
from routing.runs.operations.advance import advance
from routing.runs.operations.exceptions import resolve, skip
from routing.runs.trace import trace
from tests.flows import publish_by_two
from tests.portal import reachable
from tests.routing.runs.stories import crm_of, make_flow, run_about, work
from tests.world import World, by

OPEN = ActionSpec("delivery.open_request")
TELL = ActionSpec("routing.notify", {"to": "backup", "text": "New work: {deal.name}"})
ASK = ActionSpec("delivery.ask_client", {"question": "Which colours for {deal.name}?"})


@pytest.fixture
def flow(world: World) -> Iterator[FlowVersion]:
    with crm_of(world):
        yield make_flow(world)


def with_actions(world: World, flow: FlowVersion, *specs: ActionSpec) -> FlowVersion:
    """Publish a version of the flow with these actions."""
    now = timezone.now()
    draft = copy(flow, by=by(world.olga), at=now, reason="More actions")
    draft.actions.all().delete()
    VersionAction.objects.bulk_create(
        VersionAction(version=draft, position=place, kind=each.kind, inputs=dict(each.inputs))
        for place, each in enumerate(specs)
    )
    if standing_of(draft).needs_second:
        return publish_by_two(draft, world.olga, world.bob, at=now)
    return publish(draft, by=by(world.olga), at=now, reason="Ready")


def steps_of(run: Run) -> list[tuple[str, str]]:
    rows = run.steps.filter(name__startswith="act").order_by("pk")
    return list(rows.values_list("name", "state"))


def test_actions_are_carried_out_in_order_and_each_is_a_step(
    world: World, flow: FlowVersion
) -> None:
    with_actions(world, flow, OPEN, TELL, TELL)

    run = run_about("901")

    assert steps_of(run) == [("act", "done"), ("act_2", "done"), ("act_3", "done")]
    request = Request.objects.get(item__run=run)
    told = Notification.objects.filter(words=Notification.Words.FLOW_SAYS)
    assert [(row.item, row.recipient) for row in told] == [(request.item, request.item.backup)] * 2
    assert {note.body for note in Note.objects.filter(item=request.item)} == {
        "New work: Spring campaign"
    }


def test_an_action_before_the_request_and_an_old_version_are_carried_out_too(
    world: World, flow: FlowVersion
) -> None:
    old = copy(flow, by=by(world.olga), at=timezone.now(), reason="As before")
    old.actions.all().delete()  # as versions were before there were several
    assert (old.action, actions_of(old)) == (OPEN.kind, (OPEN,))

    with_actions(world, flow, TELL, OPEN)
    run = run_about("902")

    assert steps_of(run) == [("act", "done"), ("act_1", "done"), ("act_2", "done")]
    assert Request.objects.get(item__run=run).item.owner == run.item.owner
    assert Notification.objects.get(words="flow_says").item == run.item


def test_a_flow_that_opens_no_request_is_complete_after_its_last_action(
    world: World, flow: FlowVersion
) -> None:
    with_actions(world, flow, TELL)

    run = run_about("903")

    assert (run.state, steps_of(run)) == (Run.State.COMPLETE, [("act", "done"), ("act_1", "done")])
    assert not Request.objects.exists()


@pytest.mark.parametrize("choice", ["skip", "again"])
def test_a_refused_action_is_an_exception_that_is_tried_again_or_skipped(
    world: World, flow: FlowVersion, choice: str
) -> None:
    with_actions(world, flow, OPEN, ASK, TELL)

    run = run_about("904")

    [case] = ExceptionCase.objects.filter(run=run)
    assert (case.reason, case.step, case.item.owner) == ("action_refused", "act_2", run.item.owner)
    assert case.evidence["action"] == "Ask the client"
    assert steps_of(run) == [("act", "done"), ("act_2", "stopped")]
    assert not Notification.objects.filter(words="flow_says").exists()

    owner, now = by(case.item.owner), timezone.now()  # type: ignore[arg-type]
    if choice == "skip":
        [result] = skip([case.pk], by=owner, at=now, reason="They were called")
        after, state = "skipped", Request.State.CAPTURED
    else:
        reachable(world.acme)
        [result] = resolve([case.pk], by=owner, at=now, reason="They have access now")
        after, state = "done", Request.State.NEEDS_INFORMATION
    assert result.done
    work()

    assert steps_of(run) == [("act", "done"), ("act_2", after), ("act_3", "done")]
    assert Request.objects.get(item__run=run).state == state
    assert Notification.objects.filter(words="flow_says").count() == 1
    assert ExceptionCase.objects.get(pk=case.pk).state == ExceptionCase.State.RESOLVED


def test_only_an_action_can_be_skipped(world: World, flow: FlowVersion) -> None:
    with crm_of(world) as crm:
        crm.facts.pop("deal.amount")
        run = run_about("905")
        [case] = ExceptionCase.objects.filter(run=run)

        [result] = skip([case.pk], by=by(world.olga), at=timezone.now(), reason="No")

    assert not result.done
    assert "Only an action" in " ".join(str(each.message) for each in result.refusals)


def test_the_client_is_asked_by_the_flow(world: World, flow: FlowVersion) -> None:
    reachable(world.acme)
    with_actions(world, flow, OPEN, ASK)

    request = Request.objects.get(item__run=run_about("906"))

    assert request.state == Request.State.NEEDS_INFORMATION
    assert request.question == "Which colours for Spring campaign?"
    assert request.item.waiting_on == "client"


def test_a_worker_that_is_killed_loses_no_action_and_repeats_none(
    world: World, flow: FlowVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_actions(world, flow, OPEN, TELL)

    def die(*given: Any) -> None:
        raise OperationalError("terminating connection")

    # The last statement of the step: all of its work is done, and nothing is committed.
    with monkeypatch.context() as dying:
        dying.setattr(act, "mark_done", die)
        run = run_about("907")
    assert steps_of(run) == [("act", "done"), ("act_2", "due")]
    assert not Notification.objects.filter(words="flow_says").exists()
    step = RunStep.objects.get(run=run, name="act_2")
    assert step.attempts >= 1

    for _again in range(2):
        advance(clock=lambda: step.due_at + timedelta(days=365))

    assert steps_of(run) == [("act", "done"), ("act_2", "done")]
    assert Notification.objects.filter(words="flow_says").count() == 1


def test_an_action_that_nothing_carries_out_any_more_is_refused(
    world: World, flow: FlowVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_actions(world, flow, OPEN, TELL)
    monkeypatch.setattr(act, "kind_named", lambda name: None if name == TELL.kind else kind_named)

    run = run_about("908")

    assert ExceptionCase.objects.get(run=run).reason == "action_refused"


def test_nobody_who_left_is_notified(world: World, flow: FlowVersion) -> None:
    to_cora = ActionSpec(TELL.kind, {"to": f"person:{world.cora.pk}", "text": "Look"})
    to_team = ActionSpec(TELL.kind, {"to": f"team:{world.team.pk}", "text": "Look"})
    with_actions(world, flow, OPEN, to_team, to_cora)
    world.cora.is_active = False
    world.cora.save()

    run = run_about("909")

    told = Notification.objects.filter(words="flow_says")
    assert {row.recipient for row in told} == {world.alice, world.bob}
    assert ExceptionCase.objects.get(run=run).step == "act_3"


def test_the_trace_says_what_each_action_does(world: World, flow: FlowVersion) -> None:
    with_actions(world, flow, OPEN, TELL)

    titles: Sequence[str] = [entry.title for entry in trace(run_about("910")).entries]

    assert "Action 2, Notify: Done" in titles


def startable(world: World, flow: FlowVersion, slug: str, *specs: ActionSpec) -> Flow:
    """Publish another flow that flows can start."""
    other = Flow.objects.create(
        slug=slug, name=slug.title(), purpose="", outcome="", owner=world.olga, backup=world.bob
    )
    version = FlowVersion.objects.create(flow=other, number=1, title="Check {deal.name}")
    keep_actions(version, specs)
    Trigger.objects.create(version=version, kind="flow.started")
    FlowField.objects.create(version=version, name="deal.name", label="Deal", type="text")
    Rule.objects.create(version=version, position=1, name="All", team=world.team)
    publish_shipped(version, by=by(world.olga), at=timezone.now(), reason="Set up")
    return other


def starts(flow: Flow) -> ActionSpec:
    return ActionSpec("routing.start_flow", {"flow": str(flow.pk)})


def test_a_flow_starts_another_one_that_knows_its_facts(world: World, flow: FlowVersion) -> None:
    check = startable(world, flow, "check", OPEN)
    startable(world, flow, "bystander", OPEN)
    with_actions(world, flow, OPEN, starts(check))

    run = run_about("911")

    [started] = Run.objects.exclude(flow=run.flow)
    assert (started.flow, started.item.title) == (check, "Check: Check Spring campaign")
    assert started.item.client == world.acme
    assert Request.objects.filter(item__run=started).count() == 1
    titles = [entry.title for entry in trace(run).entries]
    assert f"Started “Check”: {started.item.ref}" in titles


def test_flows_that_start_each_other_stop_at_an_exception_with_the_chain(
    world: World, flow: FlowVersion
) -> None:
    one, other = startable(world, flow, "one", OPEN), startable(world, flow, "other", OPEN)
    for each, next_one in ((one, other), (other, one)):
        draft = copy(each.versions.get(), by=by(world.olga), at=timezone.now(), reason="Round")
        keep_actions(draft, [starts(next_one)])
        freeze(draft, by=by(world.olga), at=timezone.now(), reason="Round")
    with_actions(world, flow, OPEN, starts(one))

    run = run_about("912")

    [case] = ExceptionCase.objects.filter(reason="action_refused")
    first, second = Run.objects.get(flow=one), Run.objects.get(flow=other)
    assert case.run == second
    assert case.evidence["chain"] == (
        f"{run.flow.name} ({run.item.ref}) → One ({first.item.ref}) → Other ({second.item.ref}) "
        "→ One"
    )


def test_a_flow_that_cannot_be_started_is_said_in_the_draft(
    world: World, flow: FlowVersion
) -> None:
    draft = copy(flow, by=by(world.olga), at=timezone.now(), reason="Try")
    keep_actions(draft, [starts(draft.flow)])
    assert "cannot start itself" in action_faults(draft)[0].message

    other = Flow.objects.create(
        slug="x", name="X", purpose="", outcome="", owner=world.olga, backup=world.bob
    )
    draft.actions.last().delete()  # type: ignore[union-attr]
    keep_actions(draft, [starts(other)])
    assert "not published with the trigger" in action_faults(draft)[0].message
