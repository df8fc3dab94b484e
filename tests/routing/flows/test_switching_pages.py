"""Switching a flow at the desk, what waits, and who is shown it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from delivery.flows.client_request import KINDS
from delivery.models import Request
from delivery.progress.operations.submissions import submit as submit_form
from routing.models import Client, Clock, ExceptionCase, Flow, HeldEvent, Run, SwitchOff, Team
from routing.runs.evidence_words import event_name
from routing.runs.operations.advance import advance
from routing.runs.operations.switching import switch_off
from tests.delivery.making import take_requests
from tests.desk import signed_in, url, words
from tests.portal import invited, user_of
from tests.world import NOW, World, by, make_client

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G4", "G10"),
]


@pytest.fixture
def flow(world: World) -> Flow:
    take_requests(NOW)
    return Flow.objects.get(slug="client-request")


def send(world: World, client: Client | None = None, title: str = "A film") -> None:
    about = client or world.acme
    contact = invited(world, title.replace(" ", ""), (about, "requester"))
    submit_form(
        "client-request",
        {"request.title": title, "request.details": "Two minutes", "request.type": KINDS[0]},
        client_id=about.pk,
        token=title.replace(" ", "").ljust(32, "x"),
        by=by(user_of(contact)),
        at=timezone.now(),
    )
    advance(clock=timezone.now)


def test_a_lead_switches_a_flow_off_and_on_by_its_page(world: World, flow: Flow) -> None:
    browser, page = signed_in(world.olga), url(Flow, "change", flow.pk)
    assert "Switch off…" in words(browser.get(page))
    step = url(Flow, "switch", flow.pk, "off")

    assert browser.get(step).status_code == 200
    assert "Enter a reason." in words(browser.post(step, {"reason": ""}))
    assert not SwitchOff.objects.exists()
    done = browser.post(step, {"reason": "The team is away"}, follow=True)
    send(world)

    assert "is switched off. New events wait." in words(done)
    said = words(browser.get(page))
    assert "Olga switched this flow off on" in said
    assert "The team is away" in said
    assert "1 event waits" in said
    again = browser.post(step, {"reason": "Twice"})
    assert again.status_code == 409
    assert "Olga already switched this flow off" in words(again)
    assert not Run.objects.exists()
    HeldEvent.objects.update(received_at=NOW - timedelta(hours=2))  # and time passed

    answer = browser.post(
        url(Flow, "switch", flow.pk, "on"), {"reason": "Back", "waiting": "release"}, follow=True
    )
    assert "1 event is released now." in words(answer)
    advance(clock=timezone.now)
    assert "Off from" in words(browser.get(page))
    run = Run.objects.get()
    shown = words(browser.get(url(Run, "change", run.pk)))
    assert "Held while the flow was switched off from" in shown
    led_to = words(browser.get(url(HeldEvent, "changelist"), {"status": "processed"}))
    assert run.item.ref in led_to
    clocks = list(Clock.objects.filter(item__run=run))
    assert clocks
    for clock in clocks:
        why = words(browser.get(url(Clock, "change", clock.pk)))
        assert "when the event was received. It was held while the flow was switched off" in why
    out = StringIO()
    call_command("explain_due", run.item.ref, stdout=out)
    assert "It was held while the flow was switched off from" in out.getvalue()


def test_a_lead_rejects_what_waited(world: World, flow: Flow) -> None:
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Why")
    send(world)

    answer = signed_in(world.olga).post(
        url(Flow, "switch", flow.pk, "on"), {"reason": "Spam", "waiting": "reject"}, follow=True
    )

    assert "1 event was rejected." in words(answer)
    assert HeldEvent.objects.get().state == HeldEvent.State.REJECTED
    rejected = signed_in(world.olga).get(url(HeldEvent, "changelist"), {"status": "rejected"})
    assert "Held while the flow was switched off from" in words(rejected)


def test_others_see_the_state_and_may_not_switch(world: World, flow: Flow) -> None:
    browser = signed_in(world.alice)

    assert "Switch off…" not in words(browser.get(url(Flow, "change", flow.pk)))
    refused = browser.post(url(Flow, "switch", flow.pk, "off"), {"reason": "No"})

    assert refused.status_code == 403
    assert not SwitchOff.objects.exists()


def test_the_list_shows_and_filters_the_state(world: World, flow: Flow) -> None:
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Why")
    browser, place = signed_in(world.olga), url(Flow, "changelist")

    every = words(browser.get(place))
    off, on = (
        words(browser.get(place, {"state": "off"})),
        words(browser.get(place, {"state": "on"})),
    )

    assert "Switched off since" in every
    assert "by Olga" in every
    assert flow.purpose in off
    assert flow.purpose not in on


def test_the_list_of_held_events_names_event_client_receipt_and_who_is_waited_for(
    world: World, flow: Flow
) -> None:
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Why")
    send(world)

    said = words(signed_in(world.alice).get(url(HeldEvent, "changelist")))

    for text in (
        event_name(HeldEvent.objects.get().event),
        "ACM Ltd",
        "Waiting",
        "Olga switched it off on",
        flow.name,
    ):
        assert text in said


def test_h5_held_events_of_a_restricted_client_are_shown_to_nobody_who_may_not_see_it(
    world: World, flow: Flow
) -> None:
    south = Team.objects.create(name="South", lead=world.olga)
    hidden = make_client("SEC", south, world.olga, world.quin)
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Why")
    send(world, hidden, "Zebrafish")
    row = HeldEvent.objects.get()
    assert row.client == hidden
    Client.objects.filter(pk=hidden.pk).update(restricted=True)

    lead, manager = signed_in(world.olga), signed_in(world.bob)

    assert "SEC Ltd" in words(lead.get(url(HeldEvent, "changelist")))
    assert "SEC Ltd" not in words(manager.get(url(HeldEvent, "changelist")))
    assert manager.get(url(HeldEvent, "change", row.pk)).status_code == 404
    assert lead.get(url(HeldEvent, "change", row.pk)).status_code == 200


def test_today_names_what_waits_to_those_whom_it_concerns(world: World, flow: Flow) -> None:
    switch_off(flow.pk, by=by(world.olga), at=NOW - timedelta(days=1), reason="Why")
    send(world)
    today = reverse("admin:index")

    said = words(signed_in(world.olga).get(today))

    assert f"1 event waits for {flow.name}, which Olga switched off on" in said
    owner_sees = words(signed_in(flow.owner).get(today))
    assert "Switched-off flows" in owner_sees
    assert "Switched-off flows" not in words(signed_in(world.quin).get(today))


def test_the_page_of_the_exception_says_what_waits_and_how_to_end_it(
    world: World, flow: Flow
) -> None:
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="Why")
    send(world)
    case = ExceptionCase.objects.get()

    said = words(signed_in(world.olga).get(url(ExceptionCase, "change", case.pk)))

    assert f"1 event waits for {flow.name}, which Olga switched off on" in said
    assert "The flow is still switched off. Switch it on to end this exception." in said


def test_whoever_records_a_request_is_led_to_what_waits_and_told_until_whom(world: World) -> None:
    take_requests(NOW)
    flow = Flow.objects.get(slug="recorded-request")
    switch_off(flow.pk, by=by(world.olga), at=NOW, reason="The team is away")
    browser = signed_in(world.alice)
    sent = {
        "client": world.acme.pk,
        "title": "A film by phone",
        "channel": "phone",
        "said": "She rang.",
        "once": browser.get(url(Request, "add")).context["token"],
    }

    shown = [browser.post(url(Request, "add"), sent, follow=True) for _ in range(2)]

    held = HeldEvent.objects.get()
    page = url(HeldEvent, "change", held.pk)
    assert [answer.redirect_chain[-1][0] for answer in shown] == [page] * 2
    said = words(shown[0])
    assert "It waits, because Olga switched the flow “Recorded request” off on" in said
    assert "Olga or another operations lead switches it on" in said
    assert "Request recorded at the desk: “A film by phone” recorded by Alice" in said
    assert "Switched-off flows" in words(browser.get(reverse("admin:index")))
