"""A request from the portal: typed, captured once, routed like any other."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from delivery.flows.client_request import KINDS
from delivery.models import Brief, Request
from delivery.progress.operations.submissions import submit
from routing.audit.operations.erasure import erase
from routing.models import Contact, Decision, Enrichment, Event, ExceptionCase, Run
from routing.runs.operations.advance import advance
from routing.runs.operations.enrich import enrich
from routing.runs.operations.process import process
from tests.desk import words
from tests.portal import REQUESTER, VIEWER, browser_of, invited, other_client, user_of
from tests.threads import at_once
from tests.world import NOW, World, by

pytestmark = pytest.mark.requirement("U3")

TOKEN = "a-token-of-this-form"
FORM = "/portal/new/client-request/"


# A date to come, whenever the suite runs.
WANTED = (NOW + timedelta(days=128)).date().isoformat()


def filled(**more: Any) -> dict[str, Any]:
    return {
        "token": TOKEN,
        "request.title": "A film about the lodge",
        "request.type": KINDS[0],
        "request.details": "Two minutes,\nfor the trade fair.",
        "request.wanted": WANTED,
        **more,
    }


def work() -> None:
    advance(clock=lambda: NOW)


@pytest.mark.requirement("T1", "T12", "U7")
def test_a_submitted_form_becomes_a_run_with_decision_request_and_brief(
    world: World, browser: Browser, carla: Contact, flow: str
) -> None:
    answer = browser.post(FORM, filled())
    waiting = words(browser.get(answer.headers["Location"]))
    work()
    there = browser.get(answer.headers["Location"])

    row = Request.objects.select_related("item__run").get()
    assert (row.item.title, row.details) == (
        "A film about the lodge",
        "Two minutes,\nfor the trade fair.",
    )
    assert (row.channel, row.contact_id, str(row.wanted_date)) == ("portal", carla.pk, WANTED)
    assert (row.item.client_id, row.item.owner_id, row.item.backup_id) == (
        world.acme.pk,
        world.alice.pk,
        world.bob.pk,
    )
    assert row.item.run is not None
    assert (row.item.run.state, row.item.run.flow.slug) == (Run.State.IN_DELIVERY, flow)
    assert Decision.objects.get().run_id == row.item.run_id
    assert "Two minutes" in Brief.objects.get().body
    assert Event.objects.get(kind="portal.request").actor_id == user_of(carla).pk
    assert "We have received your request" in waiting
    assert there.headers["Location"] == f"/portal/requests/{row.item.ref}/"


def test_a_form_sent_twice_is_one_request_and_one_changed_afterwards_too(
    browser: Browser, flow: str
) -> None:
    first = browser.post(FORM, filled())
    browser.post(FORM, filled())
    changed = browser.post(FORM, filled(**{"request.title": "Another film"}))
    work()

    assert first.headers["Location"] == changed.headers["Location"]
    assert Request.objects.count() == Event.objects.filter(kind="portal.request").count() == 1
    assert not ExceptionCase.objects.exists()


def test_a_double_click_is_one_request(committed_world: World) -> None:
    contact = invited(committed_world, "Carla", (committed_world.acme, REQUESTER))
    actor, answers = by(user_of(contact)), {"request.title": "A film"}

    def send() -> Any:
        return submit(
            "client-request",
            answers,
            client_id=committed_world.acme.pk,
            token=TOKEN,
            by=actor,
            at=NOW,
        )

    found = at_once([send] * 6)

    assert len({captured.event_id for captured in found}) == 1
    assert sorted(captured.outcome for captured in found) == ["new", *["repeated"] * 5]


def test_two_contacts_with_the_same_token_do_not_meet(
    world: World, browser: Browser, zoe: Contact, flow: str
) -> None:
    browser.post(FORM, filled())
    other = browser_of(zoe)

    missing = other.get(f"/portal/sent/{TOKEN}/").status_code
    other.post(FORM, filled())
    work()

    assert missing == 404
    assert sorted(Request.objects.values_list("item__client__code", flat=True)) == ["ACM", "ZED"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"request.title": ""}, "Fill in this field."),
        ({"request.title": "x" * 201}, "at most 200 characters"),
        ({"request.type": "A revolution"}, "This choice is no longer available"),
        ({"request.wanted": "soon"}, "Enter a date such as 2027-03-31."),
        ({"request.wanted": "2027-02-30"}, "Enter a date such as"),
        ({"request.budget": "a lot"}, "Enter a number such as"),
        ({"request.budget": "1e400"}, "This number is too large."),
        ({"request.title": "\x00\u200b"}, "Fill in this field."),
        ({"request.details": "x" * 5001}, "at most 5000 characters"),
        ({"token": "no"}, "Send it again"),
    ],
)
def test_errors_say_what_is_wrong_and_keep_what_was_typed(
    browser: Browser, flow: str, wrong: dict[str, str], says: str
) -> None:
    answer = browser.post(FORM, filled(**wrong))

    assert answer.status_code == 200
    assert says in words(answer)
    assert "trade fair" in answer.content.decode() or "request.details" in wrong
    assert not Event.objects.filter(kind="portal.request").exists()


def test_the_only_form_is_headed_by_what_it_is_for(browser: Browser, flow: str) -> None:
    """Clients read “Client request”, the agency's own name of the flow."""
    page = browser.get(FORM).content.decode()

    assert "<h1>New request</h1>" in page
    assert "Client request" not in page


