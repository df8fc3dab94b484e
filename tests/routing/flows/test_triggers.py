"""How triggers compare fields of events: equal, one of, at least, changed to, changed by more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from routing.flows.event_catalogue import EventField, kind_words
from routing.flows.operations import copy, faults, publish, publish_shipped
from routing.flows.registry import event_kinds
from routing.flows.trigger_words import trigger_words
from routing.flows.triggers import UNSEEN, matches
from routing.kernel.events import Payload
from routing.models import Flow, FlowVersion, Rule, Run, RunEvent, Trigger
from routing.people.actors import Actor
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.process import process
from routing.sla.operations.calendars import ensure_defaults
from tests.desk import filled, signed_in, url, words
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")

CHANGED = "hubspot.deal.propertyChange"


def trigger(operator: str, value: str = "", values: tuple[str, ...] = ()) -> Trigger:
    return Trigger(
        kind=CHANGED, field="amount", operator=operator, value=value, values=list(values)
    )


@pytest.mark.parametrize(
    ("row", "before", "now", "right"),
    [
        (trigger("equals", "7"), UNSEEN, 7, True),
        (trigger("equals", "7"), UNSEEN, "7.0", False),
        (trigger("one_of", values=("a", "b, c")), UNSEEN, "b, c", True),
        (trigger("one_of", values=("a", "b")), UNSEEN, "c", False),
        (trigger("one_of", values=("None",)), UNSEEN, None, False),
        (trigger("at_least", "50000"), UNSEEN, "50000.00", True),
        (trigger("at_least", "50000"), UNSEEN, "49999.99", False),
        (trigger("at_least", "9"), UNSEEN, "10", True),  # as numbers, not as texts
        (trigger("at_least", "9"), UNSEEN, "many", False),
        (trigger("at_least", "9"), UNSEEN, True, False),
        (trigger("at_least", "9"), UNSEEN, "NaN", False),
        (trigger("at_least", "2027-03-31"), UNSEEN, "2027-03-31", True),
        (trigger("at_least", "2027-03-31"), UNSEEN, "2027-03-30", False),
        (trigger("at_least", "2027-03-31"), UNSEEN, "1806451200000", True),  # 2027-03-31
        (trigger("at_least", "2027-03-31"), UNSEEN, "1806364800000", False),
        (trigger("changed_to", "won"), "lost", "won", True),
        (trigger("changed_to", "won"), UNSEEN, "won", True),
        (trigger("changed_to", "won"), "won", "won", False),
        (trigger("changed_to", "won"), "lost", "open", False),
        (trigger("changed_by_more", "1000"), "5000", "6001", True),
        (trigger("changed_by_more", "1000"), "6001", "5000", True),
        (trigger("changed_by_more", "1000"), "5000", "6000", False),
        (trigger("changed_by_more", "1000"), UNSEEN, "6001", False),
        (trigger("changed_by_more", "1000"), None, "6001", False),
        (trigger("changed_by_more", "1000"), "5000", "", False),
    ],
)
def test_operators(row: Trigger, before: Any, now: Any, right: bool) -> None:
    assert matches(row, now, lambda: before) is right


@pytest.fixture
def flow(world: World) -> FlowVersion:
    """A draft whose only trigger compares the amount of a changed deal."""
    ensure_defaults(at=NOW)
    made = Flow.objects.create(
        slug="grown", name="Grown", purpose="", outcome="", owner=world.olga, backup=world.bob
    )
    version = FlowVersion.objects.create(
        flow=made, number=1, action="delivery.open_request", title=""
    )
    Rule.objects.create(version=version, position=1, name="Everything", team=world.team)
    return version


def live(world: World, version: FlowVersion, operator: str, field: str, value: str) -> None:
    Trigger.objects.create(
        version=version, kind=CHANGED, field=field, operator=operator, value=value
    )
    publish_shipped(version, by=by(world.olga), at=NOW, reason="")


def came(field: str, value: object, minutes: int, *, deal: str = "901", now: bool = True) -> int:
    """Let a deal change, and return how many runs there are."""
    at = NOW + timedelta(minutes=minutes)
    body = {"propertyName": field, "propertyValue": value}
    sent = Signal("crm", CHANGED, f"{deal} {field} {minutes}", "deal", deal, at, body)
    capture([sent], by=Actor.system(), at=at)
    if now:
        process(at=at + timedelta(hours=1))
    return Run.objects.count()


@pytest.mark.requirement("T4")
def test_a_change_by_more_is_from_the_last_known_value_of_the_same_object(
    world: World, flow: FlowVersion
) -> None:
    live(world, flow, "changed_by_more", "amount", "1000")

    assert came("amount", "5000", 0) == 0  # nothing is known to have changed
    assert came("dealname", "90000", 1) == 0  # another field
    assert came("amount", "90000", 2, deal="902") == 0  # another deal
    assert came("amount", "5900", 3) == 0
    assert came("amount", "6950", 4) == 1


@pytest.mark.requirement("T4")
def test_earlier_is_by_the_time_of_the_events_and_not_by_their_arrival(
    world: World, flow: FlowVersion
) -> None:
    live(world, flow, "changed_by_more", "amount", "1000")

    came("amount", "9000", 10, now=False)
    came("amount", "5000", 5, now=False)  # it comes late

    process(at=NOW + timedelta(hours=1))

    start = RunEvent.objects.get(part=RunEvent.Part.STARTED)
    assert start.event.at == NOW + timedelta(minutes=10)


def test_what_is_set_to_the_same_value_again_has_not_changed_to_it(
    world: World, flow: FlowVersion
) -> None:
    live(world, flow, "changed_to", "dealstage", "closedwon")
    came("dealstage", "closedwon", 0, deal="902")  # the first that is known of it
    assert Run.objects.count() == 1

    came("dealstage", "open", 1)
    assert Run.objects.count() == 1
    came("dealstage", "closedwon", 2)
    assert Run.objects.count() == 2
    Run.objects.filter(subject_id="901").update(subject_id="old")
    came("dealstage", "closedwon", 3)

    assert Run.objects.count() == 2


def test_an_erased_value_is_not_compared(world: World, flow: FlowVersion) -> None:
    live(world, flow, "changed_by_more", "amount", "1000")
    came("amount", "5000", 0)
    Payload.objects.update(erased_at=NOW)

    assert came("amount", "9000", 1) == 0


def test_a_trigger_that_can_never_match_is_a_fault_of_the_draft(
    world: World, flow: FlowVersion
) -> None:
    made = Trigger.objects.create(
        version=flow, kind=CHANGED, field="amount", operator="at_least", value="much"
    )

    [fault] = [each for each in faults(flow) if "never matches" in each]

    assert "“Deal changed (HubSpot), if Amount is at least “much””" in fault
    assert "Enter a number such as 12000" in fault
    for operator, field, value, right in (
        ("at_least", "dealname", "5", "is no number and no date"),
        ("changed_by_more", "amount", "-5", "not negative"),
        ("one_of", "amount", "", "Enter the values"),
        ("changed_to", "amount", "", "Enter the value that"),
        ("at_least", "", "5", "Choose the field"),
    ):
        Trigger.objects.filter(pk=made.pk).update(operator=operator, field=field, value=value)
        assert any(right in each for each in faults(flow)), operator


@pytest.fixture
def draft(world: World) -> FlowVersion:
    return copy(make_flow(world), by=by(world.olga), at=NOW, reason="Other events")


@pytest.mark.requirement("T4")
def test_a_trigger_is_chosen_in_words(world: World, draft: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    page = browser.get(path)
    shown = page.content.decode()
    assert '<option value="hubspot.deal.propertyChange">Deal changed</option>' in shown
    assert '<option value="dealstage">Stage</option>' in shown
    sent = filled(page) | {
        "triggers-0-kind": CHANGED,
        "triggers-0-field": "dealstage",
        "triggers-0-operator": "one_of",
        "triggers-0-value": 'won, "open, late", won',
        "reason": "Two stages",
    }

    answer = browser.post(path, sent)

    assert answer.status_code == 302
    row = draft.triggers.get(field="dealstage")
    assert (row.operator, row.value, row.values) == ("one_of", "", ["won", "open, late"])
    again = filled(browser.get(path))
    assert again["triggers-0-value"] == 'won,"open, late"'
    said = "Deal changed (HubSpot), if Stage is one of “won”, “open, late”"
    assert trigger_words(row) == said
    publish(draft, by=by(world.olga), at=NOW, reason="Agreed")
    assert said in words(browser.get(path))
    assert said in words(browser.get(url(Flow, "change", draft.flow_id)))


@pytest.mark.parametrize(
    ("field", "operator", "value", "refusal"),
    [
        ("dealstage", "at_least", "5", "is no number and no date"),
        ("amount", "at_least", "much", "Enter a number"),
        ("closedate", "equals", "x", "Select a valid choice"),
        ("associationType", "equals", "x", "has no such field. Choose one of its own: Name"),
        ("", "equals", "x", "Choose the field that has this value."),
    ],
)
def test_what_could_never_match_is_refused_at_its_place(
    world: World, draft: FlowVersion, field: str, operator: str, value: str, refusal: str
) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path)) | {
        "triggers-0-kind": CHANGED,
        "triggers-0-field": field,
        "triggers-0-operator": operator,
        "triggers-0-value": value,
        "reason": "Try",
    }

    answer = browser.post(path, sent)

    assert refusal in words(answer)
    assert not draft.triggers.filter(kind=CHANGED).exists()


def test_the_fields_of_a_form_are_those_that_its_last_events_had(
    world: World, draft: FlowVersion
) -> None:
    capture(
        [Signal("web", "form.submitted", "1", "form", "1", NOW, {"Budget": 5, "Team": ["a"]})],
        by=Actor.system(),
        at=NOW,
    )

    shown = signed_in(world.olga).get(url(FlowVersion, "change", draft.pk)).content.decode()

    assert '<option value="Budget">Budget</option>' in shown
    assert '<option value="Team">' not in shown


def test_every_kind_that_is_sent_has_a_name_in_words() -> None:
    for kind in event_kinds():
        assert kind not in kind_words(kind)


@pytest.mark.requirement("T4")
def test_a_client_is_entered_by_name_and_kept_by_number(world: World, draft: FlowVersion) -> None:
    browser, path = signed_in(world.olga), url(FlowVersion, "change", draft.pk)
    sent = filled(browser.get(path)) | {
        "triggers-0-kind": "desk.request",
        "triggers-0-field": "client",
        "triggers-0-operator": "equals",
        "triggers-0-value": "acm ltd",
    }

    saved = browser.post(path, sent)

    assert saved.status_code == 302, words(saved)
    row = draft.triggers.get(kind="desk.request")
    assert row.value == str(world.acme.pk)
    assert filled(browser.get(path))["triggers-0-value"] == "ACM Ltd"
    assert "if Client is “ACM Ltd”" in trigger_words(row)


def test_a_name_of_two_values_stands_for_none_of_them() -> None:
    named = [("1", "Same"), ("2", "Same"), ("3", "Other")]
    field = EventField("place", "Place", choices=lambda: named)

    assert [field.value_of(each) for each in ("OTHER", "Same", "2")] == ["3", "Same", "2"]
    assert [field.name_of(value) for value, _name in named] == ["1", "2", "Other"]
