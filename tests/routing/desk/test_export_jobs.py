"""
Long lists are written by a worker: queued in the database, cancelled, killed, and downloaded by
their owner alone, in parts if need be, for a day.
"""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from delivery.models import Request
from routing.desk.exporting import list_to_export
from routing.desk.operations import exports
from routing.desk.operations.exports import (
    TooManyExports,
    ask_for_export,
    cancel_export,
    forget_exports,
    write_exports,
)
from routing.desk.ranges import RangeNotSatisfiable, range_of
from routing.kernel.storage import private
from routing.models import Export, ExportRecord
from routing.work.operations.files import sweep_orphans
from tests.desk import signed_in, url, words
from tests.storages import use
from tests.world import NOW, World, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """Two rows a chunk, and three are a long list."""
    monkeypatch.setattr("routing.desk.exporting.CHUNK", 2)
    monkeypatch.setattr("routing.desk.admin.exports.MOST_AT_ONCE", 3)
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path / "files")


@pytest.fixture
def posters(world: World) -> World:
    for number in range(7):
        make_request(world.acme, title=f"Poster {number}")
    return world


def of(name: str) -> str:
    return reverse("admin:routing_export_of", args=[name])


def asked(world: World, form: str = "csv", at: Any = NOW) -> Export:
    found = list_to_export("requests", world.alice, QueryDict("open=all"))
    return ask_for_export(found, form, at=at)


def ready(world: World, form: str = "csv") -> Export:
    row = asked(world, form)
    assert write_exports(clock=timezone.now) == 1
    row.refresh_from_db()
    return row


def content_of(row: Export) -> bytes:
    with private().open(row.storage_key) as stream:
        content: bytes = stream.read()
    return content


def download(row: Export, browser: Browser, **headers: str) -> Any:
    return browser.get(reverse("admin:routing_export_download", args=[row.key]), headers=headers)


def waiting(browser: Browser) -> int:
    """Return the number beside “My exports” in the sidebar."""
    request: Any = browser.get(url(Export, "changelist")).wsgi_request
    count: int = request.waiting.exports
    return count


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


# -- The page --------------------------------------------------------------------------------------


def test_a_short_list_is_sent_at_once(world: World) -> None:
    make_request(world.acme, title="Poster")
    answer = signed_in(world.alice).post(of("requests") + "?open=all&q=poster", {"format": "json"})

    [row] = json.loads(body(answer))["rows"]
    assert row["title"] == "Poster"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Disposition"].startswith('attachment; filename="requests-')
    assert ExportRecord.objects.get().filters == [["open", "all"], ["q", "poster"]]
    assert not Export.objects.exists()


def test_a_long_list_is_written_in_the_background_and_found_in_my_exports(posters: World) -> None:
    alice = signed_in(posters.alice)
    answer = alice.post(of("requests") + "?open=all", {"format": "csv"}, follow=True)
    before = words(answer)
    write_exports(clock=timezone.now)
    after = alice.get(url(Export, "changelist"))

    assert "7 rows are being written" in before
    assert "0 of 7 rows" in before
    assert "Download" in words(after)
    row = Export.objects.get()
    assert len(list(csv.DictReader(StringIO(content_of(row).decode("utf-8-sig"))))) == 7
    kept = ExportRecord.objects.get()
    assert (kept.way, kept.rows, kept.sha256) == ("job", 7, row.sha256)


def test_a_link_sends_short_lists_and_starts_no_work(posters: World) -> None:
    answer = signed_in(posters.alice).get(of("requests") + "?open=all")

    assert answer.status_code == 302
    assert answer["Location"].endswith("/request/?open=all")
    assert not Export.objects.exists()


def test_the_sidebar_counts_what_is_ready_until_it_is_downloaded(posters: World) -> None:
    row, alice = ready(posters), signed_in(posters.alice)
    assert waiting(alice) == 1

    body(download(row, alice))

    assert waiting(alice) == 0


@pytest.mark.parametrize(
    ("name", "who", "status"),
    [("outbox", "cora", 403), ("nothing", "alice", 404), ("security_events", "alice", 403)],
)
def test_a_list_that_one_may_not_see_is_not_exported(
    world: World, name: str, who: str, status: int
) -> None:
    answer = signed_in(getattr(world, who)).post(of(name), {"format": "csv"})

    assert answer.status_code == status
    assert not ExportRecord.objects.exists()


def test_an_unknown_format_is_not_found(world: World) -> None:
    assert signed_in(world.alice).post(of("work"), {"format": "exe"}).status_code == 404


def test_every_list_page_offers_its_export(posters: World) -> None:
    page = signed_in(posters.alice).get(url(Request, "changelist"), {"open": "all", "q": "poster"})

    assert f'action="{of("requests")}?open=all&amp;q=poster"' in page.content.decode()


# -- The queue -------------------------------------------------------------------------------------


