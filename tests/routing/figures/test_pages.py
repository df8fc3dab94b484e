"""The page Figures: numbers, the period before, and the rows behind each number."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from demo.agency.agency import DOMAIN
from routing.kernel.roles import AM
from routing.models import WorkItem
from tests.desk import signed_in, words
from tests.world import NOW, World, make_client, make_request, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("L6"),
]
PAGE = "admin:routing_clock_figures"


def links(page: Any) -> list[tuple[str, str]]:
    """The address and the text of each number of a table."""
    found = re.findall(r'href="([^"]+/figures/rows/[^"]+)"[^>]*>([^<]+)<', page.content.decode())
    return [(unescape(address), text) for address, text in found]


def test_each_number_links_to_rows_that_add_up_to_it(world: World) -> None:
    for _ in range(3):
        make_request(world.acme)
    browser = signed_in(world.alice)

    page = browser.get(reverse(PAGE), {"figure": ["open_work", "work_without_layer"]})

    assert "Open work 3 3 –" in words(page)
    assert "Only 3 rows. A rate needs 5." in words(page)
    for address, number in links(page):
        rows = browser.get(address)
        assert rows.content.decode().count('class="tl-ref"') == int(number) == 3
        assert browser.get(f"{address}?format=json").json()["count"] == 3


def test_a_number_is_beside_that_of_the_period_before(world: World) -> None:
    for days in (1, 2, 40, 41, 42):
        item = make_request(world.acme).item
        WorkItem.objects.filter(pk=item.pk).update(created_at=NOW - timedelta(days=days))

    chosen = {"figure": ["work_without_layer"], "by": ["client"]}
    page = signed_in(world.alice).get(reverse(PAGE), chosen)

    assert "ACM Ltd Only 2 rows. A rate needs 5. 2 –" in words(page)
    assert "The period before is from 25 Sep 2026 to 24 Oct 2026." in words(page)
    before = [number for address, number in links(page) if "2026-09-25" in address]
    assert before == []  # three rows are too few for a rate as well


def test_work_that_one_may_not_see_does_not_count_and_is_not_named(world: World) -> None:
    secret = make_client(
        "SEC", world.team, world.bob, world.alice, name="Zebrafish", restricted=True
    )
    make_request(secret)
    stranger, olga = signed_in(make_user("Sam", AM)), signed_in(world.olga)
    chosen = {"figure": ["open_work"], "by": ["client"]}
    [(address, _number), *_] = links(olga.get(reverse(PAGE), chosen))

    assert "Zebrafish" in words(olga.get(address))
    assert "Zebrafish" not in words(stranger.get(reverse(PAGE), chosen))
    hidden = stranger.get(address)
    assert (hidden.status_code, "Zebrafish" in words(hidden)) == (200, False)
    assert stranger.get(f"{address}?format=json").json()["refs"] == []


def test_work_of_the_demo_counts_only_if_it_is_asked_for(world: World) -> None:
    type(world.bob).objects.filter(pk=world.bob.pk).update(email=f"bob@{DOMAIN}")
    make_request(make_client("BRW", world.team, world.bob, world.alice))
    make_request(world.acme)
    browser, chosen = signed_in(world.alice), {"figure": ["open_work"]}

    own = browser.get(reverse(PAGE), chosen)
    every = browser.get(reverse(PAGE), chosen | {"apart": "1"})

    assert "Open work 1 1" in words(own)
    assert "Open work 2 2" in words(every)
    [(address, _), *_] = links(every)
    assert browser.get(f"{address}?format=json").json()["count"] == 2


def test_an_address_that_cannot_be_read_is_not_found_or_shown_as_usual(world: World) -> None:
    browser = signed_in(world.alice)
    make_request(world.acme)
    page = browser.get(reverse(PAGE), {"from": "soon", "by": "nothing", "figure": "none"})
    [(address, _), *_] = links(browser.get(reverse(PAGE), {"figure": "open_work"}))

    assert page.status_code == 200
    assert "The last 30 days are shown." in words(page)
    for old, new in (("open_work", "no_work"), ("Z/2", "/2"), ("all", "week=2026-W99")):
        assert browser.get(address.replace(old, new, 1)).status_code == 404


def test_who_may_not_see_clocks_sees_no_figures(world: World) -> None:
    assert signed_in(make_user("Nora")).get(reverse(PAGE)).status_code == 403


def test_more_groups_need_no_more_statements(world: World) -> None:
    browser, chosen = signed_in(world.alice), {"figure": ["work_without_layer"], "by": ["client"]}
    make_request(world.acme)
    browser.get(reverse(PAGE), chosen)
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse(PAGE), chosen)
    for number in range(8):
        make_request(make_client(f"C{number}", world.team, world.alice, world.bob))

    with CaptureQueriesContext(connection) as many:
        page = browser.get(reverse(PAGE), chosen)

    assert "C7 Ltd" in words(page)
    assert len(many) == len(few)
