"""Exporting a list with the button above it, on a screen and on a phone."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django import Settings

from delivery.models import Request
from routing.desk.operations.exports import write_exports
from tests.browser.conftest import WIDTHS, SitDown
from tests.desk import url
from tests.storages import use
from tests.world import World, make_request

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_list_is_exported_with_the_keyboard(agency: World, sit_down: SitDown, width: int) -> None:
    for title in ("Garden catalogue", "=Garden poster"):
        make_request(agency.acme, title=title)
    desk = sit_down(agency.alice, width=width)
    page = desk.open(url(Request, "changelist") + "?q=garden")

    page.locator(".tl-export summary").focus()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="CSV")
    expect(button).to_be_visible()
    desk.check("list-export")
    with page.expect_download() as download:
        button.press("Enter")

    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert {row["title"] for row in rows} == {"Garden catalogue", "'=Garden poster"}
    assert download.value.suggested_filename.startswith("requests-")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_list_is_found_in_my_exports(
    agency: World,
    sit_down: SitDown,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("routing.desk.admin.exports.MOST_AT_ONCE", 1)
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path / "files")
    for title in ("Garden catalogue", "Garden poster"):
        make_request(agency.acme, title=title)
    desk = sit_down(agency.alice, width=width)
    page = desk.open(url(Request, "changelist"))
    page.locator(".tl-export summary").click()
    page.get_by_role("button", name="XLSX").click()

    expect(page.get_by_text("2 rows are being written")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    desk.check("exports-running")
    write_exports(clock=timezone.now)
    page.reload()

    desk.check("exports-ready")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"
