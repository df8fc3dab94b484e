"""Proofs that versions of flows ask of their runs: the SLA was met, an invoice was sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from delivery.models import Request
from delivery.requests.operations import requests
from routing.flows.files.difference import differences
from routing.flows.files.shape import flow_shape
from routing.flows.files.stored import content_of
from routing.flows.operations import copy
from routing.messages.models import Notification
from routing.models import (
    Clock,
    ExceptionCase,
    FlowVersion,
    Outcome,
    Run,
    SLAPolicy,
    Trigger,
    VersionProof,
)
from routing.people.actors import Actor
from routing.runs.details import MigrateDetails
from routing.runs.operations import outcomes, runs
from routing.runs.operations.migrating import migrate
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.proofs import INVOICE_TIMEBOX, miss_invoices
from routing.runs.operations.sla_proof import AGAIN, judge_slas
from routing.runs.trace import trace
from routing.work.door import carry
from tests.delivery.making import done
from tests.desk import filled, signed_in, url, words
from tests.flows import publish_by_two
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M1", "M17", "R5"),
]
Kind = VersionProof.Kind


@pytest.fixture
def flow(world: World) -> Iterator[FlowVersion]:
    with crm_of(world):
        yield make_flow(world)


def with_proofs(world: World, flow: FlowVersion, *proofs: VersionProof) -> FlowVersion:
    """Publish a version of the flow that asks for these proofs."""
    now = timezone.now()
    draft = copy(flow, by=by(world.olga), at=now, reason="More proofs")
    for proof in proofs:
        proof.version = draft
        proof.save()
    return publish_by_two(draft, world.olga, world.bob, at=now)


def sla() -> VersionProof:
    return VersionProof(kind=Kind.SLA_MET)


def invoice(field: str = "", *values: str) -> VersionProof:
    return VersionProof(kind=Kind.INVOICE_SENT, field=field, values=list(values))


def delivered(run: Run) -> Run:
    """Bring the run where its work is done, with its clocks stopped as met."""
    now = timezone.now()
    request = Request.objects.get(item__run=run)
    done(requests.triage([request.pk], by=by(run.item.owner), at=now))  # type: ignore[arg-type]
    clocks = Clock.objects.filter(item__run=run)
    clocks.open().update(
        stopped_at=now, met_at=now, running_since=None, paused_at=None, wakes_at=None
    )
    carry(runs.await_outcome, [run.pk], by=Actor.system(), at=now, reason="Delivered")
    return Run.objects.get(pk=run.pk)


def missed(run: Run) -> Clock:
    """Let the first clock of the run be one that was missed."""
    clock = Clock.objects.filter(item__run=run).order_by("pk")[0]
    Clock.objects.filter(pk=clock.pk).update(met_at=None, breached_at=timezone.now())
    return clock


def test_an_sla_is_proven_by_every_clock_of_the_policy(world: World, flow: FlowVersion) -> None:
    with_proofs(world, flow, sla())
    run = delivered(run_about("901"))
    row = Outcome.objects.get()
    assert (row.kind, row.state, row.item, run.state) == (
        "sla_met",
        "expected",
        run.item,
        "awaiting_outcome",
    )

    assert judge_slas(at=timezone.now()) == 1

    row = Outcome.objects.get()
    clocks = Clock.objects.filter(item__run=run).order_by("pk")
    assert row.state == Outcome.State.PROVEN
    assert [each["clock"] for each in row.evidence["clocks"]] == [each.pk for each in clocks]
    assert {each["result"] for each in row.evidence["clocks"]} == {"met"}
    assert Run.objects.get(pk=run.pk).state == Run.State.COMPLETE
    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))
    assert "SLA met" in page
    assert "Triage: met at" in page
    assert "Check now" not in page


def test_a_missed_clock_fails_it_for_good_and_its_owner_gets_the_exception(
    world: World, flow: FlowVersion
) -> None:
    with_proofs(world, flow, sla())
    run = delivered(run_about("902"))
    clock = missed(run)

    judge_slas(at=timezone.now())
    assert judge_slas(at=timezone.now()) == 0

    row = Outcome.objects.get()
    case = ExceptionCase.objects.get()
    assert (row.state, Run.objects.get(pk=run.pk).state) == ("failed", "awaiting_outcome")
    assert (case.reason, case.item.owner) == ("proof_missing", run.item.owner)
    assert clock.item.ref in row.evidence["differences"][0]
    told = [entry.data for entry in trace(run).entries if entry.section == "outcome"]
    assert "missed at" in str(told[-1])

    browser = signed_in(world.alice)
    assert "Waive proof" not in words(browser.get(url(Run, "change", run.pk)))
    done(outcomes.waive([row.pk], by=by(world.olga), at=timezone.now(), reason="Agreed by phone."))
    assert Run.objects.get(pk=run.pk).state == Run.State.COMPLETE
    assert ExceptionCase.objects.get(pk=case.pk).state == ExceptionCase.State.DISMISSED


def test_a_failed_proof_never_stays_without_an_exception(world: World, flow: FlowVersion) -> None:
    with_proofs(world, flow, sla())
    missed(delivered(run_about("903")))
    judge_slas(at=timezone.now())
    case = ExceptionCase.objects.get()
    runs.withdraw_open(
        ExceptionCase.objects.all(), by=Actor.system(), at=timezone.now(), reason="Lost"
    )

    own_failures(at=timezone.now())

    again = ExceptionCase.objects.exclude(pk=case.pk).get()
    assert (again.reason, again.state) == ("proof_missing", "open")


def test_an_open_clock_and_one_of_another_policy_decide_nothing(
    world: World, flow: FlowVersion
) -> None:
    with_proofs(world, flow, sla())
    run = delivered(run_about("904"))
    clock = missed(run)
    other = SLAPolicy.objects.create(slug="other", name="Other")
    Clock.objects.filter(pk=clock.pk).update(policy=other)
    last = Clock.objects.filter(item__run=run).exclude(pk=clock.pk).order_by("pk")[0]
    paused = {"stopped_at": None, "met_at": None, "due_at": None, "paused_at": timezone.now()}
    Clock.objects.filter(pk=last.pk).update(**paused)

    now = timezone.now()
    assert judge_slas(at=now) == 0
    assert Outcome.objects.get().next_probe_at == now + AGAIN
    Clock.objects.filter(pk=last.pk).update(stopped_at=now, met_at=now, paused_at=None)
    assert judge_slas(at=now + AGAIN) == 1

    assert Outcome.objects.get().state == Outcome.State.PROVEN


def test_without_a_clock_nothing_proves_it(world: World, flow: FlowVersion) -> None:
    with_proofs(world, flow, sla())
    run = delivered(run_about("905"))
    Clock.objects.filter(item__run=run).update(met_at=None)

    judge_slas(at=timezone.now())

    row = Outcome.objects.get()
    assert row.state == Outcome.State.FAILED
    assert "nothing proves it" in row.evidence["differences"][0]


def test_the_owner_is_asked_for_the_invoice_and_has_the_turn(
    world: World, flow: FlowVersion
) -> None:
    with_proofs(world, flow, invoice())
    run = delivered(run_about("906"))

    told = Notification.objects.get(words=Notification.Words.INVOICE)
    assert (told.recipient, told.item) == (run.item.owner, run.item)
    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))
    assert "to record the invoice since" in page
    assert "to be recorded by" in page
    assert "Check now" not in page
    at = timezone.now()
    assert miss_invoices(at=at + INVOICE_TIMEBOX - timedelta(seconds=1)) == 0
    assert miss_invoices(at=at + INVOICE_TIMEBOX) == 1
    assert miss_invoices(at=at + 2 * INVOICE_TIMEBOX) == 0
    assert ExceptionCase.objects.get().reason == "proof_missing"


def test_a_version_without_proofs_asks_nobody(world: World, flow: FlowVersion) -> None:
    run = delivered(run_about("907"))

    assert not Outcome.objects.exists()
    assert not Notification.objects.filter(words=Notification.Words.INVOICE).exists()
    assert run.state == Run.State.AWAITING_OUTCOME


def test_a_run_that_is_moved_awaits_what_its_new_version_asks_for(
    world: World, flow: FlowVersion
) -> None:
    first = with_proofs(world, flow, invoice())
    run = delivered(run_about("908"))
    draft = copy(first, by=by(world.olga), at=timezone.now(), reason="The SLA instead")
    draft.proofs.update(kind=Kind.SLA_MET)
    second = publish_by_two(draft, world.olga, world.bob, at=timezone.now())

    details = MigrateDetails(second.pk, "The SLA instead")
    now = timezone.now()
    done(migrate([run.pk], by=by(world.olga), at=now, reason="Agreed", details=details))

    assert dict(Outcome.objects.values_list("kind", "state")) == {
        "invoice_sent": "superseded",
        "sla_met": "expected",
    }


def test_proofs_are_copied_compared_and_in_the_file(world: World, flow: FlowVersion) -> None:
    was = content_of(flow)
    live = with_proofs(world, flow, invoice("invoice_state", "sent", "paid"), sla())

    now = content_of(copy(live, by=by(world.olga), at=timezone.now(), reason="A copy"))

    rows = [each.model_dump(mode="json") for each in now.rows_of("proofs")]
    assert rows == [
        {"kind": "invoice_sent", "field": "invoice_state", "values": ["sent", "paid"]},
        {"kind": "sla_met", "field": "", "values": []},
    ]
    changed = {each.path: each.change_class.value for each in differences(was, now)}
    assert {name for name in changed if name.startswith("proofs")} == {
        "proofs[invoice_sent]",
        "proofs[sla_met]",
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        live.proofs.update(field="another")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"kind": "sla_met", "field": "x", "values": ["y"]}, "only invoice_sent has a field"),
        ({"kind": "invoice_sent", "field": "x"}, "give a field with its values"),
        ({"kind": "invoice_sent", "values": ["y"]}, "give a field with its values"),
        ({"kind": "page_live"}, "kind"),
    ],
)
def test_a_file_with_a_proof_that_cannot_be_is_refused(
    flow: FlowVersion, row: dict[str, object], why: str
) -> None:
    values = content_of(flow).model_dump(mode="json", by_alias=True) | {"proofs": [row]}

    with pytest.raises(ValueError, match=why):
        flow_shape().model_validate(values)


def test_the_page_of_a_draft_says_beside_the_field_what_is_wrong(
    world: World, flow: FlowVersion
) -> None:
    draft = copy(flow, by=by(world.olga), at=timezone.now(), reason="Proofs")
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    form = filled(browser.get(path)) | {"proofs-TOTAL_FORMS": "1", "reason": "Proofs"}

    def sent(**row: str) -> str:
        given = {f"proofs-0-{name}": value for name, value in row.items()}
        return words(browser.post(path, form | given, follow=True))

    assert "Enter the values that prove it" in sent(kind="invoice_sent", field="invoice_state")
    assert "Enter the field that has these values" in sent(kind="invoice_sent", values="sent")
    assert "The clocks of the run prove it" in sent(kind="sla_met", field="invoice_state")
    assert "The internal name of a property" in sent(
        kind="invoice_sent", field="the state", values="sent"
    )
    sent(kind="invoice_sent", field="invoice_state", values="sent, paid")
    [row] = VersionProof.objects.filter(version=draft)
    assert (row.field, row.values) == ("invoice_state", ["sent", "paid"])


def test_a_field_that_no_run_has_is_a_finding(world: World, flow: FlowVersion) -> None:
    draft = copy(flow, by=by(world.olga), at=timezone.now(), reason="Proofs")
    VersionProof.objects.create(
        version=draft, kind=Kind.INVOICE_SENT, field="invoice_state", values=["sent"]
    )
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    assert "reads a field of a CRM record" not in words(browser.get(path))

    Trigger.objects.filter(version=draft).update(kind="form.submitted", field="", value="")

    assert "reads a field of a CRM record" in words(browser.get(path))