def test_nobody_has_many_exports_running(posters: World) -> None:
    for _ in range(exports.MOST_RUNNING):
        asked(posters)

    with pytest.raises(TooManyExports):
        asked(posters)


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_a_killed_worker_leaves_a_row_that_another_one_finishes(
    posters: World, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    row = asked(posters, form)
    with monkeypatch.context() as patch:
        patch.setattr(exports, "_keep", _kill)
        with pytest.raises(Killed):
            write_exports(clock=timezone.now)
    row.refresh_from_db()
    assert (row.done, row.storage_key, row.attempts) == (7, "", 1)
    assert write_exports(clock=timezone.now) == 0  # its lease has not ended

    later = NOW + Export.LEASE + timedelta(seconds=1)
    assert write_exports(clock=lambda: later) == 1

    row.refresh_from_db()
    assert (row.done, row.total, row.attempts) == (7, 7, 2)
    assert content_of(row)
    assert ExportRecord.objects.get().rows == 7


def _kill(*_: Any) -> None:
    raise Killed


def test_a_worker_that_was_overtaken_keeps_nothing(
    posters: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, keep = asked(posters), exports._keep

    def overtaken(*args: Any) -> None:
        Export.objects.filter(pk=row.pk).update(lease=99)
        keep(*args)

    monkeypatch.setattr(exports, "_keep", overtaken)
    write_exports(clock=timezone.now)

    row.refresh_from_db()
    assert row.storage_key == ""
    assert private().listdir(exports.FOLDER)[1] == []
    assert not ExportRecord.objects.exists()


def test_a_cancelled_export_stops_and_leaves_no_file(posters: World) -> None:
    row, alice = asked(posters), signed_in(posters.alice)
    page = reverse("admin:routing_export_cancel", args=[row.key])
    assert signed_in(posters.bob).post(page).status_code == 404

    assert "Cancelled" in words(alice.post(page, follow=True))

    assert write_exports(clock=timezone.now) == 0
    assert not cancel_export(row.pk, at=NOW)
    assert download(row, alice).status_code == 404


def test_cancelling_reaches_a_worker_in_the_middle(
    posters: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, progress = asked(posters), exports._progress

    def cancelled(*args: Any) -> Any:
        cancel_export(row.pk, at=NOW)
        return progress(*args)

    monkeypatch.setattr(exports, "_progress", cancelled)
    write_exports(clock=timezone.now)

    row.refresh_from_db()
    assert (row.done, row.storage_key) == (0, "")


def test_an_export_that_kills_its_workers_fails_and_says_so(
    posters: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, at = asked(posters), NOW
    monkeypatch.setattr(exports, "_keep", _kill)
    for _ in range(Export.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            write_exports(clock=lambda: at)  # noqa: B023
        at += Export.LEASE + timedelta(seconds=1)
    write_exports(clock=lambda: at)

    row.refresh_from_db()
    assert (row.fault, row.due_at) == ("failed", None)
    assert "Export the list again" in words(signed_in(posters.alice).get(url(Export, "changelist")))


def test_who_lost_the_list_gets_no_file(posters: World, monkeypatch: pytest.MonkeyPatch) -> None:
    row = asked(posters)
    posters.alice.groups.clear()

    write_exports(clock=timezone.now)

    row.refresh_from_db()
    assert (row.fault, row.storage_key) == ("denied", "")
    with pytest.raises(PermissionDenied):
        list_to_export("requests", row.user, QueryDict())


# -- Downloads -------------------------------------------------------------------------------------


def test_a_download_that_was_broken_off_goes_on_to_the_same_bytes(posters: World) -> None:
    row, alice = ready(posters), signed_in(posters.alice)
    whole = download(row, alice)
    content, etag = body(whole), whole["ETag"]

    first = download(row, alice, Range="bytes=0-99")
    rest = download(row, alice, **{"Range": "bytes=100-", "If-Range": etag})
    last = download(row, alice, Range="bytes=-5")

    assert content == content_of(row)
    assert (first.status_code, rest.status_code) == (206, 206)
    assert body(first) + body(rest) == content
    assert rest["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"
    assert body(last) == content[-5:]
    assert whole["Accept-Ranges"] == "bytes"


def test_a_range_of_another_file_sends_the_whole_one(posters: World) -> None:
    row, alice = ready(posters), signed_in(posters.alice)

    changed = download(row, alice, **{"Range": "bytes=100-", "If-Range": '"another"'})
    behind = download(row, alice, Range="bytes=99999999-")

    assert (changed.status_code, body(changed)) == (200, content_of(row))
    assert (behind.status_code, behind["Content-Range"]) == (416, f"bytes */{row.size}")


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30))
def test_a_range_is_a_part_of_the_file(first: int, last: int, size: int) -> None:
    content = bytes(range(size))
    try:
        found = range_of(f"bytes={first}-{last}", size)
    except RangeNotSatisfiable:
        assert first >= size
        return
    if found is None:
        assert last < first
    else:
        assert content[slice(*found)] == content[first : last + 1]


@pytest.mark.parametrize("who", ["bob", "olga", "audrey"])
def test_46_another_person_gets_404(posters: World, who: str) -> None:
    row, other = ready(posters), signed_in(getattr(posters, who))

    assert download(row, other).status_code == 404
    assert row.file_name not in words(other.get(url(Export, "changelist")))


def test_an_owner_who_may_no_longer_see_the_list_gets_404_or_403(posters: World) -> None:
    row = ready(posters)
    posters.alice.groups.clear()

    assert download(row, signed_in(posters.alice)).status_code in {403, 404}


def test_an_export_is_gone_after_a_day(posters: World) -> None:
    row, day = ready(posters), timedelta(days=1)
    assert forget_exports(at=NOW + day - timedelta(seconds=1)) == 0
    Export.objects.filter(pk=row.pk).update(expires_at=NOW)
    assert download(row, signed_in(posters.alice)).status_code == 404

    assert forget_exports(at=NOW) == 1

    assert not private().exists(row.storage_key)
    assert not Export.objects.exists()
    assert ExportRecord.objects.exists()


def test_the_sweep_of_files_leaves_it_for_a_day(posters: World) -> None:
    row = ready(posters)
    written = private().get_modified_time(row.storage_key)

    sweep_orphans(written + timedelta(hours=23))
    assert private().exists(row.storage_key)
    sweep_orphans(written + timedelta(hours=25))
    assert not private().exists(row.storage_key)
    assert download(row, signed_in(posters.alice)).status_code == 404
