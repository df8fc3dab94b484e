"""The list of requests, and opening one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import Request
from routing.models import Event, Membership, WorkItem
from routing.work import display
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import World, make_client, make_contact, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


def test_a_list_of_fifty_costs_what_a_list_of_five_costs(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for number in (5, 45):
        for _ in range(number):
            make_request(world.acme)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(Request, "changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 16


def test_it_shows_open_work_first_and_ended_work_on_demand(world: World) -> None:
    make_request(world.acme, title="Running")
    make_request(world.acme, Request.State.REJECTED, title="Long gone")
    browser = signed_in(world.alice)

    assert "Long gone" not in words(browser.get(url(Request, "changelist")))
    assert "Long gone" in words(browser.get(url(Request, "changelist"), {"open": "ended"}))


@pytest.mark.parametrize("query", ["ACM-1", "garden", "acm ltd"])
def test_search_finds_by_reference_title_and_client(world: World, query: str) -> None:
    make_request(world.acme, title="A garden catalogue")
    make_request(make_client("OTH", world.team, world.alice, world.bob), title="Else")

    page = signed_in(world.alice).get(url(Request, "changelist"), {"q": query})

    assert [row.item.title for row in page.context["cl"].result_list] == ["A garden catalogue"]


@pytest.mark.parametrize(
    "query",
    [
        "open=nonsense",
        "client=x",
        "priority=9",
        "waiting_on=x",
        "whose=x",
        "p=99",
        "o=99.x",
        "state__exact=x",
    ],
)
def test_a_list_survives_a_forged_query(world: World, query: str) -> None:
    make_request(world.acme)

    assert signed_in(world.alice).get(f"{url(Request, 'changelist')}?{query}").status_code in {
        200,
        302,
    }


def test_an_empty_list_says_what_to_do(world: World) -> None:
    page = words(signed_in(world.alice).get(url(Request, "changelist")))

    assert "Add a client's request" in page
    assert "Add request" in page


def opening(world: World, **fields: object) -> dict[str, object]:
    return {
        "client": world.acme.pk,
        "title": "A site",
        "priority": 3,
        "kind": "new",
        "channel": "email",
        **fields,
    }


@pytest.mark.usefixtures("takes_requests")
def test_a_request_is_opened_through_the_operation(world: World) -> None:
    answer = signed_in(world.bob).post(
        url(Request, "add"), opening(world, details="Words", state="accepted")
    )

    made = Request.objects.select_related("item").get()
    assert answer["Location"] == url(Request, "change", made.pk)
    assert (made.state, made.item.owner, made.details) == ("captured", world.alice, "Words")
    assert made.history.get().history_user == world.bob


def test_b1_without_a_flow_the_form_says_what_is_missing(world: World) -> None:
    page = words(signed_in(world.alice).post(url(Request, "add"), opening(world, said="By mail")))

    assert "No published flow takes recorded requests" in page
    assert not Event.objects.filter(source="desk").exists()


@pytest.mark.usefixtures("takes_requests")
def test_sending_the_form_twice_opens_one(world: World) -> None:
    browser = signed_in(world.alice)
    token = browser.get(url(Request, "add")).context["token"]

    answers = [browser.post(url(Request, "add"), opening(world, once=token)) for _ in range(2)]

    made = Request.objects.get()
    assert [answer["Location"] for answer in answers] == [url(Request, "change", made.pk)] * 2


@pytest.mark.usefixtures("takes_requests")
def test_a_form_with_errors_keeps_what_was_typed_and_can_be_sent_again(world: World) -> None:
    browser = signed_in(world.alice)
    token = browser.get(url(Request, "add")).context["token"]

    page = browser.post(
        url(Request, "add"), opening(world, once=token, title="", details="Half of it")
    )
    browser.post(url(Request, "add"), opening(world, once=token))

    assert "Half of it" in page.content.decode()
    assert Request.objects.count() == 1


@pytest.mark.usefixtures("takes_requests")
def test_a_client_that_is_not_seen_and_a_strangers_contact_are_no_choices(world: World) -> None:
    hidden = others_secret(world).item.client
    assert hidden is not None
    contact = make_contact()
    Membership.objects.create(contact=contact, client=hidden)
    browser = signed_in(world.alice)

    browser.post(url(Request, "add"), opening(world, client=hidden.pk))
    browser.post(url(Request, "add"), opening(world, contact=contact.pk))

    assert not Request.objects.filter(item__title="A site").exists()
    assert "Secret Ltd" not in words(browser.get(url(Request, "add")))


@pytest.mark.parametrize("who", ["audrey", "cora", "quin"])
def test_only_those_who_may_open_requests(world: World, who: str) -> None:
    browser = signed_in(getattr(world, who))

    assert browser.get(url(Request, "add")).status_code == 403
    assert browser.post(url(Request, "add"), opening(world)).status_code == 403


def test_times_are_relative_with_the_instant_in_the_readers_zone_on_hover() -> None:
    now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

    with timezone.override("Asia/Tokyo"):
        shown = display.when(now.replace(hour=6), now)

    assert 'title="Mon 23 Nov 2026, 15:00 JST"' in shown.replace("15:30", "15:00")
    assert "3\xa0hours ago" in shown


def test_late_work_says_how_late() -> None:
    now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

    shown = display.due(WorkItem(is_open=True, next_due_at=now.replace(hour=7, minute=30)), now)

    assert "tl-late" in shown
    assert "2\xa0hours overdue" in shown
