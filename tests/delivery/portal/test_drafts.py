"""H10: what a client typed is there again after the session expired and they signed in again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from delivery.models import FormDraft
from delivery.portal.drafts import KEPT_FOR, MOST_DRAFTS, keep
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.audit.operations.erasure import erase
from routing.models import Contact
from tests.delivery.portal.test_new import FORM, TOKEN, filled
from tests.desk import words
from tests.portal import browser_of
from tests.world import NOW, World, by, make_request

DRAFTS, NAME = "/portal/drafts/", "request:client-request"
TYPED = "Two minutes about the lodge,\nfor the trade fair."


def save(browser: Browser, name: str = NAME, **more: Any) -> int:
    sent = {**filled(**{"request.details": TYPED}), "draft": name, **more}
    return browser.post(DRAFTS, sent).status_code


def test_h10_a_form_is_filled_again_after_the_session_expired(
    browser: Browser, carla: Contact, flow: str
) -> None:
    page = browser.get(FORM)
    assert f'data-draft="{NAME}"' in page.content.decode()
    assert save(browser) == 204
    browser.logout()

    away = browser.post(FORM, filled(), headers={"Referer": f"http://testserver{FORM}"})
    again = browser_of(carla).get(FORM)

    assert away.headers["Location"] == f"/accounts/login/code/?next={FORM}"
    assert TYPED in again.content.decode()
    assert "Here is what you typed until" in words(again)
    assert FormDraft.objects.get().values["request.title"] == "A film about the lodge"
    assert TOKEN not in str(FormDraft.objects.get().values)


def test_h10_a_form_that_was_sent_has_no_draft_any_more(browser: Browser, flow: str) -> None:
    save(browser)

    browser.post(FORM, filled())

    assert not FormDraft.objects.exists()


def test_h10_answers_are_kept_too_and_only_for_their_author(
    world: World, browser: Browser, zoe: Contact
) -> None:
    row = make_request(world.acme)
    requests.ask([row.pk], by=by(world.alice), at=NOW, details=AskDetails("How long?"))
    path = f"/portal/requests/{row.item.ref}/"

    browser.post(DRAFTS, {"draft": f"answer:{row.item.ref}", "details": "About two"})

    assert "About two" in browser.get(path).content.decode()
    browser_of(zoe).post(DRAFTS, {"draft": f"answer:{row.item.ref}", "details": "Mine"})
    assert "Mine" not in browser.get(path).content.decode()
    browser.post(f"{path}answer/", {"details": "Two minutes"})
    assert [draft.contact for draft in FormDraft.objects.all()] == [zoe]


def test_h10_an_emptied_form_and_a_form_that_does_not_exist_keep_nothing(
    browser: Browser, flow: str
) -> None:
    save(browser)
    browser.post(DRAFTS, {"draft": NAME, "request.title": " ", "token": TOKEN})

    assert not FormDraft.objects.exists()
    for name in ("", "other:x", f"request:{'x' * 61}", "answer:../x", "request:\0"):
        assert save(browser, name) == 400
    assert Browser().post(DRAFTS, {"draft": NAME}).status_code == 302


def test_h10_drafts_are_bounded_end_with_time_and_go_with_the_person(
    world: World, carla: Contact
) -> None:
    keep(carla.pk, "answer:OLD-1", {"details": "x"}, at=NOW - KEPT_FOR - timedelta(days=1))
    for number in range(MOST_DRAFTS + 3):
        keep(carla.pk, f"answer:ACM-{number}", {"details": "x" * 30_000}, at=NOW)

    assert FormDraft.objects.count() == MOST_DRAFTS
    assert not FormDraft.objects.filter(form="answer:OLD-1").exists()
    assert len(FormDraft.objects.latest("pk").values["details"]) == 20_000
    erase(carla.pk, by=by(world.olga), at=NOW, reason="Asked by letter.")
    assert not FormDraft.objects.exists()


@pytest.mark.parametrize(
    "sender", ["https://elsewhere.example/portal/new/", "", "not a url", "//x", "http://["]
)
def test_h10_after_signing_in_nobody_is_led_elsewhere(sender: str, db: None) -> None:
    answer = Browser().post(FORM, {}, headers={"Referer": sender})

    assert answer.headers["Location"] == "/accounts/login/code/?next=/portal/"
