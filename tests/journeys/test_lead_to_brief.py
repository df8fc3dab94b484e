"""
From a signal to owned work: one run, one request, one brief, one message, whatever the CRM repeats.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.checks.kinds.catalogue import BRIEF_KINDS
from delivery.flows.defaults import ensure_checks
from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief, BriefCheckResult, Request
from routing.audit.operations.erasure import erase
from routing.flows.operations import copy, publish
from routing.models import (
    Clock,
    Decision,
    Enrichment,
    Event,
    ExceptionCase,
    FlowVersion,
    Membership,
    Notification,
    Outcome,
    Payload,
    Run,
    RunEvent,
    RunStep,
    Team,
)
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Capture, Signal, capture
from routing.runs.operations.enrich import enrich
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.outcomes import expect, prove
from routing.runs.operations.process import process
from routing.runs.operations.route_runs import route_runs
from routing.runs.operations.runs import WrongValues, fill_in
from routing.runs.recompute import recompute_decision
from routing.runs.registry import Problem, Retry
from routing.sla.operations.calendars import ensure_defaults
from tests.journeys.crm import FakeCRM, answering
from tests.world import NOW, World, by, make_contact

PROPERTIES = ("amount", "dealname", "closedate", "deal_currency_code", "dealstage")


def signals(deal: str = "901") -> list[Signal]:
    """One creation and five property changes, as a CRM sends for a new deal."""
    created = Signal(
        "crm", "hubspot.deal.creation", f"{deal}:creation", "deal", deal, NOW, {"objectId": deal}
    )
    changed = [
        Signal(
            "crm",
            "hubspot.deal.propertyChange",
            f"{deal}:{name}",
            "deal",
            deal,
            NOW + timedelta(milliseconds=n),
            {"propertyName": name},
        )
        for n, name in enumerate(PROPERTIES)
    ]
    return [created, *changed]


def work(at: datetime = NOW) -> None:
    """Work like a worker until nothing is due at ``at``."""
    advance(clock=lambda: at)


@pytest.fixture
def flow(world: World) -> FlowVersion:
    ensure_defaults(at=NOW)
    south = Team.objects.create(name="South", lead=world.bob)
    return publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=south,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )


@pytest.fixture
def crm(world: World, flow: FlowVersion) -> Iterator[FakeCRM]:
    with answering(FakeCRM(world.acme)) as crm:
        yield crm


@pytest.mark.requirement(
    "R2", "T1", "T2", "T3", "T6", "T10", "T11", "T12", "T13", "T20", "T21", "U1"
)
def test_a_new_deal_becomes_one_owned_request_with_its_brief(world: World, crm: FakeCRM) -> None:
    capture(signals(), by=Actor.system(), at=NOW)

    work()

    run, request, brief = Run.objects.get(), Request.objects.get(), Brief.objects.get()
    known = run.enrichments.latest("id")
    assert (known.facts["deal.amount"], known.sources["deal.amount"]) == ("12000", "crm")
    assert Event.objects.filter(kind="routing.run.route", item=run.item).count() == 1
    assert (run.state, run.item.title) == (Run.State.IN_DELIVERY, "Lead to brief: Spring campaign")
    assert (request.item.owner, request.item.backup, request.item.client) == (
        world.alice,
        world.bob,
        world.acme,
    )
    assert (request.item.run, request.item.parent, request.item.title) == (
        run,
        run.item,
        "Spring campaign",
    )
    assert (brief.request, brief.item.parent, brief.number) == (request, request.item, 1)
    assert "12000 EUR" in brief.body
    assert "carla" not in brief.body.lower()  # a brief is kept in history, which is never rewritten
    assert {step.name: step.state for step in run.steps.all()} == dict.fromkeys(
        ["capture", "enrich", "validate", "decide", "act"], "done"
    )
    assert [(n.recipient, n.item_id) for n in Notification.objects.all()] == [
        (world.alice, request.item_id)
    ]
    assert Clock.objects.filter(item=request.item).exists()


@pytest.mark.requirement("T13", "T21")
def test_the_brief_of_a_new_deal_is_checked_before_anybody_opens_it(
    world: World, crm: FakeCRM
) -> None:
    ensure_checks(at=NOW)
    Membership.objects.create(client=world.acme, contact=make_contact(), role="requester")

    for deal in ("901", "902"):
        capture(signals(deal), by=Actor.system(), at=NOW)
        work()

    first, second = Brief.objects.order_by("pk")
    results = BriefCheckResult.objects.select_related("check_row")
    assert set(results.filter(brief=first).values_list("check_row__kind", "passed")) == {
        (kind, True) for kind in BRIEF_KINDS
    }
    # Both deals have the same name.
    [twin] = results.filter(brief=second, passed=False)
    assert (twin.check_row.kind, twin.findings[0]["evidence"]) == (
        "brief_duplicates",
        first.item.ref,
    )
    [told] = Notification.objects.filter(words="checks")
    assert (told.recipient, told.item) == (world.alice, second.item)
    out = StringIO()
    call_command("trace", second.item.ref, "--json", stdout=out)
    assert json.dumps("Duplicates of a brief") + ": " + json.dumps("failed") in out.getvalue()


def test_routing_many_runs_at_once_asks_the_database_no_more_often_than_for_a_few(
    world: World, crm: FakeCRM
) -> None:
    asked = {}
    for many, deals in {1: ["800"], 2: ["901", "902"], 6: [str(950 + n) for n in range(6)]}.items():
        for deal in deals:
            capture(signals(deal), by=Actor.system(), at=NOW)
        process(at=NOW)
        enrich(clock=lambda: NOW)
        with CaptureQueriesContext(connection) as queries:
            assert route_runs(at=NOW) == many
        asked[many] = len(queries)
        # One for ``begin``. What is routed is locked and loaded once, for deciding too.
        assert sum("RECURSIVE found" in each["sql"] for each in queries) == 1

    assert Request.objects.count() == 9
    assert asked[6] == asked[2]


@pytest.mark.parametrize(
    "order", list(itertools.islice(itertools.permutations(range(6)), 0, 720, 97))
)
def test_any_order_and_any_split_makes_one_of_each(
    world: World, crm: FakeCRM, order: tuple[int, ...]
) -> None:
    sent = signals()
    for place in order:
        capture([sent[place], sent[0]], by=Actor.system(), at=NOW)
        process(at=NOW)
    work()

    assert (
        Run.objects.count(),
        Request.objects.count(),
        Brief.objects.count(),
        Notification.objects.count(),
    ) == (1, 1, 1, 1)


def test_repeats_change_nothing_and_another_body_is_a_conflict(world: World, crm: FakeCRM) -> None:
    first = capture(signals(), by=Actor.system(), at=NOW)
    again = capture(signals(), by=Actor.system(), at=NOW)
    other = Signal(
        "crm", "hubspot.deal.creation", "901:creation", "deal", "901", NOW, {"objectId": "else"}
    )
    [conflict] = capture([other], by=Actor.system(), at=NOW)
    work()

    assert {each.outcome for each in first} == {Capture.NEW}
    assert [(each.event_id, each.outcome) for each in again] == [
        (each.event_id, Capture.REPEATED) for each in first
    ]
    assert conflict.outcome is Capture.CONFLICT
    assert Run.objects.count() == 1


def test_another_body_under_the_same_key_is_one_exception_that_blocks_nothing(
    world: World, crm: FakeCRM
) -> None:
    other = Signal(
        "crm", "hubspot.deal.creation", "901:creation", "deal", "901", NOW, {"objectId": "else"}
    )
    capture(signals(), by=Actor.system(), at=NOW)
    capture([other], by=Actor.system(), at=NOW)
    capture([other, other], by=Actor.system(), at=NOW)
    work()

    case, event = ExceptionCase.objects.get(), Event.objects.get(kind="hubspot.deal.creation")
    assert (case.reason, case.blocking, case.item.owner) == (
        "conflicting_duplicate",
        False,
        world.olga,
    )
    assert case.evidence["event"] == event.pk
    assert event.payload.body == {"objectId": "901"}
    assert Run.objects.get().state == "in_delivery"


def test_later_events_refresh_what_is_known_and_bring_no_new_work(
    world: World, crm: FakeCRM
) -> None:
    capture(signals()[:1], by=Actor.system(), at=NOW)
    work()
    crm.facts["deal.amount"] = "13000"

    capture(signals(), by=Actor.system(), at=NOW)
    work(NOW + timedelta(seconds=10))
    work(NOW + timedelta(seconds=20))

    run = Run.objects.get()
    assert run.enrichments.latest("id").facts["deal.amount"] == "13000"
    assert RunEvent.objects.filter(run=run, part="joined").count() == 5
    assert (Request.objects.count(), Decision.objects.count(), crm.reads) == (1, 1, 2)


def test_an_event_that_nothing_claims_is_kept_as_unclaimed(world: World, crm: FakeCRM) -> None:
    capture(signals()[1:2], by=Actor.system(), at=NOW)

    work()

    assert not Run.objects.exists()
    assert [(part.part, part.run) for part in RunEvent.objects.all()] == [("unclaimed", None)]


def test_our_own_write_coming_back_starts_nothing(world: World, crm: FakeCRM) -> None:
    capture(
        [Signal("crm", "hubspot.echo", "901:echo", "deal", "901", NOW, {})],
        by=Actor.system(),
        at=NOW,
    )

    work()

    assert [(part.part, part.run) for part in RunEvent.objects.all()] == [("echo", None)]


@pytest.mark.requirement("E3", "E4", "E5", "E10", "E12", "Q2", "R4", "T5", "T15", "T16")
def test_what_is_missing_stops_the_run_until_a_person_fills_it_in(
    world: World, crm: FakeCRM
) -> None:
    del crm.facts["deal.amount"]
    crm.facts["deal.ends"] = "soon"
    capture(signals(), by=Actor.system(), at=NOW)
    work()

    run, case = Run.objects.get(), ExceptionCase.objects.get()
    assert (run.state, case.reason, case.step, case.item.owner) == (
        "waiting",
        "missing_fields",
        "validate",
        world.olga,
    )
    assert [(fault["name"], fault["problem"]) for fault in case.evidence["fields"]] == [
        ("deal.amount", "missing"),
        ("deal.ends", "type"),
    ]
    assert Notification.objects.get().recipient == world.olga

    [refused] = resolve([case.pk], by=by(world.olga), at=NOW, reason="I think it is fine")
    assert [(refusal.code, refusal.evidence) for refusal in refused.refusals] == [
        ("still_failing", "Amount, Ends")
    ]

    assert (
        fill_in(run.pk, {"deal.amount": "9000"}, by=by(world.olga), at=NOW, reason="Asked by phone")
        == []
    )
    [done] = fill_in(
        run.pk, {"deal.ends": "2027-03-31"}, by=by(world.olga), at=NOW, reason="Asked by phone"
    )
    work()

    run = Run.objects.get()
    assert done.done
    assert run.state == "in_delivery"
    assert run.enrichments.latest("id").by == world.olga
    assert "9000 EUR" in Brief.objects.get().body
    assert (ExceptionCase.objects.get().state, Request.objects.count()) == ("resolved", 1)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [({"deal.amount": "a lot"}, "deal.amount"), ({"deal.colour": "red"}, "deal.colour")],
)
def test_filling_in_what_does_not_fit_keeps_nothing(
    world: World, crm: FakeCRM, values: dict[str, str], wrong: str
) -> None:
    del crm.facts["deal.amount"]
    capture(signals(), by=Actor.system(), at=NOW)
    work()
    run = Run.objects.get()

    with pytest.raises(WrongValues) as refusal:
        fill_in(run.pk, values, by=by(world.olga), at=NOW, reason="")

    assert list(refusal.value.faults) == [wrong]
    assert run.enrichments.count() == 1


@pytest.mark.requirement("E14", "N3")
def test_a_system_that_is_away_is_asked_again_later_and_honours_retry_after(
    world: World, crm: FakeCRM
) -> None:
    crm.failures = [Retry("429 Too Many Requests", after_s=30)]
    capture(signals(), by=Actor.system(), at=NOW)
    work()
    step = RunStep.objects.get(name="enrich")

    work(NOW + timedelta(seconds=29))
    early = crm.reads
    work(NOW + timedelta(seconds=31))

    assert (step.state, step.last_error) == ("due", "429 Too Many Requests")
    assert step.due_at >= NOW + timedelta(seconds=30)
    assert (early, crm.reads) == (1, 2)
    assert Request.objects.count() == 1


@pytest.mark.requirement("N10")
def test_a_problem_stops_the_step_and_resolving_runs_that_step_again(
    world: World, crm: FakeCRM
) -> None:
    crm.failures = [Problem("duplicate", "Two clients fit.", {"clients": [1, 2]})]
    capture(signals(), by=Actor.system(), at=NOW)
    work()

    case = ExceptionCase.objects.get()
    assert (case.reason, case.step, case.evidence["clients"]) == ("duplicate", "enrich", [1, 2])

    resolve([case.pk], by=by(world.olga), at=NOW, reason="Merged in the CRM")
    work()

    assert (Run.objects.get().state, crm.reads) == ("in_delivery", 2)


def test_a_decision_is_recomputed_from_its_own_record_byte_for_byte(
    world: World, crm: FakeCRM
) -> None:
    capture(signals(), by=Actor.system(), at=NOW)
    work()
    decision = Decision.objects.get()

    again = recompute_decision(decision)
    decision.asked = decision.asked.replace('"12000"', '"99000"')

    assert again.same
    assert not recompute_decision(decision).same
    assert "carla" not in (decision.asked + decision.answer).lower()


def test_runs_keep_their_version_when_the_flow_changes(
    world: World, crm: FakeCRM, flow: FlowVersion
) -> None:
    capture(signals("1"), by=Actor.system(), at=NOW)
    process(at=NOW)
    draft = copy(flow, by=by(world.olga), at=NOW, reason="New title")
    FlowVersion.objects.filter(pk=draft.pk).update(title="New: {deal.name}")
    publish(FlowVersion.objects.get(pk=draft.pk), by=by(world.olga), at=NOW, reason="New title")
    capture(signals("2"), by=Actor.system(), at=NOW)
    work()

    old, new = Run.objects.order_by("pk")
    assert [run.version.number for run in (old, new)] == [1, 2]
    assert sorted(Request.objects.values_list("item__title", flat=True)) == [
        "New: Spring campaign",
        "Spring campaign",
    ]


@pytest.mark.requirement("R6", "R7", "R16", "R17", "T6", "T10")
def test_the_commands_tell_the_story_and_recompute_the_decision(world: World, crm: FakeCRM) -> None:
    del crm.facts["deal.amount"]
    capture(signals(), by=Actor.system(), at=NOW)
    work()
    run, out = Run.objects.get(), StringIO()
    fill_in(run.pk, {"deal.amount": "9000"}, by=by(world.olga), at=NOW, reason="Asked by phone")
    work()
    expect([Request.objects.get().item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    prove(Outcome.objects.get().pk, {"url": "https://acme.test/"}, by=Actor.system(), at=NOW)

    call_command("trace", run.item.ref, "--json", stdout=out)
    story = json.loads(out.getvalue())
    out = StringIO()
    call_command("trace", Request.objects.get().item.ref, stdout=out)
    text = out.getvalue()
    out = StringIO()
    call_command("decide", run.item.ref, "--again", stdout=out)

    assert (story["owner"], story["client"], story["flow"]) == (
        "Alice",
        "ACM Ltd",
        "lead-to-brief v1",
    )
    assert {entry["section"] for entry in story["entries"]} >= {
        "event",
        "step",
        "enrichment",
        "decision",
        "exception",
        "outcome",
    }
    assert "Everything else" in text
    assert "Required information missing (Resolved)" in text
    assert "Live as approved: Proven" in text
    assert "{" not in text
    assert run.item.ref in text
    assert "identical, byte for byte" in out.getvalue()
    with pytest.raises(CommandError, match="Nothing is known as NO-1"):
        call_command("trace", "NO-1")


def test_erasing_a_contact_reaches_what_runs_knew_and_what_was_sent(
    world: World, crm: FakeCRM
) -> None:
    contact = make_contact()
    sent = Signal(
        "crm",
        "hubspot.deal.creation",
        "901:creation",
        "deal",
        "901",
        NOW,
        {"objectId": "901", "by": "Carla@ACME.test"},
    )
    capture([sent], by=Actor.system(), at=NOW)
    work()

    erase(contact.pk, by=by(world.olga), at=NOW, reason="Asked to be forgotten")

    kept = f"{list(Enrichment.objects.values())} {list(Payload.objects.values())} {list(Brief.history.values())}".lower()  # noqa: E501
    assert "carla" not in kept
    assert "12000" in kept
    assert recompute_decision(Decision.objects.get()).same
