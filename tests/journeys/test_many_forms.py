"""
Forms of known clients are read together; what is new about one is read alone, and nothing is lost
or doubled.
"""

from __future__ import annotations

import pytest

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Brief, Engagement
from integrations.models import Connection, ExternalLink
from routing.flows.checklist import answer_line
from routing.flows.operations import copy, publish
from routing.models import (
    Calendar,
    ClientDomain,
    Contact,
    Enrichment,
    ExceptionCase,
    FlowField,
    FlowVersion,
    Membership,
    Run,
    RunStep,
)
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.enrich_batch import enrich_batch
from routing.runs.operations.process import process
from routing.sla.operations.calendars import ensure_defaults
from tests.integrations.inbox.senders import make_connection
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency(world: World) -> World:
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    make_connection("form", world)
    ClientDomain.objects.get_or_create(client=world.acme, domain="known.example")
    contact = Contact.objects.create(full_name="Robin", email="robin@known.example")
    Membership.objects.create(contact=contact, client=world.acme)
    return world


def submit(key: str, domain: str, email: str, **more: str) -> None:
    deal = {"name": f"Site {key}", "amount": "9000", "currency": "EUR", "ends": "2027-06-30"}
    company, contact = {"name": domain.title(), "domain": domain}, {"name": "Robin", "email": email}
    body = {
        "type": "form.submitted",
        "data": {"deal": deal, "company": company, "contact": contact, **more},
    }
    capture(
        [Signal("form-main", "form.submitted", key, "form", key, NOW, body)],
        by=Actor.system(),
        at=NOW,
    )


def test_what_is_known_is_read_together_and_what_is_new_alone(agency: World):
    submit("1", "known.example", "robin@known.example")
    submit("2", "known.example", "robin@known.example")
    submit("3", "new.example", "sam@new.example")
    process(at=NOW)

    together = enrich_batch(at=NOW)
    again = enrich_batch(at=NOW)
    advance(clock=lambda: NOW)

    assert (together, again) == (2, 0)
    assert (
        Run.objects.filter(state="in_delivery").count()
        == Brief.objects.count()
        == Engagement.objects.count()
        == 3
    )
    assert not ExceptionCase.objects.exists()
    assert set(RunStep.objects.values_list("state", "attempts")) == {("done", 1)}


def test_what_is_read_together_says_the_same_as_what_is_read_alone(agency: World):
    for key in ("1", "2"):
        submit(key, "known.example", "robin@known.example")
    process(at=NOW)
    # Begun once: it is read alone.
    RunStep.objects.filter(run__subject_id="2", name="enrich").update(started_at=NOW)

    assert enrich_batch(at=NOW) == 1
    advance(clock=lambda: NOW)

    one, other = Enrichment.objects.order_by("run__subject_id")
    assert {**one.facts, "deal.name": ""} == {**other.facts, "deal.name": ""}
    assert (one.client_id, one.contact_ids) == (other.client_id, other.contact_ids)
    assert set(one.sources) == set(other.sources)
    first, second = (
        link.history.get()
        for link in ExternalLink.objects.filter(object_type="form").order_by("remote_id")
    )
    assert first.history_user == second.history_user
    assert (first.history_change_reason[:-1], first.history_type) == (
        second.history_change_reason[:-1],
        second.history_type,
    )


def test_d8_an_instant_in_a_date_field_of_a_flow_is_its_day_in_the_agencys_zone(
    agency: World,
) -> None:
    """Read together or alone, also in a field that somebody added to the flow."""
    Calendar.objects.update(timezone="America/Phoenix")
    version = FlowVersion.objects.live().get(flow__slug="lead-to-brief")
    draft = copy(version, by=by(agency.olga), at=NOW, reason="Ask for the fair.")
    FlowField.objects.create(
        version=draft, name="fair.opens", label="Fair opens", type="date", position=90
    )
    Connection.objects.update(health_owner=agency.olga)
    answer_line(draft, "connections", by=by(agency.olga), at=NOW, note="Tested.")
    publish(draft, by=by(agency.olga), at=NOW, reason="Ask for the fair.")
    for key, domain in (("1", "known.example"), ("2", "new.example")):
        fair = {"fair.opens": "2027-04-01T01:09:44Z", "other.time": "2027-04-01T01:09:44Z"}
        submit(key, domain, f"robin@{domain}", **fair)
    process(at=NOW)

    together = enrich_batch(at=NOW)
    advance(clock=lambda: NOW)

    facts = [row.facts for row in Enrichment.objects.order_by("run__subject_id")]
    assert together == 1
    assert [each["fair.opens"] for each in facts] == ["2027-03-31", "2027-03-31"]
    assert {each["other.time"] for each in facts} == {"2027-04-01T01:09:44Z"}
