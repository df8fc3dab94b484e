"""H19: the words of the portal are plain and true, and nothing that was typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from delivery.flows.client_request import KINDS
from delivery.models import Request
from integrations.adapters.mail.content import invitation_of
from routing.work.display import size
from tests.delivery.portal.test_new import FORM, filled, work
from tests.desk import words
from tests.portal import APPROVER, REQUESTER, VIEWER, browser_of, invited, user_of
from tests.world import NOW, World, make_request


@pytest.mark.parametrize("role", [VIEWER, REQUESTER, APPROVER])
def test_h19_an_invitation_promises_what_the_role_allows(world: World, role: Any) -> None:
    contact = invited(world, "Vera", (world.acme, role))

    letter = invitation_of(user_of(contact), contact.pk, world.alice.pk)

    assert letter is not None
    assert ("request new work" in letter.body) == (role != VIEWER)


def test_h19_a_viewer_reads_why_a_request_is_not_hers_and_nothing_about_staff(
    world: World, flow: str
) -> None:
    page = browser_of(invited(world, "Vera", (world.acme, VIEWER))).get(FORM)

    assert page.status_code == 403
    assert "You can view requests but not send them" in words(page)
    assert "staff" not in words(page)


def test_h19_error_pages_have_the_navigation_of_the_portal(browser: Browser) -> None:
    page = browser.get("/portal/requests/NO-1/").content.decode()

    assert 'href="/portal/"' in page
    assert 'href="/portal/requests/"' in page


def test_h19_kind_and_budget_are_shown_back(browser: Browser, flow: str) -> None:
    browser.post(FORM, filled(**{"request.budget": "4800"}))
    work()
    row = Request.objects.select_related("item").get()

    page = words(browser.get(f"/portal/requests/{row.item.ref}/"))

    assert f"What kind of work is it? {KINDS[0]}" in page
    assert "Budget in mind 4800" in page


@pytest.mark.parametrize(
    ("count", "shown"),
    [(50_000_000, "50 MB"), (1_500_000, "1.5 MB"), (2_000, "2 kB"), (1, "1 byte"), (0, "0 bytes")],
)
def test_h19_sizes_are_shown_in_the_units_of_the_limit(count: int, shown: str) -> None:
    assert size(count) == shown


def test_h19_too_many_files_are_told_and_the_text_stays(browser: Browser, flow: str) -> None:
    files = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(101)]

    page = browser.post(FORM, {**filled(), "uploads": files})

    assert page.status_code == 200
    assert "At most 10 files at once." in words(page)
    assert "Two minutes,\nfor the trade fair." in page.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"request.title": ""},
        {"request.title": "x" * 201},
        {"request.details": "x" * 5_001},
        {"request.type": "Nothing like it"},
        *({"request.budget": value} for value in ("x", "1" * 30, "1.23456", "-1")),
        *({"request.wanted": value} for value in ("x", "2026-02-30", "9999-01-01")),
    ],
    ids=repr,
)
def test_h19_no_sentence_is_djangos_own(browser: Browser, flow: str, wrong: dict[str, str]) -> None:
    page = words(browser.post(FORM, filled(**wrong)))

    assert "Correct the marked fields" in page
    assert not re.search(r"Ensure |This field|Select a valid|Enter a valid", page)


def test_h19_a_request_of_the_desk_shows_no_facts_of_its_run(
    world: World, browser: Browser
) -> None:
    row = make_request(world.acme, channel="email", at=NOW)

    assert "Budget" not in words(browser.get(f"/portal/requests/{row.item.ref}/"))
