"""Pages of a folder: written whole or not at all, and served as files, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from integrations.adapters.static.writer import StaticWriter
from integrations.base.adapter import Asset, Conflict, OutboxMessage, Permanent, Temporary
from integrations.models import Connection
from integrations.proof.look import probe
from integrations.proof.page import read_page
from tests.integrations.publishing.writers import article, kept_connection, later, loose_connection

pytestmark = pytest.mark.requirement("N5")

BREAD = article("bread", path="blog/news")


@pytest.fixture
def sites(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.SITES_DIR = tmp_path / "site"
    yield tmp_path / "site"
    assert not list(tmp_path.rglob(".new-*")), "nothing half-written is left"


@pytest.fixture
def writer(sites: Path) -> StaticWriter:
    return StaticWriter(loose_connection("static"))


@pytest.fixture
def served(db: None, sites: Path) -> Connection:
    return kept_connection("static")


def test_a_page_and_its_pictures_lie_where_its_address_says(writer: StaticWriter, sites: Path):
    assert writer.find(BREAD) is None

    written = writer.write(BREAD, None)

    folder = sites / "static-main/blog/news/bread"
    assert (written.remote_id, written.url) == (
        "/blog/news/bread",
        "http://testserver/site/static-main/blog/news/bread/",
    )
    assert list(writer.read_back(BREAD, written)) == []
    assert sorted(file.suffix for file in folder.iterdir()) == [".css", ".html", ".png"]
    html = (folder / "index.html").read_text()
    assert "<h1>Bread &amp; “butter”: it&#x27;s back</h1>" in html
    assert 'src="team-photo-' in html


def test_again_writes_nothing_and_a_new_version_replaces_the_page(
    writer: StaticWriter, sites: Path
):
    written = writer.write(BREAD, None)
    file = sites / "static-main/blog/news/bread/index.html"
    at = file.stat().st_mtime_ns

    again = writer.write(BREAD, writer.find(BREAD))
    unchanged = file.stat().st_mtime_ns == at
    newer = writer.write(later(BREAD, again, title="Second"), again)

    assert (again, unchanged) == (written, True)
    assert newer.evidence["sha256"] != written.evidence["sha256"]
    assert writer.read_back(BREAD, newer) == [
        "/blog/news/bread/index.html is not, byte for byte, what was sent."
    ]


def test_what_somebody_changed_is_not_overwritten(writer: StaticWriter, sites: Path):
    written = writer.write(BREAD, None)
    file = sites / "static-main/blog/news/bread/index.html"
    file.write_text(file.read_text().replace("Robin", "Robyn"))

    with pytest.raises(Conflict, match="changed"):
        writer.write(later(BREAD, written, title="Second"), written)

    assert "Robyn" in file.read_text()
    assert writer.read_back(BREAD, written) == [
        "/blog/news/bread/index.html is not, byte for byte, what was sent."
    ]


@pytest.mark.parametrize(
    "there", ["", '<meta name="throughline" content="deliverable:other ' + "0" * 64 + '">']
)
def test_a_page_of_somebody_else_is_not_taken_over(writer: StaticWriter, sites: Path, there: str):
    folder = sites / "static-main/blog/news/bread"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(there)

    with pytest.raises(Conflict, match="Another page"):
        writer.write(BREAD, None)


def test_a_page_that_was_deleted_is_not_made_again_by_itself(writer: StaticWriter, sites: Path):
    written = writer.write(BREAD, None)
    (sites / "static-main/blog/news/bread/index.html").unlink()

    assert writer.read_back(BREAD, written) == ["/blog/news/bread/index.html is not there."]
    with pytest.raises(Conflict, match="deleted"):
        writer.write(replace(BREAD, remote_id=written.remote_id), written)


def test_an_address_does_not_change_by_itself(writer: StaticWriter):
    written = writer.write(BREAD, None)

    with pytest.raises(Conflict, match="would move to /blog/news/rolls"):
        writer.find(later(BREAD, written, slug="rolls"))


@pytest.mark.parametrize(
    "given",
    [
        {"slug": ".."},
        {"slug": "../../x"},
        {"path": "/etc"},
        {"path": "..", "slug": "x"},
        {"slug": ""},
        {"slug": "A b"},
        {"slug": ".env"},
    ],
    ids=str,
)
def test_only_plain_paths_are_written(writer: StaticWriter, sites: Path, given: dict[str, str]):
    message = replace(BREAD, content={**BREAD.content, "path": "", **given})

    if given == {"path": "/etc"}:
        assert (
            writer.write(message, None).remote_id == "/etc/bread"
        )  # below the site, like every path
        return
    with pytest.raises(Permanent, match="not a valid page path"):
        writer.write(message, None)

    assert not sites.exists()


def test_a_file_that_no_page_shows_is_refused_before_anything_is_written(
    writer: StaticWriter, sites: Path
):
    page = replace(
        BREAD, assets=(*BREAD.assets, Asset("download", "x.html", "text/html", "0" * 64, "", bytes))
    )

    with pytest.raises(Permanent, match="text/html"):
        writer.write(page, None)

    assert not sites.exists()


def test_a_folder_that_leads_out_is_refused(sites: Path, tmp_path: Path):
    sites.mkdir()
    (sites / "out").symlink_to(tmp_path)
    for folder in ("..", "/etc", "a/../..", "out"):
        connection = loose_connection("static")
        connection.settings = {"folder": folder}
        with pytest.raises(Permanent):
            StaticWriter(connection)


def test_a_disk_that_refuses_is_asked_again_later(writer: StaticWriter, sites: Path):
    sites.mkdir()
    (sites / "static-main").write_text("a file where the folder should be")

    with pytest.raises(Temporary):
        writer.write(BREAD, None)


def test_drafts_are_seen_by_nobody(served: Connection):
    writer = StaticWriter(served)
    draft = writer.write(replace(BREAD, verb="draft"), None)

    before = get("/site/static-main/blog/news/bread/")
    hidden = get("/site/static-main/.drafts/blog/news/bread/")
    written = writer.write(replace(BREAD, remote_id=draft.remote_id), draft)

    assert (draft.url, before.status, hidden.status) == ("", 404, 404)
    assert get("/site/static-main/blog/news/bread/").status == 200
    assert list(writer.read_back(BREAD, written)) == []


def test_a_draft_is_published_at_another_address_and_leaves_nothing(writer: StaticWriter):
    draft = writer.write(replace(BREAD, verb="draft"), None)
    moved = replace(
        BREAD, remote_id=draft.remote_id, content={**BREAD.content, "slug": "fresh-bread"}
    )

    written = writer.write(moved, draft)
    again = writer.write(moved, draft)  # after an answer that was lost

    assert (written.remote_id, again) == ("/blog/news/fresh-bread", written)
    assert not list((writer.root / ".drafts").rglob("index.html"))
    with pytest.raises(Conflict, match="would move"):
        writer.write(later(moved, written, slug="bread"), written)


def test_a_draft_is_removed_unless_somebody_changed_it(writer: StaticWriter):
    draft = writer.write(replace(BREAD, verb="draft"), None)
    gone = replace(BREAD, verb="trash", remote_id=draft.remote_id)
    file = writer.root / ".drafts/blog/news/bread/index.html"
    before = file.read_bytes()

    file.write_bytes(before.replace(b"Bread", b"Cake"))
    with pytest.raises(Conflict, match="not removed"):
        writer.write(gone, draft)
    assert writer.read_back(gone, draft) == ["The draft /blog/news/bread is still there."]
    file.write_bytes(before)
    for _again in range(2):
        assert writer.write(gone, writer.find(gone)).remote_id == draft.remote_id

    assert not file.exists()
    assert list(writer.read_back(gone, draft)) == []


class Got:
    """An answer read to its end."""

    def __init__(self, path: str, **headers: str) -> None:
        answer: Any = Browser().get(path, headers=headers)
        self.body = b"".join(answer) if answer.streaming else answer.content
        self.status, self.headers, self.cookies = answer.status_code, answer.headers, answer.cookies


def get(path: str, **headers: str) -> Got:
    return Got(path, **headers)


def test_a_page_is_served_as_it_lies_there_and_may_run_nothing(served: Connection, sites: Path):
    StaticWriter(served).write(BREAD, None)

    answer = get("/site/static-main/blog/news/bread/")

    assert answer.body == (sites / "static-main/blog/news/bread/index.html").read_bytes()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; img-src 'self' https:;"
    )
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert not answer.cookies
    assert (
        get("/site/static-main/blog/news/bread/", if_none_match=answer.headers["ETag"]).status
        == 304
    )
    assert (
        get("/site/static-main/blog/news/bread").headers["Location"]
        == "/site/static-main/blog/news/bread/"
    )


def test_a_picture_is_served_by_its_type_and_sandboxed(served: Connection, sites: Path):
    written = StaticWriter(served).write(BREAD, None)
    [medium] = written.evidence["media"].values()

    answer = get(medium["url"].removeprefix("http://testserver"))

    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Security-Policy"].endswith("; sandbox")
    assert answer.body == BREAD.assets[0].read()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "blog/",
        "blog/news/",
        "nothing/",
        "blog/news/bread/.new-1",
        "../static-main/",
        "%2e%2e/secret.html",
        "a%00b",
        "BLOG/",
        "x.php",
    ],
)
def test_there_are_no_listings_and_nothing_else(served: Connection, sites: Path, path: str):
    StaticWriter(served).write(BREAD, None)
    (sites / "secret.html").write_text("secret")
    (sites / "static-main/x.php").write_text("<?php")

    assert get(f"/site/static-main/{path}").status == 404
    assert get(f"/site/another/{path}").status == 404
    assert Browser().post("/site/static-main/blog/news/bread/").status_code == 405


def test_a_link_out_of_the_folder_is_not_followed(served: Connection, sites: Path, tmp_path: Path):
    StaticWriter(served).write(BREAD, None)
    (tmp_path / "secret.html").write_text("secret")
    (sites / "static-main/way.html").symlink_to(tmp_path / "secret.html")
    (sites / "static-main/out").symlink_to(tmp_path)

    assert get("/site/static-main/way.html").status == 404
    assert get("/site/static-main/out/secret.html").status == 404


@pytest.fixture
def live(live_server: LiveServer, settings: Settings, sites: Path) -> Connection:
    settings.SITE_URL = live_server.url
    return kept_connection("static")


def test_the_live_page_proves_itself_byte_for_byte(live: Connection, sites: Path):
    written = StaticWriter(live).write(BREAD, None)

    proof = probe(live, BREAD.content, written)

    assert (proof.differences, proof.evidence["sha256"]) == ([], written.evidence["sha256"])
    assert [image["sha256"] for image in proof.evidence["images"]] == [BREAD.assets[0].sha256]


def test_the_probe_tells_what_has_decayed(live: Connection, sites: Path):
    written = StaticWriter(live).write(BREAD, None)
    folder = sites / "static-main/blog/news/bread"
    file = folder / "index.html"
    file.write_bytes(file.read_bytes().replace(b"Robin", b"Robyn"))
    next(folder.glob("*.png")).write_bytes(b"another")

    changed = probe(live, BREAD.content, written)
    file.unlink()
    gone = probe(live, BREAD.content, written)

    assert ["byte for byte" in each for each in changed.differences] == [True, False, True]
    assert "says “Robyn said" in changed.differences[1]
    assert (gone.evidence["status"], len(gone.differences)) == (404, 1)


def test_the_addresses_of_files_are_those_of_the_page(writer: StaticWriter):
    message: OutboxMessage = BREAD

    written = writer.write(message, None)

    assert [each["url"].startswith(written.url) for each in written.evidence["media"].values()] == [
        True
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Offer <img src=x onerror=alert(1)>",
        "How to use the <details> element",
        "AT&amp;T",
        "{{ title }} {% now %} [gallery] :)",
    ],
)
def test_i2_what_was_typed_stands_on_the_page(writer: StaticWriter, sites: Path, text: str):
    message = article("typed", title=text, excerpt=text, seo={"title": text, "description": text})

    written = writer.write(message, None)

    html = (sites / f"static-main{written.remote_id}/index.html").read_text()
    page = read_page(html)
    assert page.blocks[0].text == " ".join(text.split())
    assert page.head.title == text
    assert len(page.images) == len(read_page(message.content["body_html"]).images)