def test_a_broken_token_is_replaced_so_that_the_next_try_goes_through(
    browser: Browser, flow: str
) -> None:
    page = browser.post(FORM, filled(token="no")).content.decode()

    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    assert browser.post(FORM, filled(token=token[1])).status_code == 302


def test_a_viewer_can_neither_open_nor_send_the_form(world: World, flow: str) -> None:
    vera = browser_of(invited(world, "Vera", (world.acme, VIEWER)))

    answers = [vera.get("/portal/new/"), vera.get(FORM), vera.post(FORM, filled())]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert not Event.objects.filter(kind="portal.request").exists()


def test_the_client_is_one_of_ones_own_where_one_may_ask(world: World, flow: str) -> None:
    zed, yak = other_client(world), other_client(world, "YAK")
    contact = browser_of(
        invited(world, "Carla", (world.acme, REQUESTER), (zed, REQUESTER), (yak, VIEWER))
    )

    for client in (yak.pk, 999_999, "x", ""):
        assert contact.post(FORM, filled(client=client)).status_code == 200
    contact.post(FORM, filled(client=zed.pk))
    work()

    assert Request.objects.get().item.client == zed


def test_what_else_is_posted_is_not_looked_at(
    world: World, browser: Browser, zoe: Contact, flow: str
) -> None:
    more = {
        "client": 999,
        "client.name": "Evil",
        "contact.email": "x@evil.test",
        "state": "accepted",
        "request.owner": "1",
        "contact": zoe.pk,
    }

    browser.post(FORM, filled(**more))
    work()

    facts = Enrichment.objects.latest("id").facts
    assert Request.objects.get().item.client == world.acme
    assert (facts["client.name"], facts["contact.email"]) == (world.acme.name, "carla@client.test")
    assert "request.owner" not in facts


def test_braces_and_html_in_a_form_stay_text(browser: Browser, flow: str) -> None:
    browser.post(FORM, filled(**{"request.title": "{client.name} <script>x</script>\r\nand more"}))
    work()

    row = Request.objects.select_related("item").get()
    assert row.item.title == "{client.name} <script>x</script> and more"
    assert "<script>x" not in browser.get(f"/portal/requests/{row.item.ref}/").content.decode()


def test_a_form_without_csrf_token_is_refused(carla: Contact, flow: str) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(user_of(carla))

    assert strict.post(FORM, filled()).status_code == 403


def test_until_it_is_a_request_it_stands_in_the_list_as_being_looked_at(
    world: World, browser: Browser, zoe: Contact, flow: str
) -> None:
    browser.post(FORM, filled())
    process(at=NOW)
    enrich(clock=lambda: NOW)

    assert "A film about the lodge Sent" in words(browser.get("/portal/"))
    assert "A film about the lodge" not in words(browser_of(zoe).get("/portal/"))
    assert not Request.objects.exists()


def test_without_a_published_form_the_page_says_what_to_do(browser: Browser) -> None:
    assert "Write to your contact person" in words(browser.get("/portal/new/"))
    assert browser.get(FORM).status_code == 404


def test_erasing_the_contact_takes_what_they_sent_with_it(
    world: World, browser: Browser, carla: Contact, flow: str
) -> None:
    browser.post(FORM, filled())
    work()

    erase(carla.pk, by=by(world.olga), at=NOW, reason="Asked for it.")

    event = Event.objects.select_related("payload").get(kind="portal.request")
    assert event.payload.body == {}
    assert "contact.email" not in Enrichment.objects.latest("id").facts
