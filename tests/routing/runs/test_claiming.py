"""Events that no flow took are listed with an owner, claimed for a flow, and replayed once."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied

from delivery.flows import lead_to_brief
from routing.flows.approving import freeze
from routing.flows.operations import copy
from routing.models import Clock, Dispatch, EventClaim, Flow, FlowVersion, HeldEvent, Run, RunEvent
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.claiming import (
    NotClaimed,
    ReplayedEvents,
    ReplayNumbers,
    claim_events,
    replay_events,
    replayed_of,
)
from routing.runs.operations.switching import switch_off, switch_on
from routing.runs.trace import trace
from routing.runs.unclaimed import unclaimed_kinds
from routing.sla.explain_due import explain, words
from tests.desk import signed_in, url
from tests.desk import words as said_by
from tests.integrations.inbox.senders import make_connection
from tests.routing.runs.stories import usual_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T6", "G4"),
]

KIND = "form.submitted"
LATER = NOW + timedelta(hours=5)
Part = RunEvent.Part


@pytest.fixture
def flow(world: World, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A live flow that takes deals and no forms, and a form whose connection has an owner."""
    form = make_connection("form", world)
    form.health_owner, form.health_backup = world.ivan, world.olga
    form.save()
    monkeypatch.setattr(lead_to_brief, "TRIGGERS", (("hubspot.deal.creation", "", ""),))
    return usual_flow(world).flow


def submit(*keys: str, at: datetime = NOW, size: str = "small") -> None:
    deal = {"name": "Site", "amount": "9000", "currency": "EUR", "ends": "2027-06-30"}
    company, contact = {"name": "New", "domain": "new.example"}, {"name": "R", "email": "r@n.ex"}
    data = {"deal": deal, "company": company, "contact": contact}
    body = {"type": KIND, "size": size, "data": data}
    signals = [Signal("form-main", KIND, key, "form", key, at, body) for key in keys]
    capture(signals, by=Actor.system(), at=at)


def work(at: datetime = NOW) -> None:
    advance(clock=lambda: at)


def claimed(world: World, flow: Flow) -> EventClaim:
    return claim_events(KIND, flow, by=by(world.olga), at=NOW, reason="They are leads")


def live(world: World, claim: EventClaim) -> FlowVersion:
    return freeze(claim.version, by=by(world.olga), at=NOW, reason="Ready")


def test_unclaimed_events_have_a_count_an_age_and_the_health_owner(
    world: World, flow: Flow
) -> None:
    submit("1", at=NOW - timedelta(days=2))
    work(NOW - timedelta(days=2))
    submit("2")
    work()

    [found] = unclaimed_kinds(NOW)

    assert (found.kind, found.count) == (KIND, 2)
    assert found.since == NOW - timedelta(days=2)
    assert found.owners == (world.ivan,)


def test_a_claim_opens_a_draft_with_the_trigger_and_changes_nothing_else(
    world: World, flow: Flow
) -> None:
    submit("1")
    work()

    claim = claimed(world, flow)

    kinds = set(claim.version.triggers.values_list("kind", "field"))
    assert kinds == {("hubspot.deal.creation", ""), (KIND, "")}
    assert claim.version.published_at is None
    assert claim.version.copied_from == flow.versions.get(number=1)
    with pytest.raises(NotClaimed, match="Publish a version"):
        replay_events(claim, by=by(world.olga), at=NOW)
    assert not HeldEvent.objects.exists()
    with pytest.raises(PermissionDenied):
        claim_events(KIND, flow, by=by(world.alice), at=NOW, reason="Mine")
    with pytest.raises(NotClaimed, match="cannot be claimed"):
        claim_events("no.such.kind", flow, by=by(world.olga), at=NOW, reason="Mine")


def test_replayed_events_are_one_run_each_and_nothing_starts_twice(
    world: World, flow: Flow
) -> None:
    submit("1", "2")
    work()
    claim = claimed(world, flow)
    live(world, claim)

    assert replay_events(claim, by=by(world.olga), at=LATER) == ReplayNumbers(queued=2)
    assert replay_events(claim, by=by(world.olga), at=LATER) == ReplayNumbers(queued=0)
    work(LATER)
    assert replay_events(claim, by=by(world.olga), at=LATER) == ReplayNumbers(queued=0)
    work(LATER)

    assert sorted(Run.objects.values_list("subject_id", flat=True)) == ["1", "2"]
    parts = sorted(RunEvent.objects.values_list("part", flat=True))
    assert parts == [Part.STARTED, Part.STARTED, Part.UNCLAIMED, Part.UNCLAIMED]
    assert replayed_of(claim) == ReplayedEvents(0, started=2, joined=0, rejected=0, nothing=0)
    assert unclaimed_kinds(LATER) == []
    assert not Dispatch.objects.exists()
    with pytest.raises(NotClaimed, match="takes every"):
        claimed(world, flow)


