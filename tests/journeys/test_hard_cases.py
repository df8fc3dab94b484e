"""Faults on the way from a signal to owned work, and the guarantees that hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief, Request
from delivery.requests.operations import requests
from routing.kernel.reasons import Reason
from routing.models import (
    Absence,
    Decision,
    Dispatch,
    ExceptionCase,
    FlowVersion,
    Notification,
    Run,
    RunStep,
    User,
)
from routing.people.actors import Actor
from routing.runs.models import UNHEARD
from routing.runs.operations import runs
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.enrich import MAX_ATTEMPTS, enrich
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.process import MAX_ATTEMPTS as MAX_PROCESS
from routing.runs.operations.process import _postpone, process
from routing.runs.operations.route_runs import route_runs
from routing.runs.operations.runs import WrongValues, fill_in
from routing.runs.registry import Problem
from routing.sla.operations.calendars import ensure_defaults
from routing.work.operations import items
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals
from tests.journeys.test_lead_to_brief import work as finish
from tests.world import NOW, World, by, make_client, make_user

SYSTEM_STEPS = ("enrich", "validate", "decide", "act")


@pytest.fixture
def flow(world: World) -> FlowVersion:
    ensure_defaults(at=NOW)
    return publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )


@pytest.fixture
def crm(world: World, flow: FlowVersion) -> Iterator[FakeCRM]:
    with answering(FakeCRM(world.acme)) as crm:
        yield crm


def begun(deal: str = "901") -> Run:
    capture(signals(deal)[:1], by=Actor.system(), at=NOW)
    process(at=NOW)
    return Run.objects.select_related("item").get(subject_id=deal)


def test_a_run_on_hold_waits_and_goes_on_when_resumed(world: World, crm: FakeCRM) -> None:
    run = begun()
    items.hold([run.item_id], by=by(world.olga), at=NOW, reason="Contract not signed")
    finish()
    held = (Request.objects.count(), Decision.objects.count(), run.steps.get(name="validate").state)

    items.resume([run.item_id], by=by(world.olga), at=NOW)
    finish()

    assert held == (0, 0, "due")
    assert (Request.objects.count(), Decision.objects.count(), Run.objects.get().state) == (
        1,
        1,
        "in_delivery",
    )


def test_an_exception_raised_while_on_hold_can_be_resolved(world: World, crm: FakeCRM) -> None:
    crm.failures = [Problem("duplicate", "Two clients fit.")]
    run = begun()
    items.hold([run.item_id], by=by(world.olga), at=NOW, reason="Wait")
    finish()
    case = ExceptionCase.objects.get()

    items.resume([run.item_id], by=by(world.olga), at=NOW)
    [result] = resolve([case.pk], by=by(world.olga), at=NOW, reason="Merged")
    finish()

    assert result.done
    assert Run.objects.get().state == "in_delivery"


@pytest.mark.parametrize("held", [False, True])
def test_calling_off_a_waiting_run_closes_what_blocked_it(
    world: World, crm: FakeCRM, held: bool
) -> None:
    del crm.facts["deal.amount"]
    run = begun()
    finish()
    if held:
        items.hold([run.item_id], by=by(world.olga), at=NOW, reason="Wait")

    runs.cancel([run.pk], by=by(world.olga), at=NOW, reason="Lost the deal")
    finish(NOW + timedelta(hours=1))

    assert (Run.objects.get().state, ExceptionCase.objects.get().state) == (
        "cancelled",
        "dismissed",
    )
    assert not RunStep.objects.filter(state="due").exists()


def test_what_fails_earlier_the_second_time_stops_there_and_nothing_spins(
    world: World, crm: FakeCRM
) -> None:
    everybody_away(NOW)
    run = begun()
    finish()
    case = ExceptionCase.objects.get(reason="nobody_available")
    Absence.objects.all().delete()
    newest = run.enrichments.latest("id")
    newest.facts.pop("deal.amount")
    newest.save()

    [refused] = resolve([case.pk], by=by(world.olga), at=NOW, reason="They are back")
    # As if it had been let through.
    RunStep.objects.filter(name="decide").update(state="due", due_at=NOW)
    finish()

    assert [refusal.evidence for refusal in refused.refusals] == ["Amount"]
    assert sorted(ExceptionCase.objects.values_list("reason", flat=True)) == [
        "missing_fields",
        "nobody_available",
    ]
    assert not RunStep.objects.filter(state="due").exists()


def everybody_away(at: object) -> None:
    for user in User.objects.staff():
        Absence.objects.create(
            user=user, starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=1)
        )


def test_an_absent_owner_is_passed_over_for_the_backup(world: World, crm: FakeCRM) -> None:
    Absence.objects.create(user=world.olga, starts_at=NOW, ends_at=NOW + timedelta(days=3))
    del crm.facts["deal.amount"]
    begun()
    finish()

    case = ExceptionCase.objects.get()
    assert (case.item.owner, case.item.backup) == (world.bob, world.olga)
    assert Notification.objects.get().recipient == world.bob


def test_a_request_and_its_run_end_together_and_the_next_signal_starts_anew(
    world: World, crm: FakeCRM
) -> None:
    begun()
    finish()
    requests.cancel([Request.objects.get().pk], by=by(world.alice), at=NOW, reason="Lost the deal")
    first = Run.objects.get()
    again = Signal(
        "crm",
        "hubspot.deal.creation",
        "901:again",
        "deal",
        "901",
        NOW,
        {"objectId": "901", "again": True},
    )
    capture([again], by=Actor.system(), at=NOW)
    finish()

    second = Run.objects.latest("id")
    assert (first.state, Brief.objects.earliest("id").state) == ("cancelled", "cancelled")
    assert (second.follows, second.state) == (first, "in_delivery")

    runs.cancel([second.pk], by=by(world.olga), at=NOW, reason="Again")

    assert (
        set(Request.objects.values_list("state", flat=True))
        == set(Brief.objects.values_list("state", flat=True))
        == {"cancelled"}
    )


def test_an_event_dealt_with_meanwhile_is_not_queued_again(world: World, crm: FakeCRM) -> None:
    begun()
    event = Run.objects.get().run_events.get().event

    _postpone(event.pk, "ValueError", NOW)

    assert not Dispatch.objects.exists()


def test_an_event_that_keeps_failing_becomes_an_exception(world: World, crm: FakeCRM) -> None:
    capture(signals()[:1], by=Actor.system(), at=NOW)
    event = Dispatch.objects.get().event_id

    for _ in range(MAX_PROCESS):
        _postpone(event, "ValueError", NOW)

    case = ExceptionCase.objects.get()
    assert Dispatch.objects.get().parked_reason == "ValueError"
    assert (case.reason, case.evidence["event"], case.item.owner) == (
        "failed_step",
        event,
        world.olga,
    )


def test_an_enricher_that_breaks_is_shown_to_a_person_after_a_while(
    world: World, crm: FakeCRM
) -> None:
    crm.failures = [ValueError("unforeseen")] * 50
    begun()
    at = NOW
    for _ in range(MAX_ATTEMPTS + 5):
        at += timedelta(hours=1)
        finish(at)

    assert crm.reads == MAX_ATTEMPTS
    assert ExceptionCase.objects.get().reason == "failed_step"


def test_a_step_whose_workers_die_is_shown_to_a_person_after_a_while(
    world: World, crm: FakeCRM
) -> None:
    run = begun()
    RunStep.objects.filter(run=run, name="enrich").update(
        attempts=MAX_ATTEMPTS, last_error=UNHEARD, lease=MAX_ATTEMPTS
    )

    enrich(clock=lambda: NOW + timedelta(hours=1))

    assert crm.reads == 0
    assert ExceptionCase.objects.get().reason == "failed_step"


def test_two_conflicts_of_one_run_are_one_exception_and_the_rest_of_the_delivery_is_kept(
    world: World, crm: FakeCRM
) -> None:
    capture(signals(), by=Actor.system(), at=NOW)
    finish()
    others = [
        Signal("crm", s.kind, s.dedupe_key, "deal", "901", NOW, {"other": s.dedupe_key})
        for s in signals()[:3]
    ]
    answers = capture([*others, *signals("902")[:1]], by=Actor.system(), at=NOW)
    finish()

    assert [answer.outcome.value for answer in answers] == ["conflict"] * 3 + ["new"]
    assert ExceptionCase.objects.filter(reason=Reason.CONFLICTING_DUPLICATE).count() == 1
    assert Run.objects.filter(subject_id="902").exists()


def test_what_is_known_of_a_restricted_client_is_not_seen_by_others_from_then_on(
    world: World, flow: FlowVersion
) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    eve = make_user("Eve", "account_manager")  # type: ignore[arg-type]
    with answering(FakeCRM(secret)) as crm:
        del crm.facts["deal.amount"]
        run = begun()
        finish()

    case = ExceptionCase.objects.get()
    assert (Run.objects.get().item.client, case.item.client) == (secret, secret)
    with pytest.raises(Run.DoesNotExist):
        fill_in(run.pk, {"deal.amount": "1"}, by=by(eve), at=NOW, reason="")


def test_a_client_one_does_not_see_cannot_be_chosen(world: World, flow: FlowVersion) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    eve = make_user("Eve", "account_manager")  # type: ignore[arg-type]
    capture(
        [Signal("web", "form.submitted", "1", "form", "1", NOW, {"deal.name": "Site"})],
        by=Actor.system(),
        at=NOW,
    )
    finish()

    with pytest.raises(WrongValues):
        fill_in(Run.objects.get().pk, {}, client_id=secret.pk, by=by(eve), at=NOW, reason="")


def test_evidence_holds_no_value_of_a_personal_field(world: World, crm: FakeCRM) -> None:
    crm.facts["contact.email"] = "Carla Client, 0171 123"
    crm.facts["deal.ends"] = "soon"
    begun()
    finish()

    fields = {
        fault["name"]: fault["found"] for fault in ExceptionCase.objects.get().evidence["fields"]
    }
    assert fields == {"contact.email": "", "deal.ends": "soon"}
    assert route_runs(at=NOW) == 0
