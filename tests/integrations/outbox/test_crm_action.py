"""Flows that write into the deal that started them."""

from __future__ import annotations

from dataclasses import replace

from integrations.models import Connection, Outbound
from integrations.outbox.crm import VERB, update_deal
from integrations.outbox.crm_action import UPDATE_DEAL, update
from routing.models import FlowVersion, Run, Trigger
from routing.runs.registry import RoutedRun
from tests.integrations.conftest import Sandbox
from tests.integrations.outbox.remote import Time, deliver
from tests.integrations.outbox.test_crm import SYSTEM, make_run, properties
from tests.world import NOW, World


def job_of(run: Run, **inputs: str) -> RoutedRun:
    item = run.item
    return RoutedRun(
        run=run,
        facts={},
        title="",
        brief="",
        owner_id=item.owner_id or 0,
        backup_id=item.backup_id or 0,
        team_id=item.team_id or 0,
        priority=item.priority,
        client_id=item.client_id,
        contact_ids=(),
        engagement_id=None,
        policy="standard",
        inputs=inputs,
        action="act_2",
    )


def test_a_flow_writes_into_the_deal_beside_its_state(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(dealname="Site")
    run = make_run(world, deal)
    update_deal(run, {"state": "in_delivery"}, by=SYSTEM(), at=NOW)

    job = job_of(run, field="next_step", value="Call on Monday")
    assert update([job], SYSTEM(), NOW) == {}
    # The step may be carried out again after its commit was lost on the way: nothing new is said.
    assert update([job], SYSTEM(), NOW) == {}
    deliver(time)

    assert properties(sandbox, deal)["throughline_next_step"] == "Call on Monday"
    assert properties(sandbox, deal)["throughline_state"] == "in_delivery"
    assert Outbound.objects.filter(verb=VERB, content__properties__has_key="throughline_next_step")


def test_what_cannot_be_written_is_refused_in_words(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    run = make_run(world, sandbox.deal())
    job = job_of(run, field="note", value="Hello")
    before = Outbound.objects.count()

    def said(one: RoutedRun) -> str:
        return update([one], SYSTEM(), NOW)[run.pk].message

    assert "nothing to write" in said(replace(job, inputs={"field": "note", "value": " "}))
    hubspot.settings = {**hubspot.settings, "writes": {"state": "throughline_state"}}
    hubspot.save()
    assert hubspot.name in said(job)
    run.subject_type = "form"
    assert "not about a deal" in said(job)
    assert Outbound.objects.count() == before


def test_it_can_never_run_in_a_flow_that_no_deal_starts(
    hubspot: Connection, world: World, sandbox: Sandbox
) -> None:
    version = FlowVersion.objects.get(pk=make_run(world, sandbox.deal()).version_id)
    draft = FlowVersion.objects.create(flow=version.flow, number=99)
    Trigger.objects.create(version=draft, kind="form.submitted")

    assert "no trigger" in UPDATE_DEAL.never(draft, {})

    Trigger.objects.create(version=draft, kind="hubspot.deal.creation")
    assert UPDATE_DEAL.never(draft, {}) == ""