def test_clocks_count_from_receipt_and_the_trace_names_who_claimed_it(
    world: World, flow: Flow
) -> None:
    submit("1")
    work()
    claim = claimed(world, flow)
    live(world, claim)
    replay_events(claim, by=by(world.olga), at=LATER)
    work(LATER)

    run = Run.objects.get()
    clocks = list(Clock.objects.filter(item__run=run.pk).select_related("item"))
    assert {clock.started_at for clock in clocks} == {NOW}
    lines = words(explain(clocks[0], LATER), ZoneInfo("UTC"))
    [said] = [line for line in lines if "No flow took" in line]
    assert "when the event was received" in said
    [entry] = [entry for entry in trace(run).entries if entry.section == "held"]
    assert "No flow took it until Olga claimed it for “Lead to brief”" in entry.title


def test_events_that_do_not_match_the_trigger_stay_unclaimed(world: World, flow: Flow) -> None:
    submit("1")
    submit("2", size="large")
    work()
    claim = claimed(world, flow)
    claim.version.triggers.filter(kind=KIND).update(field="size", value="large")
    live(world, claim)

    assert replay_events(claim, by=by(world.olga), at=LATER) == ReplayNumbers(queued=1, unmatched=1)
    work(LATER)

    assert [run.subject_id for run in Run.objects.all()] == ["2"]
    assert [found.count for found in unclaimed_kinds(LATER)] == [1]


def test_a_claimed_event_starts_no_other_flow_that_takes_its_kind_by_now(
    world: World, flow: Flow
) -> None:
    submit("1")
    work()
    claim = claimed(world, flow)
    live(world, claim)
    # By its value it would come first.
    other = Flow.objects.create(
        slug="o", name="Other", purpose="p", outcome="o", owner=world.olga, backup=world.bob
    )
    draft = copy(claim.version, by=by(world.olga), at=NOW, reason="A start")
    draft.flow, draft.number = other, 1
    draft.save()
    draft.triggers.filter(kind=KIND).update(field="size", value="small")
    freeze(draft, by=by(world.olga), at=NOW, reason="Ready")

    replay_events(claim, by=by(world.olga), at=LATER)
    work(LATER)

    assert [run.flow for run in Run.objects.all()] == [flow]


def test_replayed_events_wait_while_the_flow_is_switched_off(world: World, flow: Flow) -> None:
    submit("1")
    work()
    claim = claimed(world, flow)
    live(world, claim)
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Wrong team")

    replay_events(claim, by=by(world.olga), at=LATER)
    work(LATER)
    assert not Run.objects.exists()
    assert replayed_of(claim).waiting == 1
    switch_on(flow.pk, by=by(world.olga), at=LATER, reason="Mended")
    work(LATER)

    assert Run.objects.count() == 1


def test_a_lead_claims_and_replays_by_the_page_of_the_kind(world: World, flow: Flow) -> None:
    submit("1")
    work()
    browser, page = signed_in(world.olga), url(Flow, "event_kind", KIND)
    listed = said_by(browser.get(url(Flow, "events")))
    assert "Form submitted (Website) 1 now Ivan –" in listed
    assert "No flow took 1 event." in said_by(browser.get(page))

    step = url(Flow, "claim", KIND)
    assert "Enter a reason." in said_by(browser.post(step, {"flow": flow.pk, "reason": ""}))
    done = browser.post(step, {"flow": flow.pk, "reason": "They are leads"}, follow=True)
    assert "with the trigger. Publish it, then replay." in said_by(done)
    claim = EventClaim.objects.get()
    assert "Nothing takes these events yet. Publish the draft:" in said_by(browser.get(page))
    replay = url(Flow, "replay", KIND, claim.pk)
    assert browser.post(replay).status_code == 409
    live(world, claim)

    assert "Replay 1 event…" in said_by(browser.get(page))
    assert "1 event goes to “Lead to brief”" in said_by(browser.get(replay))
    assert "1 event is replayed now." in said_by(browser.post(replay, follow=True))
    work(LATER)
    shown = said_by(browser.get(page))
    assert "1 run started" in shown
    assert "No event of this kind is unclaimed." in shown
    assert signed_in(world.alice).get(step).status_code == 403
