"""Inside triggers: what happens to work starts flows, and flows never start themselves by it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest
from django.utils import timezone

from delivery.approvals.operations import deliverables
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.deliverables.operations import versions
from delivery.models import Answer, Brief, Check, Request
from delivery.progress.operations import work_events
from delivery.requests.operations import requests
from routing.flows.operations import publish_shipped
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.models import (
    ExceptionCase,
    Flow,
    FlowField,
    FlowVersion,
    HeldEvent,
    Outcome,
    Rule,
    Run,
    Trigger,
)
from routing.runs.evidence_words import event_name
from routing.runs.operations import outcomes
from routing.runs.operations.advance import advance
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.operations.run_events import EXCEPTION_RESOLVED, OUTCOME_LAPSED, OUTCOME_PROVEN
from routing.runs.operations.switching import switch_off
from routing.runs.operations.work_events import WorkEventKind
from tests.delivery.making import (
    DRAFT,
    done,
    fresh,
    hand_in,
    make_deliverables,
    say,
    take_requests,
    with_the_client,
)
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("T4")]


def flow_on(
    world: World, kind: WorkEventKind, field: str = "", value: str = "", slug: str = "inside"
) -> Flow:
    """Publish a flow that opens a request when this happens to work."""
    take_requests(NOW)
    flow = Flow.objects.create(
        slug=slug,
        name=slug.capitalize(),
        purpose="",
        outcome="",
        owner=world.olga,
        backup=world.bob,
    )
    version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        action="delivery.open_request",
        title="After {work.title}",
        template="Make it.",
    )
    Trigger.objects.create(version=version, kind=kind.kind, field=field, value=value)
    FlowField.objects.create(version=version, name="work.title", label="Title", type="text")
    Rule.objects.create(version=version, position=1, name="Everything", team=world.team)
    publish_shipped(version, by=by(world.olga), at=NOW, reason="")
    return flow


def started() -> Sequence[Run]:
    advance(clock=timezone.now)
    return list(Run.objects.filter(source="work").order_by("pk"))


def facts(run: Run) -> dict[str, object]:
    row = run.enrichments.latest("pk")
    found: dict[str, object] = row.facts
    return found


def test_nothing_is_recorded_while_no_live_flow_waits_for_it(world: World) -> None:
    flow_on(world, work_events.CLIENT_DECIDED)

    make_deliverables(world)

    assert not Event.objects.filter(source="work").exists()


def test_an_approved_brief_starts_a_flow_that_knows_the_work_and_its_client(world: World) -> None:
    flow_on(world, work_events.BRIEF_APPROVED)

    [page] = make_deliverables(world)

    [run] = started()
    brief = page.brief
    assert (run.subject_type, run.subject_id) == ("item", str(brief.item_id))
    assert facts(run) == {
        "work.ref": brief.item.ref,
        "work.title": brief.item.title,
        "work.kind": "Brief",
        "work.state": "Approved",
        "work.owner": "Alice",
        "client.name": world.acme.name,
        "client.code": world.acme.code,
        "approval.by": "Bob",
    }
    request = Request.objects.get(item__run=run)
    assert (request.item.title, request.item.client) == (f"After {brief.item.title}", world.acme)
    assert request.item.owner != request.item.backup
    [part] = run.run_events.all()
    assert event_name(part.event) == "Brief approved"


def test_reviews_of_a_deliverable_each_start_what_waits_for_them(world: World) -> None:
    waits = {
        "qa": (work_events.QA_DECIDED, "decision", "passed"),
        "review": (work_events.INTERNAL_REVIEW_DONE, "format", "page"),
        "client": (work_events.CLIENT_DECIDED, "decision", "approved"),
        "ready": (work_events.ASSET_READY, "client", world.acme.code),
    }
    for slug, (kind, name, value) in waits.items():
        flow_on(world, kind, name, value, slug)
    flow_on(world, work_events.CLIENT_DECIDED, "decision", "rejected", "refused")
    flow_on(world, work_events.QA_DECIDED, "decision", "failed", "failed")
    [page] = make_deliverables(world)

    page = with_the_client(world, page)
    assert [run.flow.slug for run in started()] == ["qa", "review"]
    done([say(page, Answer.Word.APPROVE)])

    runs = started()
    assert [run.flow.slug for run in runs] == ["qa", "review", "ready", "client"]
    assert {run.subject_id for run in runs} == {str(page.item_id)}
    known = facts(runs[3])
    assert (known["answer.decision"], known["answer.by"]) == ("approved", "Carla")


def test_work_that_fails_in_qa_is_told_from_work_that_is_sent_back_later(world: World) -> None:
    flow_on(world, work_events.QA_DECIDED, "decision", "failed")
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    back = partial(deliverables.send_back, by=by(world.alice), at=NOW, reason="A typing error.")

    done(back([page.pk]))
    assert not started()
    Check.objects.create(name="Tone", kind="judgment", position=1)
    hand_in(world, fresh(page), versions.Draft({**DRAFT.texts, "title": "Again"}))
    done(back([page.pk]))

    [run] = started()
    assert (run.subject_id, facts(run)["qa.decision"]) == (str(page.item_id), "failed")


def test_proofs_and_resolved_exceptions_start_flows_too(world: World) -> None:
    for kind, slug in (
        (EXCEPTION_RESOLVED, "case"),
        (OUTCOME_PROVEN, "proven"),
        (OUTCOME_LAPSED, "lapsed"),
    ):
        flow_on(world, kind, slug=slug)
    [page] = make_deliverables(world)
    row = Outcome.objects.create(item=page.item, kind=Outcome.Kind.LIVE, expected_at=NOW)

    assert outcomes.prove(row.pk, {"status": 200}, by=by(world.olga), at=NOW)
    assert outcomes.decay(row.pk, {"status": 404}, by=by(world.olga), at=NOW)
    finding = ExceptionFinding(Reason.ROUNDS_EXCEEDED, {}, page.item)
    case = raise_exception(finding, at=NOW)
    assert case is not None
    done(resolve([case.pk], by=by(case.item.owner), at=NOW, reason="It is back"))  # type: ignore[arg-type]

    runs = started()
    assert [(run.flow.slug, run.subject_id) for run in runs] == [
        ("proven", str(page.item_id)),
        ("lapsed", str(page.item_id)),
        ("case", str(case.item_id)),
    ]
    assert facts(runs[2])["exception.reason"] == Reason.ROUNDS_EXCEEDED


def test_a_flow_that_its_own_work_would_start_again_stops_at_an_exception_with_the_chain(
    world: World,
) -> None:
    flow = flow_on(world, work_events.BRIEF_APPROVED)
    flow_on(world, EXCEPTION_RESOLVED, slug="case")
    make_deliverables(world)
    [run] = started()
    brief = Brief.objects.get(item__run=run)
    plan = [{"key": "one", "title": "Page", "format": "page"}]
    owner, backup = by(run.item.owner), by(run.item.backup)  # type: ignore[arg-type]
    done(requests.triage([brief.request_id], by=owner, at=NOW))
    done(requests.accept([brief.request_id], by=owner, at=NOW))
    edited = EditBriefDetails(body="Good.", planned=plan)
    done(briefs.edit([brief.pk], by=owner, at=NOW, details=edited))
    done(briefs.submit([brief.pk], by=owner, at=NOW))

    done(briefs.approve([brief.pk], by=backup, at=NOW))

    assert started() == [run]
    [case] = ExceptionCase.objects.filter(reason=Reason.ACTION_REFUSED)
    assert case.run == run
    assert case.evidence["chain"] == f"{flow.name} ({run.item.ref}) → {flow.name}"
    assert not Event.objects.filter(dispatch__isnull=False).exists()
    # Its end starts nothing, or a flow that waits for resolved exceptions would never come to rest.
    done(resolve([case.pk], by=by(case.item.owner), at=NOW, reason="Seen"))  # type: ignore[arg-type]
    assert started() == [run]


def test_an_event_of_work_waits_while_its_flow_is_switched_off(world: World) -> None:
    flow = flow_on(world, work_events.BRIEF_APPROVED)
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Holiday")

    make_deliverables(world)

    assert not started()
    [held] = HeldEvent.objects.all()
    assert (held.flow, held.client) == (flow, world.acme)
