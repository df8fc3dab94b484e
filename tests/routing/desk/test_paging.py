"""Turning the pages of a list: every row once, wherever one comes from."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from unfold.admin import ModelAdmin

from delivery.models import Request
from delivery.requests.admin import RequestAdmin
from routing.desk import change_list
from routing.desk.base import DeskAdmin
from routing.desk.change_list import DeskList
from routing.models import Event, WorkItem
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import NOW, World, make_client, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")

EVERYTHING = {"whose": "all", "open": "all"}


@pytest.fixture(autouse=True)
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeskAdmin, "list_per_page", 4)


def crowd(world: World) -> list[Request]:
    """Ten requests, of which several are due at one time, and three never."""
    other = make_client("OTH", world.team, world.alice, world.bob)
    made = [
        make_request((world.acme, other)[n % 2], title="Garden" if n % 3 else "Poster")
        for n in range(10)
    ]
    for n, row in enumerate(made):
        due = None if n % 4 == 3 else NOW + timedelta(days=n // 4, microseconds=123)
        WorkItem.objects.filter(pk=row.item_id).update(
            next_due_at=due, priority=1 + n % 3, waiting_on=("agency", "client")[n % 2]
        )
    return made


def walked(browser: Any, address: str, query: str, way: str) -> list[list[int]]:
    """The keys on each page, following one link until there is none."""
    pages = []
    while True:
        cl = browser.get(address + query).context["cl"]
        pages.append([row.pk for row in cl.result_list])
        query = getattr(cl, way)
        if not query or len(pages) > 10:
            return pages


@pytest.mark.parametrize(
    "order", ["", "&o=2", "&o=-2", "&o=3.-7", "&o=-5", "&o=8", "&o=-8", "&o=1", "&o=7.2.-3"]
)
@pytest.mark.parametrize("model", [WorkItem, Request])
def test_every_row_comes_once_in_the_order_of_the_whole_also_where_many_are_alike(
    world: World, model: Any, order: str
) -> None:
    crowd(world)
    browser, address, query = (
        signed_in(world.olga),
        url(model, "changelist"),
        f"?whose=all&open=all{order}",
    )

    pages = walked(browser, address, query, "later")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeskAdmin, "list_per_page", 100)
        whole = [row.pk for row in browser.get(address + query).context["cl"].result_list]
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [key for page in pages for key in page] == whole


@pytest.mark.parametrize("order", ["", "&o=-2", "&o=3.-7"])
def test_going_back_shows_the_pages_one_came_by(world: World, order: str) -> None:
    crowd(world)
    browser, address = signed_in(world.olga), url(WorkItem, "changelist")
    query, forth = f"?whose=all&open=all{order}", []
    while query:
        cl = browser.get(address + query).context["cl"]
        forth.append([row.pk for row in cl.result_list])
        last, query = query, cl.later

    assert walked(browser, address, last, "earlier") == forth[::-1]


def test_filters_search_and_pages_go_together(world: World) -> None:
    made = crowd(world)
    query = "?whose=all&open=all&q=garden&waiting_on=client"

    pages = walked(signed_in(world.alice), url(WorkItem, "changelist"), query, "later")

    wanted = {row.item_id for n, row in enumerate(made) if n % 3 and n % 2}
    assert {key for page in pages for key in page} == wanted


def test_a_row_that_goes_away_between_two_pages_hides_no_other(world: World) -> None:
    crowd(world)
    browser, address = signed_in(world.olga), url(WorkItem, "changelist")
    first = browser.get(address, EVERYTHING).context["cl"]
    keys = [row.pk for row in first.result_list]
    expected = browser.get(address + first.later).context["cl"].result_list
    WorkItem.objects.filter(pk=keys[-1]).update(next_due_at=None)

    assert [row.pk for row in browser.get(address + first.later).context["cl"].result_list] == [
        row.pk for row in expected
    ]


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "W10",
        "bnVsbA",
        "WzEsMl0",
        "e30",
        "WyIyMDI2LTExLTIzIixudWxsXQ",
        "WyJcdTAwMDAiLDFd",
        "a" * 5000,
        "é",
        "",
    ],
)
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_forged_place_is_the_beginning(world: World, way: str, place: str) -> None:
    crowd(world)

    page = signed_in(world.olga).get(
        url(WorkItem, "changelist"), {**EVERYTHING, way: place, "page": "-9"}
    )

    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == 4
    assert page.context["cl"].number == 1


def test_a_place_behind_the_last_row_leads_back(world: World) -> None:
    crowd(world)
    browser, address = signed_in(world.olga), url(WorkItem, "changelist")
    later = browser.get(address, EVERYTHING).context["cl"].later
    WorkItem.objects.update(next_due_at=NOW - timedelta(days=9), is_open=False)

    page = browser.get(address + later.replace("open=all", "open=open"))

    assert page.context["cl"].earlier
    assert page.status_code == 200


def test_it_counts_no_further_than_anybody_reads_and_never_what_is_hidden(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(world)
    others_secret(world)
    browser, address = signed_in(world.alice), url(WorkItem, "changelist")

    assert "10 work items" in words(browser.get(address, EVERYTHING))
    monkeypatch.setattr(change_list, "COUNTED", 5)

    assert "more than 5 work items" in words(browser.get(address, EVERYTHING))


@pytest.mark.parametrize("model", [WorkItem, Request])
def test_a_list_asks_four_questions_beyond_session_and_user_on_every_page(
    world: World, model: Any
) -> None:
    browser, address, counts = signed_in(world.alice), url(model, "changelist"), []
    for more in (12, 40):
        for _ in range(more):
            make_request(world.acme)
        query = "?whose=all&open=all"
        for _page in range(2):
            with CaptureQueriesContext(connection) as queries:
                cl = browser.get(address + query).context["cl"]
            counts.append(len(queries))
            query = cl.later

    assert counts == [2 + 4] * 4


def test_pages_say_where_one_is_and_lead_on_by_plain_links(world: World) -> None:
    crowd(world)
    browser, address = signed_in(world.olga), url(Request, "changelist")

    first = browser.get(address, EVERYTHING)
    second = browser.get(address + first.context["cl"].later)

    assert 'rel="next"' in first.content.decode()
    assert 'rel="prev"' not in first.content.decode()
    assert "Page 2" in words(second)
    assert 'rel="prev"' in second.content.decode()
    assert RequestAdmin.change_list_template == "desk/list.html"


def linked(page: Any, rel: str) -> str:
    """The address behind “Next” or “Previous”, as the page itself shows it; empty without one."""
    found = re.search(rf'rel="{rel}" href="([^"]*)"', page.content.decode())
    return unescape(found[1]) if found else ""


def shown(page: Any) -> list[int]:
    return [row.pk for row in page.context["cl"].result_list]


@pytest.mark.parametrize("query", ["?", "?source=crm", "?o=4", "?source=crm&o=4"])
def test_events_are_read_forwards_and_back_by_the_links_of_the_page(
    world: World, query: str
) -> None:
    for row in crowd(world):
        Event.objects.create(
            kind="crm.deal.changed", source="crm", item=row.item, actor=world.ivan, at=NOW
        )
    wanted = Event.objects.filter(source="crm") if "crm" in query else Event.objects.all()
    browser, address = signed_in(world.olga), url(Event, "changelist")

    page = browser.get(address + query)
    forth = [shown(page)]
    while onward := linked(page, "next"):
        page = browser.get(address + onward)
        forth.append(shown(page))
    back = [shown(page)]
    while backward := linked(page, "prev"):
        page = browser.get(address + backward)
        back.append(shown(page))

    assert [key for part in forth for key in part] == list(
        wanted.order_by(*(("at", "id") if "o=4" in query else ("-at", "-id"))).values_list(
            "pk", flat=True
        )
    )
    assert len(forth) > 2
    assert back == forth[::-1]


def test_every_list_of_the_desk_turns_its_pages_in_this_one_way(rf: Any) -> None:
    for model, desk in admin.site._registry.items():
        assert issubclass(desk.get_changelist(rf.get("/")), DeskList), model
        assert desk.paginator is ModelAdmin.paginator, model
