"""The search of the desk: over everything a person sees, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from delivery.models import Request
from routing.models import Client
from routing.work.search import SHOWN
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import World, make_client, make_request, make_user

pytestmark = pytest.mark.usefixtures("without_second_factor")

FIND = reverse("search")


def found(page: Any) -> list[str]:
    return [item.ref for group in page.context["groups"] for item, _ in group["rows"]]


@pytest.mark.parametrize("typed", ["ACM-1", "acm-1", " ACM-1 "])
def test_a_reference_leads_straight_to_its_work(world: World, typed: str) -> None:
    made = make_request(world.acme)

    page = signed_in(world.alice).get(FIND, {"q": typed}, follow=True)

    assert page.redirect_chain[-1][0] == url(Request, "change", made.pk)


@pytest.mark.parametrize(
    "typed", ["M-1", "garden", "GARD catalogue", "acm ltd", "acm", "tulips", "ga"]
)
def test_it_finds_by_a_part_of_the_reference_the_title_the_client_and_what_was_written(
    world: World, typed: str
) -> None:
    made = make_request(world.acme, title="Garden catalogue", details="With all the tulips")
    make_request(make_client("OTH", world.team, world.alice, world.bob, name="Other"), title="Else")

    assert found(signed_in(world.alice).get(FIND, {"q": typed})) == [made.item.ref]


def test_every_word_must_be_found(world: World) -> None:
    make_request(world.acme, title="Garden catalogue")

    assert found(signed_in(world.alice).get(FIND, {"q": "garden poster"})) == []


@pytest.mark.parametrize("typed", ["", "Hidden garden", "SEC", "Secret"])
def test_what_may_not_be_seen_is_not_found_by_any_word_of_it(world: World, typed: str) -> None:
    hidden = others_secret(world)
    typed = typed or hidden.item.ref

    page = signed_in(world.alice).get(FIND, {"q": typed})

    assert page.status_code == 200
    assert found(page) == []
    assert [
        client for client, _ in page.context["clients"] if client.pk == hidden.item.client_id
    ] == []
    assert hidden.item.ref in found(signed_in(world.olga).get(FIND, {"q": "Secret"}))


def test_hidden_work_changes_no_word_of_the_page(world: World) -> None:
    browser = signed_in(world.alice)
    for _ in range(SHOWN):
        make_request(world.acme, title="Same words")
    before = words(browser.get(FIND, {"q": "same words"}))
    others_secret(world)
    make_request(Client.objects.exclude(pk=world.acme.pk).get(restricted=True), title="Same words")

    assert words(browser.get(FIND, {"q": "same words"})) == before


def test_clients_are_found_beside_their_work_and_more_leads_to_the_list(world: World) -> None:
    for _ in range(SHOWN + 1):
        make_request(world.acme, title="Poster")
    browser = signed_in(world.alice)

    page = browser.get(FIND, {"q": "ACM"})

    [group] = page.context["groups"]
    assert [client for client, _ in page.context["clients"]] == [world.acme]
    assert len(group["rows"]) == SHOWN
    assert browser.get(group["more"]).context["cl"].result_count == SHOWN + 1


@pytest.mark.parametrize(
    "typed",
    [
        "%",
        "_",
        "a\0b",
        "'\"; --",
        "\\",
        "x" * 10_000,
        "ä" * 300,
        "<script>",
        "1 2 3 4 5 6 7 8 9 10 11",
        "😀",
    ],
)
def test_nothing_that_can_be_typed_breaks_it_or_means_everything(world: World, typed: str) -> None:
    make_request(world.acme, title="Plain")
    browser = signed_in(world.alice)

    page = browser.get(FIND, {"q": typed})
    listed = browser.get(url(Request, "changelist"), {"q": typed})

    assert (page.status_code, found(page)) == (200, [])
    assert "<script>" not in page.content.decode()
    assert listed.status_code == 200
    assert "\0" in typed or list(listed.context["cl"].result_list) == []


def test_it_asks_the_same_questions_however_much_is_found(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for number in (1, 30):
        for _ in range(number):
            make_request(world.acme, title="Poster")
        with CaptureQueriesContext(connection) as queries:
            browser.get(FIND, {"q": "poster"})
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_who_may_see_no_work_finds_none(world: World) -> None:
    make_request(world.acme, title="Poster")
    nobody = make_user("Nobody")

    assert signed_in(nobody).get(FIND, {"q": "poster"}).status_code == 403
