"""I2: flows that may pause do so during an incident, and what they held is released after it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from delivery.flows.lead_to_brief import publish_lead_to_brief
from integrations.incidents.models import Incident
from routing.models import Flow, HeldEvent, Run
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.switching import current_switch_off, waits_for_words
from routing.runs.time_ledger import time_ledger
from routing.sla.operations.calendars import ensure_defaults
from tests.integrations.inbox.senders import make_connection
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("I2", "E7")]
KIND = "form.submitted"
HOUR = timedelta(hours=1)


def submit(key: str, at: datetime) -> None:
    deal = {"name": "Site", "amount": "9000", "currency": "EUR", "ends": "2027-06-30"}
    company, contact = {"name": "New", "domain": "new.example"}, {"name": "R", "email": "r@n.ex"}
    body = {"type": KIND, "data": {"deal": deal, "company": company, "contact": contact}}
    capture([Signal("form-main", KIND, key, "form", key, at, body)], by=Actor.system(), at=at)


@pytest.fixture
def flow(world: World) -> Flow:
    """A live flow that may pause, and that forms start."""
    ensure_defaults(at=NOW)
    made = publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    ).flow
    Flow.objects.filter(pk=made.pk).update(criticality=Flow.Criticality.MAY_PAUSE)
    make_connection("form", world)
    return made


def incident(*words: str, code: int = 0) -> dict[str, Any]:
    """Run the command as a shell does, and return what it printed."""
    out = StringIO()
    if code == 0:
        call_command("incident", *words, "--json", stdout=out)
    else:
        with pytest.raises(CommandError) as refusal:
            call_command("incident", *words, "--json", stdout=out)
        assert refusal.value.returncode == code, refusal.value
    return json.loads(out.getvalue()) if out.getvalue() else {}


def test_a_flow_that_may_pause_does_and_its_time_is_the_incidents(world: World, flow: Flow) -> None:
    as_olga = ("--as", world.olga.email, "--yes")
    opened = incident("open", "Forms arrive twice", "--connection", "form-main", *as_olga)
    assert opened["paused_flows"] == [flow.slug]
    span = current_switch_off(flow)
    assert span is not None
    assert opened["ref"] in waits_for_words(span)
    again = incident("open", "Once more", "--connection", "form-main", *as_olga)
    assert (again["ref"], again["joined"]) == (opened["ref"], 1)

    submit("1", NOW)
    advance(clock=lambda: NOW)
    assert not Run.objects.exists()
    [listed] = incident("list")["incidents"]
    assert (listed["held"], listed["released"]) == (1, 0)

    with time_machine.travel(NOW + HOUR, tick=False):
        closed = incident("close", opened["ref"], "--wait", "0", *as_olga)
    assert (closed["state"], closed["canary"]["passed"]) == ("closed", True)
    advance(clock=lambda: NOW + HOUR)

    [listed] = incident("list", "--all")["incidents"]
    assert (listed["held"], listed["released"]) == (1, 1)
    assert HeldEvent.objects.get().state == HeldEvent.State.PROCESSED
    run = Run.objects.select_related("item").get()
    ledger = time_ledger(run.item, NOW + 2 * HOUR)
    assert ledger.by_party() == {"incident": HOUR, "agency": HOUR}


def test_what_has_no_connection_is_closed_with_what_a_person_checked(
    world: World, flow: Flow
) -> None:
    as_olga = ("--as", world.olga.email, "--yes")
    opened = incident("open", "The phones are dead", "--severity", "critical", *as_olga)
    ref = opened["ref"]
    assert opened["owner"] == world.olga.email
    assert incident("ack", ref, *as_olga)["state"] == "acknowledged"
    assert incident("note", ref, "They call back", *as_olga)["done"] is True
    assert Incident.objects.get().item.notes.get().body == "They call back"

    refused = incident("close", ref, *as_olga, code=1)
    assert [each["code"] for each in refused["refusals"]] == ["canary_failed"]
    assert refused["refusals"][0]["clears_by"]
    other = incident("close", ref, "--as", world.alice.email, "--yes", code=1)
    assert "own" in {each["code"] for each in other["refusals"]}
    incident("ack", "AGY-999", *as_olga, code=2)
    assert incident("list", "--all")["incidents"][0]["state"] == "acknowledged"

    closed = incident("close", ref, "--checked", "A call came through", "--wait", "0", *as_olga)
    assert (closed["state"], closed["held"], closed["paused_flows"]) == ("closed", 0, [])
    assert incident("list")["incidents"] == []


def test_a_product_that_is_no_demo_asks_for_yes(world: World) -> None:
    refused = incident("open", "It burns", "--as", world.olga.email, code=1)
    assert [each["code"] for each in refused["refusals"]] == ["demo"]
    assert not Incident.objects.exists()
