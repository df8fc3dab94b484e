"""Properties that a flow writes in the CRM are looked for first, and named if they are missing."""

from __future__ import annotations

import pytest

from integrations.connections.crm_fields import crm_fields, read_fields
from integrations.models import Connection, Outbound
from integrations.outbox.crm import VERB, update_deal
from routing.flows.actions import ActionSpec, keep_actions
from routing.flows.checklist import LineLook
from routing.flows.operations import copy
from routing.models import ExceptionCase, FlowVersion
from tests.integrations.conftest import Sandbox
from tests.integrations.outbox.remote import Time, deliver
from tests.integrations.outbox.test_crm import SYSTEM, make_run
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("G18")


@pytest.fixture
def draft(world: World) -> FlowVersion:
    made = copy(make_flow(world), by=by(world.olga), at=NOW, reason="Notes")
    made.triggers.filter(kind__startswith="form").delete()
    keep_actions(
        made,
        [ActionSpec("integrations.update_deal", {"field": "note", "value": "{deal.name}"})],
    )
    return made


def looked(draft: FlowVersion) -> LineLook:
    read_fields(draft)
    return crm_fields(draft)


def test_a_property_that_the_account_lacks_is_named_before_publishing(
    hubspot: Connection, sandbox: Sandbox, draft: FlowVersion
) -> None:
    there = looked(draft)
    sandbox.crm.lacking.add("throughline_note")
    missing = looked(draft)

    assert (there.passed, there.guess) == (True, False)
    assert missing.passed is False
    assert "deals have no property throughline_note" in missing.because
    assert hubspot.name in missing.because

    hubspot.settings = {**hubspot.settings, "writes": {"note": "our_note"}}
    hubspot.save()
    assert "our_note" in looked(draft).because
    hubspot.settings = {**hubspot.settings, "writes": {"state": "throughline_state"}}
    hubspot.save()
    assert "does not write “note”" in looked(draft).because


def test_an_account_that_does_not_answer_keeps_nobody_from_publishing(
    hubspot: Connection, sandbox: Sandbox, draft: FlowVersion
) -> None:
    assert crm_fields(draft).guess  # nobody has looked yet
    sandbox.revoke_token()

    found = looked(draft)

    assert (found.passed, found.guess) == (True, True)
    assert "could not be read" in found.because
    draft.actions.filter(kind="integrations.update_deal").delete()
    assert looked(draft).because == "No action of this version writes into a CRM."


def test_a_refusal_of_the_crm_names_the_property(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    sandbox.crm.lacking |= {"throughline_note", "throughline_needed_by"}
    run = make_run(world, sandbox.deal(dealname="Site"))

    update_deal(run, {"needed_by": "2026-12-01", "note": "Call"}, by=SYSTEM(), at=NOW)
    deliver(time)

    dead = Outbound.objects.get(verb=VERB)
    assert dead.state == Outbound.State.DEAD
    # The date is left out of the second attempt, so only the note is in the way.
    assert "Deals in HubSpot have no property throughline_note." in dead.last_error
    assert "no property throughline_note" in ExceptionCase.objects.get().evidence["message"]
