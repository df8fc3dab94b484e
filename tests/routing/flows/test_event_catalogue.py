"""The catalogue of events: what came in, how it looks, how often, and which flows it starts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.flows.event_history import sample_of, seen_kinds, volumes
from routing.models import Event, Flow, Trigger
from routing.people.actors import Actor
from routing.runs.operations.capture import Signal, capture
from tests.desk import signed_in, url, words
from tests.integrations.inbox.senders import make_connection
from tests.routing.runs.stories import usual_flow
from tests.world import NOW, World

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T4"),
]

FORM = "form.submitted"
CHANGED = "hubspot.deal.propertyChange"


def receive(kind: str, source: str, key: str, body: dict[str, Any], days_ago: int = 0) -> None:
    at = NOW - timedelta(days=days_ago)
    capture([Signal(source, kind, key, "x", key, at, body)], by=Actor.system(), at=at)


@pytest.fixture
def flow(world: World) -> Flow:
    make_connection("form", world)
    return usual_flow(world).flow


def test_a_kind_shows_its_source_fields_sample_volume_and_flows(world: World, flow: Flow) -> None:
    receive(FORM, "form-main", "1", {"data": {"deal": {"amount": "9"}}}, days_ago=20)
    receive(FORM, "form-main", "2", {"data": {"deal": {"amount": "9"}}}, days_ago=1)
    body = {"data": {"deal": {"amount": "12000"}, "Your name": "Carla", "E-mail": "c@acme.test"}}
    receive(FORM, "form-main", "3", body)
    browser = signed_in(world.olga)

    listed = words(browser.get(url(Flow, "events")))
    page = browser.get(url(Flow, "event_kind", FORM))
    said = words(page)

    assert "Form submitted (Website) form-main" in listed
    assert "Never received Triggers can use these kinds as well." in listed
    assert "data.deal.amount number 12000 · 9 3" in said
    assert "12000" in said
    assert "Carla" not in said
    assert "c@acme.test" not in said
    assert "[e-mail address]" in said
    assert page.context["line"].count == 2
    assert [count for _day, count in page.context["line"].days][-2:] == [1, 1]
    assert flow.name in said
    assert browser.get(url(Flow, "event_kind", "no.such.kind")).status_code == 404


def test_events_and_flows_link_to_the_catalogue(world: World) -> None:
    browser = signed_in(world.olga)

    for model in (Flow, Event):
        page = browser.get(url(model, "changelist")).content.decode()
        assert f'href="{url(Flow, "events")}"' in page


def test_whoever_may_not_see_every_client_sees_fields_and_no_values(world: World) -> None:
    receive(FORM, "form-main", "1", {"data": {"topic": "Zebrafish"}})

    said = words(signed_in(world.alice).get(url(Flow, "event_kind", FORM)))

    assert "data.topic text" in said
    assert "Zebrafish" not in said
    assert "Values are shown to people who may see the work of every client." in said


def test_the_value_of_a_changed_field_is_hidden_by_the_name_of_that_field(world: World) -> None:
    make_connection("hubspot", world)
    kind = "hubspot.contact.propertyChange"
    receive(kind, "hubspot-main", "1", {"propertyName": "firstname", "propertyValue": "Carla"})
    receive(CHANGED, "hubspot-main", "2", {"propertyName": "amount", "propertyValue": "12000"})

    assert sample_of(kind).body == {"propertyName": "firstname", "propertyValue": "[personal]"}
    deal = {field.name: field for field in sample_of(CHANGED).fields}
    assert deal["amount"].examples == ("12000",)
    assert deal["amount"].types == ("number",)


def test_kinds_are_read_by_source_and_an_erased_body_is_no_sample(world: World) -> None:
    receive(FORM, "form-a", "1", {"a": "1"})
    receive(FORM, "form-b", "2", {"b": "2"}, days_ago=3)
    receive(CHANGED, "crm", "3", {"propertyName": "x"})
    Event.objects.create(kind="routing.x.y", actor_id=world.olga.pk, at=NOW)  # our own

    assert [(each.source, each.kind) for each in seen_kinds()] == [
        ("crm", CHANGED),
        ("form-a", FORM),
        ("form-b", FORM),
    ]
    assert {kind: sum(days.values()) for kind, days in volumes(NOW).items()} == {
        FORM: 2,
        CHANGED: 1,
    }
    assert {field.name for field in sample_of(FORM).fields} == {"a", "b"}
    assert not Trigger.objects.exists()
