"""That an invoice was sent is proven by a field of the deal, over real HTTP, again and again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.models import Connection
from integrations.proof.invoices import look_for_invoices
from integrations.proof.leases import LEASE, WATCH
from routing.models import ExceptionCase, FlowVersion, Outcome, Run
from routing.people.actors import Actor
from routing.runs.operations import runs
from routing.runs.operations.outcomes import probe_now
from routing.runs.operations.proofs import INVOICE_TIMEBOX
from routing.work.door import carry
from tests.desk import signed_in, url, words
from tests.integrations.conftest import Sandbox
from tests.integrations.outbox.remote import Time
from tests.integrations.outbox.test_crm import make_run
from tests.routing.runs.test_version_proofs import invoice
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M1", "M17", "R5"),
]
FIELD = "invoice_state"
HOUR = timedelta(hours=1)


@pytest.fixture
def time() -> Time:
    return Time()


def awaiting(world: World, deal: str) -> Run:
    """A run whose work is done, and whose deal is to say that the invoice was sent."""
    run = make_run(world, deal)
    proof = invoice(FIELD, "sent", "paid")
    proof.version = run.version
    proof.save()
    versions = FlowVersion.objects.filter(pk=proof.version.pk)
    versions.update(published_at=NOW, published_by=world.olga)
    carry(runs.await_outcome, [run.pk], by=Actor.system(), at=NOW, reason="Delivered")
    return run


def outcome() -> Outcome:
    return Outcome.objects.get()


def test_a_value_of_the_deal_proves_it_with_where_and_when(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(dealname="Site", invoice_state="draft")
    run = awaiting(world, deal)

    assert look_for_invoices(clock=time) == 1
    assert (outcome().state, outcome().evidence["value"]) == ("expected", "draft")
    sandbox.crm.update("deal", deal, {"properties": {FIELD: "Sent"}}, "userId:1")
    assert look_for_invoices(clock=time) == 0  # a moment later
    time.now += HOUR
    assert look_for_invoices(clock=time) == 1

    row = outcome()
    assert row.state == Outcome.State.PROVEN
    assert row.evidence["looked_at"] == time.now.isoformat()
    assert (row.evidence["record"], row.evidence["crm"]) == (f"deal {deal}", hubspot.name)
    assert (row.evidence["value"], row.evidence["differences"]) == ("Sent", [])
    assert row.next_probe_at == time.now + WATCH
    assert Run.objects.get(pk=run.pk).state == Run.State.COMPLETE
    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))
    assert "To be proven by the field invoice_state of the CRM record: sent or paid." in page
    assert f"It was “Sent” in {hubspot.name}, deal {deal}" in page


def test_a_value_that_is_gone_is_a_lapsed_outcome_after_two_looks(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(invoice_state="sent")
    run = awaiting(world, deal)
    look_for_invoices(clock=time)
    sandbox.crm.update("deal", deal, {"properties": {FIELD: "paid"}}, "userId:1")
    time.now += WATCH
    look_for_invoices(clock=time)
    assert outcome().state == Outcome.State.PROVEN

    sandbox.crm.update("deal", deal, {"properties": {FIELD: ""}}, "userId:1")
    time.now += WATCH
    look_for_invoices(clock=time)
    assert outcome().state == Outcome.State.PROVEN
    time.now += HOUR
    look_for_invoices(clock=time)

    case = ExceptionCase.objects.get()
    assert (outcome().state, case.reason) == (Outcome.State.DECAYED, "outcome_decayed")
    assert "is empty" in case.evidence["differences"][0]
    assert Run.objects.get(pk=run.pk).state == Run.State.AWAITING_OUTCOME

    sandbox.crm.update("deal", deal, {"properties": {FIELD: "sent"}}, "userId:1")
    time.now += HOUR
    look_for_invoices(clock=time)
    assert outcome().state == Outcome.State.PROVEN
    assert ExceptionCase.objects.get().state == ExceptionCase.State.DISMISSED


def test_an_answer_that_is_lost_proves_nothing_either_way(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    run = awaiting(world, sandbox.deal(invoice_state="sent"))
    look_for_invoices(clock=time)
    sandbox.revoke_token()

    for _again in range(3):
        time.now += WATCH
        look_for_invoices(clock=time)

    assert outcome().state == Outcome.State.PROVEN
    assert Run.objects.get(pk=run.pk).state == Run.State.COMPLETE


def test_a_deleted_deal_is_said_and_ends_the_proof(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(invoice_state="sent")
    awaiting(world, deal)
    look_for_invoices(clock=time)
    sandbox.crm.delete("deal", deal, "userId:1")

    for _again in range(2):
        time.now += WATCH
        look_for_invoices(clock=time)

    assert outcome().state == Outcome.State.DECAYED
    assert f"deal {deal} is no longer in" in outcome().evidence["differences"][0]


def test_the_owner_gets_one_exception_once_the_timebox_is_over(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    awaiting(world, sandbox.deal(invoice_state="draft"))

    time.now = NOW + INVOICE_TIMEBOX - HOUR
    look_for_invoices(clock=time)
    assert not ExceptionCase.objects.exists()
    for _again in range(2):
        time.now += HOUR
        look_for_invoices(clock=time)

    case = ExceptionCase.objects.get()
    assert (case.reason, case.item.owner) == ("proof_missing", world.alice)
    assert "is “draft”" in case.evidence["differences"][0]


def test_a_run_of_a_system_without_fields_says_so(world: World, time: Time) -> None:
    awaiting(world, "4711")  # its connection is gone

    assert look_for_invoices(clock=time) == 1

    assert "No connected CRM" in outcome().evidence["differences"][0]


def test_it_is_looked_at_once_by_two_workers_and_again_when_asked(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    awaiting(world, sandbox.deal(invoice_state="sent"))
    row = outcome()
    Outcome.objects.filter(pk=row.pk).update(next_probe_at=NOW + LEASE)  # another has it
    assert look_for_invoices(clock=time) == 0
    Outcome.objects.filter(pk=row.pk).update(next_probe_at=NOW)
    look_for_invoices(clock=time)

    [result] = probe_now([row.pk], by=by(world.alice), at=time.now)

    assert result.done
    assert look_for_invoices(clock=time) == 1
