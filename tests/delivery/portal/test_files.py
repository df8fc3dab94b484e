"""Files sent with a request, and those that are shared about one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from pytest_django import Settings

from delivery.models import Approval, Request
from routing.models import Contact, Event, File, Note
from routing.work.operations import notes
from routing.work.operations.files import keep
from tests.delivery.making import question
from tests.delivery.portal.test_deciding import with_carla
from tests.delivery.portal.test_new import FORM, TOKEN, filled, work
from tests.desk import words
from tests.files import EXE, png
from tests.portal import browser_of
from tests.storages import use
from tests.world import NOW, World, by, make_request


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)


def upload(name: str = "lodge.png", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, png() if content is None else content)


def test_what_is_sent_with_a_form_stands_on_its_request_and_can_be_fetched(
    browser: Browser, carla: Contact, flow: str
) -> None:
    browser.post(FORM, filled(uploads=[upload(), upload("plan.png", png(20, 20))]))
    work()

    row, file = Request.objects.select_related("item").get(), File.objects.earliest("pk")
    page = words(browser.get(f"/portal/requests/{row.item.ref}/"))
    got = browser.get(f"/portal/requests/{row.item.ref}/files/{file.pk}/")
    assert ("lodge.png" in page, "plan.png" in page) == (True, True)
    assert (file.uploader_id, file.client_id) == (
        Contact.objects.get(pk=carla.pk).user_id,
        row.item.client_id,
    )
    assert b"".join(got.streaming_content) == png()  # type: ignore[attr-defined]
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_the_same_form_with_files_sent_twice_keeps_them_once(browser: Browser, flow: str) -> None:
    browser.post(FORM, filled(uploads=upload()))
    browser.post(FORM, filled(uploads=upload()))
    work()

    assert (Request.objects.count(), File.objects.count(), Note.objects.count()) == (1, 1, 1)


def test_a_file_that_is_refused_is_named_and_nothing_is_sent(browser: Browser, flow: str) -> None:
    page = words(browser.post(FORM, filled(uploads=upload("virus.exe", EXE))))

    assert "not accepted" in page
    assert "trade fair" in page
    assert not Event.objects.filter(kind="portal.request").exists()
    assert not File.objects.exists()


def test_an_error_elsewhere_says_that_files_are_to_be_chosen_again(
    browser: Browser, flow: str
) -> None:
    page = words(browser.post(FORM, filled(uploads=upload(), **{"request.title": ""})))

    assert "Choose your files again: lodge.png." in page
    assert page.count("Files (optional)") == 2  # beside the field, and in the list of what is wrong


def test_files_beside_one_that_is_refused_are_to_be_chosen_again_too(
    browser: Browser, flow: str
) -> None:
    both = [upload("first.png"), upload("virus.exe", EXE)]
    page = words(browser.post(FORM, filled(uploads=both)))

    assert "Choose your files again: first.png, virus.exe." in page


def test_the_agencys_own_notes_and_files_and_other_requests_are_out_of_reach(
    world: World, browser: Browser, zoe: Contact
) -> None:
    row, other = make_request(world.acme), make_request(world.acme, title="Another")

    def noted(item: Any, text: str, audience: str) -> File:
        kept = keep(
            upload(f"{text}.png"), name=f"{text}.png", client=world.acme, by=by(world.alice), at=NOW
        )
        notes.add(item.pk, body=text, audience=audience, files=[kept], by=by(world.alice), at=NOW)
        return kept

    secret, shared = noted(row.item, "margin", "internal"), noted(row.item, "storyboard", "client")
    page = words(browser.get(f"/portal/requests/{row.item.ref}/"))

    def status(of: Browser, request: Request, file_id: int) -> int:
        answer = of.get(f"/portal/requests/{request.item.ref}/files/{file_id}/")
        assert not answer.streaming or b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        return answer.status_code

    assert ("margin" in page, "storyboard.png" in page, world.agency.name in page) == (
        False,
        True,
        True,
    )
    assert status(browser, row, shared.pk) == 200
    assert (
        status(browser, row, secret.pk)
        == status(browser, other, shared.pk)
        == status(browser, row, 9_999_999)
        == 404
    )
    assert status(browser_of(zoe), row, shared.pk) == 404
    assert browser.get(f"/files/{shared.pk}/storyboard.png").status_code == 404


def test_a_token_of_a_sent_form_is_not_another_files_way_in(
    browser: Browser, zoe: Contact, flow: str
) -> None:
    browser.post(FORM, filled(uploads=upload()))
    other = browser_of(zoe)

    other.post(FORM, filled(token=TOKEN))
    work()

    theirs = Request.objects.select_related("item").get(item__client__code="ZED")
    assert not Note.objects.filter(item=theirs.item).exists()


def test_files_go_with_an_answer_and_a_decision_and_a_refused_one_undoes_both(
    world: World, browser: Browser
) -> None:
    row = make_request(world.acme, "needs_information", question="How long?")
    path = f"/portal/requests/{row.item.ref}/answer/"

    refused = words(
        browser.post(path, {"details": "Two minutes", "uploads": upload("virus.exe", EXE)})
    )
    between = Request.objects.get(pk=row.pk).state
    browser.post(path, {"details": "Two minutes", "uploads": upload()})
    asked = question(with_carla(world))
    decided = f"/portal/questions/{asked.item.ref}/decide/"
    said = {"word": "request_changes", "digest": asked.digest, "comment": "Like this."}
    wrong = words(browser.post(decided, {**said, "uploads": upload("virus.exe", EXE)}))
    pending = Approval.objects.get(pk=asked.pk).state
    browser.post(decided, {**said, "uploads": upload("sketch.png")})

    assert ("not accepted" in refused, between) == (True, "needs_information")
    assert ("not accepted" in wrong, pending) == (True, "pending")
    assert "lodge.png" in words(browser.get(f"/portal/requests/{row.item.ref}/"))
    assert "sketch.png" in words(browser.get(f"/portal/questions/{asked.item.ref}/"))
    assert File.objects.count() == 2
