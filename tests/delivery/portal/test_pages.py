"""Portal pages of a contact: their own clients' requests, in client-facing words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from delivery.models import Request
from delivery.portal.words import STATUSES
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.models import Contact, Event, User
from routing.work.operations import items
from tests.desk import words
from tests.portal import VIEWER, browser_of, invited
from tests.world import MONDAY, NOW, World, by, make_request

LONG = "a" * 5_000
PAGES = (
    "/portal/",
    "/portal/requests/",
    "/portal/requests/ACM-1/",
    "/portal/requests/ACM-1/withdraw/",
    "/portal/new/",
)


def test_strangers_are_asked_to_sign_in_and_come_back_to_the_page(db: None) -> None:
    for path in PAGES:
        assert Browser().get(path).headers["Location"] == f"/accounts/login/code/?next={path}"
    assert (
        Browser().get("/portal/", headers={"HX-Request": "true"}).headers["HX-Redirect"]
        == "/accounts/login/code/"
    )


def test_staff_are_sent_to_the_desk(world: World, settings: Any) -> None:
    settings.EMBEDDED = True
    alice = Browser()
    alice.force_login(world.alice)

    assert alice.get("/portal/").status_code == 403


@pytest.mark.parametrize("state", list(Request.State))
def test_every_state_has_words_for_clients_and_none_of_the_agencys_own(
    world: World, browser: Browser, carla: Contact, state: str
) -> None:
    fields = {"duplicate_of": make_request(world.acme)} if state == Request.State.DUPLICATE else {}
    row = make_request(world.acme, state, contact=carla, channel="portal", **fields)

    page = words(browser.get(f"/portal/requests/{row.item.ref}/"))

    assert str(STATUSES[state].label) in page
    assert str(STATUSES[state].then) in page
    assert not any(
        word in page.lower()
        for word in ("captured", "triaged", "workitem", "backup", world.bob.full_name.lower())
    )


def test_a_page_names_the_owner_and_nobody_else_of_the_agency(
    world: World, browser: Browser
) -> None:
    row = make_request(world.acme, channel="portal")
    requests.ask([row.pk], by=by(world.bob), at=NOW, details=AskDetails(question="Which pages?"))
    items.hold([row.item_id], by=by(world.olga), at=NOW, reason="They do not pay.")

    page = words(browser.get(f"/portal/requests/{row.item.ref}/"))

    assert world.alice.full_name in page
    assert "Paused" in page
    for secret in (world.bob.full_name, world.olga.full_name, "They do not pay"):
        assert secret not in page


def test_reasons_of_the_agency_are_not_told(world: World, browser: Browser) -> None:
    row = make_request(world.acme)
    requests.reject([row.pk], by=by(world.alice), at=NOW, reason="Too small for us.")

    page = words(browser.get(f"/portal/requests/{row.item.ref}/"))

    assert "Declined" in page
    assert "Too small" not in page


def test_what_a_crm_told_is_not_shown_as_what_was_asked(world: World, browser: Browser) -> None:
    row = make_request(world.acme, channel="crm", details="Sold for 80,000, margin 40 %")

    assert "margin" not in words(browser.get(f"/portal/requests/{row.item.ref}/"))


def test_home_shows_a_question_first_and_says_so_when_nothing_waits(
    world: World, browser: Browser
) -> None:
    row = make_request(world.acme, title="A film")
    empty = words(browser.get("/portal/"))
    requests.ask([row.pk], by=by(world.alice), at=NOW, details=AskDetails(question="How long?"))

    page = words(browser.get("/portal/"))

    assert "Nothing is waiting for you" in empty
    assert "Answer a question" in page
    assert "Nothing is waiting for you" not in page


def test_a_viewer_is_not_asked_and_cannot_answer(world: World) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, question="How long?")
    vera = browser_of(invited(world, "Vera", (world.acme, VIEWER)))

    home, page = words(vera.get("/portal/")), vera.get(f"/portal/requests/{row.item.ref}/")
    answer = vera.post(f"/portal/requests/{row.item.ref}/answer/", {"details": "Two minutes"})

    assert "Answer a question" not in home
    assert "New request" not in home
    assert "How long?" in words(page)
    assert "Send answer" not in words(page)
    assert answer.status_code == 403
    assert Request.objects.get(pk=row.pk).state == Request.State.NEEDS_INFORMATION


@pytest.mark.stands_at(MONDAY)
def test_times_are_in_the_contacts_own_zone(world: World, carla: Contact, browser: Browser) -> None:
    row = make_request(world.acme)
    User.objects.filter(contact=carla).update(timezone="Asia/Tokyo")

    page = browser.get(f"/portal/requests/{row.item.ref}/").content.decode()

    assert 'title="Mon 23 Nov 2026, 18:30 JST"' in page


def test_html_in_a_title_or_a_question_is_only_text(world: World, browser: Browser) -> None:
    row = make_request(
        world.acme, title="<script>alert(1)</script>", details="<b>bold</b>", channel="portal"
    )
    requests.ask(
        [row.pk],
        by=by(world.alice),
        at=NOW,
        details=AskDetails(question="<img src=x onerror=alert(1)>"),
    )

    pages = [
        browser.get(path).content.decode()
        for path in ("/portal/", "/portal/requests/", f"/portal/requests/{row.item.ref}/")
    ]

    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<b>bold" not in page


@pytest.mark.parametrize(
    "query",
    [
        "?q=%F0%9F%8E%AC",
        "?show=<x>&page=-1",
        "?page=9999999999999",
        "?q=" + LONG,
        "?page=x",
    ],
)
def test_odd_questions_to_the_list_are_answered(browser: Browser, query: str) -> None:
    assert browser.get(f"/portal/requests/{query}").status_code == 200


def test_a_question_that_no_text_can_hold_is_refused_with_words(browser: Browser) -> None:
    answer = browser.get("/portal/requests/?q=%00")

    assert answer.status_code == 400
    assert "We could not read the request." in words(answer)


def test_the_list_finds_by_title_number_and_state(world: World, browser: Browser) -> None:
    make_request(world.acme, title="A film")
    make_request(world.acme, Request.State.CLOSED, title="An old site")

    assert "A film" in words(browser.get("/portal/requests/"))
    assert "An old site" not in words(browser.get("/portal/requests/"))
    assert "An old site" in words(browser.get("/portal/requests/?show=ended"))
    assert "A film" in words(browser.get("/portal/requests/?q=acm-1"))
    part = browser.get(
        "/portal/requests/?q=film", headers={"HX-Request": "true", "HX-Target": "list"}
    ).content.decode()
    assert "A film" in part
    assert "<html" not in part


def test_a_list_asks_the_database_as_often_for_many_as_for_one(
    world: World, browser: Browser, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for many in (1, 12):
        for number in range(many):
            make_request(world.acme, title=f"Film {number}")
        with django_assert_max_num_queries(20) as asked:
            browser.get("/portal/requests/")
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_reading_changes_nothing(world: World, browser: Browser, carla: Contact) -> None:
    row = make_request(
        world.acme, Request.State.NEEDS_INFORMATION, question="How long?", contact=carla
    )
    before = Event.objects.count()
    for path in ("/portal/", "/portal/requests/", "/portal/new/", "/portal/sent/abc/"):
        browser.get(path)
    for step in ("", "withdraw/", "answer/"):
        browser.get(f"/portal/requests/{row.item.ref}/{step}")

    assert Event.objects.count() == before
    assert Request.objects.get(pk=row.pk).state == Request.State.NEEDS_INFORMATION


def test_pages_run_our_scripts_only_and_are_kept_by_nobody(browser: Browser) -> None:
    headers = browser.get("/portal/").headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "no-store" in headers["Cache-Control"]
