"""
A flow that is switched off starts nothing: its events wait, and are released or rejected when it is
switched on.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.utils import timezone

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Request
from delivery.progress.operations.recording import NewRequest, RecordedRequest, record
from routing.flows.operations import copy, publish_shipped
from routing.models import (
    Clock,
    Dispatch,
    Event,
    ExceptionCase,
    Flow,
    HeldEvent,
    Note,
    Notification,
    Run,
    RunEvent,
    SwitchOff,
    Trigger,
)
from routing.people.actors import Actor
from routing.runs.operations.advance import advance, next_size
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.exceptions import dismiss
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.process import process
from routing.runs.operations.release import release_held
from routing.runs.operations.switching import (
    NotSwitched,
    SwitchedOn,
    switch_off,
    switch_on,
    switched_off_for,
)
from routing.runs.trace import trace
from routing.sla.explain_due import explain, words
from routing.sla.operations.calendars import ensure_defaults
from tests.delivery.making import take_requests
from tests.integrations.inbox.senders import make_connection
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("G4", "G10")]

SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(hours=5)
KIND = "form.submitted"
Part, State = RunEvent.Part, HeldEvent.State


@pytest.fixture
def flow(world: World) -> Flow:
    ensure_defaults(at=NOW)
    version = publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    make_connection("form", world)
    return version.flow


def submit(*keys: str, at: datetime = NOW, about: str = "") -> None:
    deal = {"name": "Site", "amount": "9000", "currency": "EUR", "ends": "2027-06-30"}
    company, contact = {"name": "New", "domain": "new.example"}, {"name": "R", "email": "r@n.ex"}
    body = {"type": KIND, "data": {"deal": deal, "company": company, "contact": contact}}
    signals = [Signal("form-main", KIND, key, "form", about or key, at, body) for key in keys]
    capture(signals, by=Actor.system(), at=at)


def work(at: datetime = NOW) -> None:
    advance(clock=lambda: at)


def off(world: World, flow: Flow, at: datetime = NOW) -> SwitchOff:
    return switch_off(flow.pk, by=by(world.olga), at=at, reason="Wrong team")


def on(world: World, flow: Flow, at: datetime = LATER, *, reject: bool = False) -> SwitchedOn:
    return switch_on(flow.pk, by=by(world.olga), at=at, reason="Mended", reject=reject)


def twin(world: World, flow: Flow, slug: str, **trigger: str) -> Flow:
    """Return a flow like another one that forms start too, published."""
    made = Flow.objects.create(
        slug=slug, name=slug, purpose="p", outcome="o", owner=world.olga, backup=world.bob
    )
    draft = copy(flow.versions.get(), by=by(world.olga), at=NOW, reason="A start")
    draft.flow, draft.number = made, 1
    draft.save()
    draft.triggers.all().delete()
    Trigger.objects.create(version=draft, kind=KIND, **trigger)
    publish_shipped(draft, by=by(world.olga), at=NOW, reason="Live")
    return made


def test_events_wait_while_a_flow_is_off_and_start_their_runs_when_it_is_on(
    world: World, flow: Flow
) -> None:
    off(world, flow)
    submit("1", "2")
    work(SOON)

    assert not Run.objects.exists()
    assert not RunEvent.objects.exists()
    assert not Dispatch.objects.exists()
    held = HeldEvent.objects.waiting()
    assert set(held.values_list("flow", "received_at", "state")) == {(flow.pk, NOW, State.HELD)}

    assert on(world, flow) == SwitchedOn(released=2, rejected=0)
    work(LATER)

    assert Run.objects.filter(state=Run.State.IN_DELIVERY).count() == 2
    assert set(HeldEvent.objects.values_list("state", flat=True)) == {State.PROCESSED}
    assert {row.run.subject_id for row in HeldEvent.objects.select_related("run") if row.run} == {
        "1",
        "2",
    }
    assert Dispatch.objects.count() == 0
    assert set(RunEvent.objects.values_list("part", flat=True)) == {Part.STARTED}


def test_clocks_count_from_receipt_and_the_trace_and_the_due_date_say_so(
    world: World, flow: Flow
) -> None:
    off(world, flow)
    submit("1")
    work(SOON)
    on(world, flow)
    work(LATER)

    request = Request.objects.select_related("item__run").get()
    clocks = list(Clock.objects.filter(item__run=request.item.run_id).select_related("item"))
    assert clocks
    assert {clock.started_at for clock in clocks} == {NOW}
    for clock in clocks:
        found = explain(clock, LATER)
        assert found.agrees
        [said] = [line for line in words(found, ZoneInfo("UTC")) if "switched off" in line]
        assert "when the event was received" in said
    run = Run.objects.get()
    [entry] = [each for each in trace(run).entries if each.section == "held"]
    assert entry.at == NOW
    assert entry.title.startswith("Held while the flow was switched off from ")


def test_rejected_events_start_nothing_and_history_says_who_and_why(
    world: World, flow: Flow
) -> None:
    off(world, flow)
    submit("1", "2")
    work(SOON)

    assert on(world, flow, reject=True) == SwitchedOn(released=0, rejected=2)
    work(LATER)

    assert not Run.objects.exists()
    assert set(HeldEvent.objects.values_list("state", flat=True)) == {State.REJECTED}
    for row in HeldEvent.objects.all():
        record = row.history.latest()
        assert (record.history_user, record.history_change_reason) == (world.olga, "Mended")
    told = Event.objects.filter(kind="routing.heldevent.reject")
    assert set(told.values_list("object_id", flat=True)) == set(
        HeldEvent.objects.values_list("pk", flat=True)
    )
    assert SwitchOff.objects.get().rejects


def test_an_event_joins_an_open_run_of_a_flow_that_is_off(world: World, flow: Flow) -> None:
    submit("1")
    work()
    off(world, flow)
    submit("1b", about="1")
    work(SOON)

    assert not HeldEvent.objects.exists()
    assert RunEvent.objects.get(event__dedupe_key="1b").part == Part.JOINED


def test_two_held_events_about_one_subject_are_one_run(world: World, flow: Flow) -> None:
    off(world, flow)
    submit("1")
    submit("1b", about="1", at=SOON)
    work(SOON)
    on(world, flow)
    work(LATER)

    run = Run.objects.get()
    assert list(run.run_events.order_by("event_id").values_list("part", flat=True)) == [
        Part.STARTED,
        Part.JOINED,
    ]
    assert set(HeldEvent.objects.values_list("run", flat=True)) == {run.pk}
    assert {clock.started_at for clock in Clock.objects.filter(item__run=run)} == {NOW}


def test_a_special_flow_that_is_off_keeps_its_events_from_the_general_flow(
    world: World, flow: Flow
) -> None:
    special = twin(world, flow, "special", field="type", value=KIND)
    off(world, special)
    submit("1")
    work(SOON)

    assert HeldEvent.objects.get().flow == special
    assert not Run.objects.exists()
    on(world, special)
    work(LATER)
    assert Run.objects.get().flow == special


def test_an_event_of_two_flows_starts_the_one_and_waits_for_the_other(
    world: World, flow: Flow
) -> None:
    other = twin(world, flow, "other")
    off(world, other)
    submit("1")
    work(SOON)

    assert Run.objects.get().flow == flow
    on(world, other)
    work(LATER)

    assert sorted(Run.objects.values_list("flow__slug", flat=True)) == [flow.slug, "other"]
    assert RunEvent.objects.filter(part=Part.STARTED).count() == RunEvent.objects.count() == 2


def test_a_flow_that_is_off_again_before_the_release_ended_holds_what_is_left(
    world: World, flow: Flow
) -> None:
    off(world, flow)
    submit("1", "2", "3")
    work(SOON)
    on(world, flow)
    assert release_held(at=LATER, limit=2) == 2
    second = off(world, flow, LATER)
    work(LATER)

    assert not Run.objects.exists()
    assert HeldEvent.objects.waiting().count() == 3
    assert set(HeldEvent.objects.values_list("received_at", flat=True)) == {NOW}
    assert HeldEvent.objects.filter(switch_off=second).count() == 2
    assert on(world, flow, LATER) == SwitchedOn(released=3, rejected=0)
    work(LATER)
    assert Run.objects.count() == 3


def test_a_release_is_in_order_of_receipt_and_can_be_cut_off_and_repeated(
    world: World, flow: Flow
) -> None:
    off(world, flow)
    for number in range(4):
        submit(str(number), at=NOW + timedelta(seconds=number))
    work(SOON)
    on(world, flow)

    order: list[str] = []
    while release_held(at=LATER, limit=1):
        process(at=LATER)
        order.append(Run.objects.latest("pk").subject_id)

    assert order == ["0", "1", "2", "3"]
    assert release_held(at=LATER) == 0
    assert Run.objects.count() == 4


def test_who_may_publish_may_switch_and_nobody_else(world: World, flow: Flow) -> None:
    for person in (world.alice, world.ivan, world.audrey):
        with pytest.raises(PermissionDenied):
            switch_off(flow.pk, by=by(person), at=NOW, reason="No")
    off(world, flow)
    with pytest.raises(NotSwitched, match="Olga already switched this flow off on"):
        off(world, flow)
    with pytest.raises(PermissionDenied):
        switch_on(flow.pk, by=by(world.alice), at=NOW, reason="No")
    on(world, flow)
    with pytest.raises(NotSwitched, match="switched on already"):
        on(world, flow)


def test_owner_and_backup_are_told_and_only_switching_it_on_ends_the_exception(
    world: World, flow: Flow
) -> None:
    off(world, flow)

    case = ExceptionCase.objects.select_related("item").get()
    assert (case.reason, case.item.owner, case.item.backup) == ("flow_off", world.olga, world.bob)
    assert set(Notification.objects.values_list("recipient", "words")) == {
        (world.olga.pk, "exception"),
        (world.bob.pk, "backs_up"),
    }
    [refused] = dismiss([case.pk], by=by(world.olga), at=SOON, reason="Enough")
    assert not refused.done
    assert own_failures(at=SOON) == 0

    switch_on(flow.pk, by=by(world.olga), at=LATER, reason="Mended")
    case = ExceptionCase.objects.get()
    assert case.state == ExceptionCase.State.RESOLVED
    assert Notification.objects.filter(recipient=world.bob, words="resolved").count() == 1


def test_the_timebox_of_the_exception_runs_once_an_event_waits(world: World, flow: Flow) -> None:
    off(world, flow)
    case = ExceptionCase.objects.get()
    assert not Clock.objects.filter(item=case.item_id).exists()

    submit("1", at=SOON)
    work(SOON)
    submit("2", at=LATER)
    work(LATER)

    clock = Clock.objects.get(item=case.item_id)
    assert clock.started_at == SOON


def recorded(world: World, *, at: datetime = SOON) -> RecordedRequest:
    call = NewRequest(world.acme, "A film", evidence="She rang.", channel=Request.Channel.PHONE)
    return record(call, by=by(world.alice), at=at, token="form")


def test_a_request_recorded_by_hand_waits_and_its_clocks_count_from_receipt(world: World) -> None:
    take_requests(NOW)
    flow = Flow.objects.get(slug="recorded-request")
    off(world, flow)

    made, again = recorded(world), recorded(world, at=LATER)

    held = HeldEvent.objects.get()
    assert made.held == again.held == held
    assert (made.started, made.request, Run.objects.count()) == (None, None, 0)
    assert (held.client, held.received_at) == (world.acme, SOON)
    assert [each.flow for each in switched_off_for(by(world.alice))] == [flow]

    assert on(world, flow).released == 1
    work(LATER)

    request = Request.objects.select_related("item__owner").get()
    assert request.item.title == "A film"
    assert Clock.objects.filter(item=request.item).earliest("pk").started_at == SOON
    note = Note.objects.get(item=request.item)
    assert (note.author, "She rang." in note.body) == (world.alice, True)
    assert recorded(world, at=LATER).request == request
    assert not switched_off_for(by(world.alice))


def test_whoever_recorded_a_request_learns_that_it_was_rejected(world: World) -> None:
    take_requests(NOW)
    flow = Flow.objects.get(slug="recorded-request")
    off(world, flow)
    recorded(world)

    assert on(world, flow, reject=True).rejected == 1
    work(LATER)

    told = Notification.objects.get(words="not_taken_in")
    assert (told.recipient, told.item) == (world.alice, ExceptionCase.objects.get().item)
    assert not Request.objects.exists()
    assert recorded(world, at=LATER).held is not None


def test_the_command_switches_and_answers_in_json(world: World, flow: Flow) -> None:
    def run(action: str, *more: str, code: int = 0) -> dict[str, Any]:
        out = StringIO()
        args = (flow.slug, "--as", world.olga.email, "--yes", "--json", "--reason", "Why", *more)
        if code:
            with pytest.raises(CommandError) as caught:
                call_command("flow", action, *args, stdout=out)
            assert caught.value.returncode == code
        else:
            call_command("flow", action, *args, stdout=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    assert run("switch-off")["done"] is True
    refused = run("switch-off", code=1)
    assert [each["code"] for each in refused["refusals"]] == ["already_off"]
    submit("1", at=timezone.now())
    work(timezone.now())
    first = run("switch-on")
    assert (first["released"], first["rejected"]) == (1, 0)
    work(timezone.now())
    assert Run.objects.count() == 1
    run("switch-off")
    submit("2", at=timezone.now())
    work(timezone.now())
    second = run("switch-on", "--reject")
    assert (second["released"], second["rejected"]) == (0, 1)
    refused = run("switch-on", code=1)
    assert [each["code"] for each in refused["refusals"]] == ["already_on"]


def test_a_slow_machine_releases_fewer_events_at_a_time_and_a_quick_one_more() -> None:
    quick, slow = timedelta(seconds=0.1), timedelta(seconds=2)
    sizes = [50]
    for took in (quick, quick, quick, *[slow] * 4, quick):
        sizes.append(next_size(sizes[-1], took))

    assert sizes == [50, 100, 150, 150, 75, 37, 20, 20, 40]
