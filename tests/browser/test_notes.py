"""Notes on a page of work, written and read as a person does it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload, expect

from delivery.models import Request
from routing.models import Note
from routing.work.operations import notes
from routing.work.operations.previews import draw_previews
from tests.browser.conftest import SitDown
from tests.desk import url
from tests.files import EXE, make_file, pdf, png
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.browser


def test_a_page_with_notes_is_accessible(agency: World, sit_down: SitDown) -> None:
    row = make_request(agency.acme)
    kept = [
        make_file(
            agency.alice,
            agency.acme,
            content=png(400, 300),
            name="A very long name of a picture that does not want to end.png",
        ),
        make_file(agency.alice, agency.acme, content=pdf(), name="Briefing.pdf"),
    ]
    for audience, said, files in (
        ("internal", "The budget is tight.\n\nAsk Bob.", kept),
        ("client", "Here is the first idea.", kept[:1]),
    ):
        notes.add(
            row.item_id, body=said, audience=audience, files=files, by=by(agency.alice), at=NOW
        )
    draw_previews(clock=timezone.now)
    desk = sit_down(agency.alice)

    page = desk.open(url(Request, "change", row.pk))
    page.get_by_text("Add a note", exact=True).click()
    page.locator(".tl-notes").scroll_into_view_if_needed()

    expect(page.locator(".tl-file img").first).to_have_js_property("complete", value=True)
    assert page.locator(".tl-file img").first.evaluate("image => image.naturalWidth") == 400
    desk.check("notes")


def test_a_note_is_written_after_a_refused_file(agency: World, sit_down: SitDown) -> None:
    row = make_request(agency.acme)
    desk = sit_down(agency.alice, width=390)
    page = desk.open(url(Request, "change", row.pk))

    page.get_by_text("Add a note", exact=True).click()
    page.get_by_role("textbox", name="Note").fill("Please look")
    page.get_by_label("Shared: visible to the client").check()
    page.get_by_label("Files").set_input_files(
        FilePayload(name="logo.png", mimeType="image/png", buffer=EXE)
    )
    page.get_by_role("button", name="Add note", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("The note was not saved")
    expect(page.get_by_role("textbox", name="Note")).to_have_value("Please look")
    desk.check("note-refused")
    page.get_by_label("Files").set_input_files(
        FilePayload(name="logo.png", mimeType="image/png", buffer=png())
    )
    page.get_by_role("button", name="Add note", exact=True).click()

    expect(page.locator(".tl-note")).to_contain_text("Visible to the client")
    with page.expect_download() as download:
        page.get_by_role("link", name="logo.png").click()
    assert download.value.suggested_filename == "logo.png"
    assert Note.objects.get().is_shared
