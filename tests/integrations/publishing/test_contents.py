"""
Content arrives as meant: of all scripts and oddities, each is live as it was approved, or refused
with the reason before anybody is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations import versions
from delivery.models import Deliverable, Version
from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import serve_cms
from integrations.adapters.registry import adapter_of
from integrations.base.adapter import OutboxMessage, Permanent, Written
from integrations.models import Connection
from integrations.proof.look import probe
from integrations.publishing.learning import ask_systems
from integrations.publishing.publish import content
from routing.models import Destination
from tests.delivery.making import codes, done, fresh, make_deliverables
from tests.files import make_file
from tests.integrations.publishing.contents import CONTENTS, PARTY
from tests.integrations.publishing.writers import article, kept_connection
from tests.wordpress import WordPress
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cms() -> Iterator[tuple[CMS, str]]:
    """The sandbox with a post in it, as every site has."""
    made = CMS("author", "pass word")
    made.create("posts", {"title": "Hello world!", "status": "publish"})
    server = serve_cms(made, 0)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def wordpress(url: str) -> Connection:
    return kept_connection("wordpress", base_url=url, token="author:pass word", private=(url,))


def begun(world: World, connection: Connection) -> Deliverable:
    place = Destination.objects.create(
        client=world.acme, name="Site", kind=connection.kind, connection=connection.slug
    )
    plan = [{"key": "a", "title": "A page", "format": "page", "destination": place.pk}]
    [row] = make_deliverables(world, planned=plan)
    done(deliverables.start([row.pk], by=by(world.cora), at=NOW))
    return fresh(row)


def published(connection: Connection, version: Version) -> Written:
    """Write what was approved as an attempt does, and read it back."""
    place = version.deliverable.destination
    assert place is not None
    given = content(version, place)
    message = OutboxMessage(f"publish:{version.pk}", "publish", f"work:{version.pk}", "", given)
    adapter = adapter_of(connection.kind)
    writer = adapter.writer(connection) if adapter else None
    assert writer is not None
    with writer:
        written = writer.write(message, writer.find(message))
        assert list(writer.read_back(message, written)) == []
    return written


def check_all(world: World, connection: Connection, name: str) -> None:
    row, seen = begun(world, connection), 0
    for each in CONTENTS:
        texts = {"title": each.title, "slug": each.slug, "excerpt": each.excerpt}
        draft = versions.Draft({**texts, "body_html": each.body})

        [result] = versions.upload([row.pk], by=by(world.cora), at=NOW, details=draft)

        if each.refused in {"all", name}:
            assert codes(result) == ["version"], each
            assert len(str(result.refusals[0].evidence)) > 20, each
            continue
        assert result.done, (each, result.refusals)
        version = fresh(row).version
        assert version is not None
        written = published(connection, version)
        proof = probe(connection, content(version, row.destination), written)  # type: ignore[arg-type]
        assert proof.differences == [], each
        seen += 1
    assert seen > 25


def test_f4_every_content_is_live_as_approved_or_refused_with_the_reason_on_wordpress(
    committed_world: World, cms: tuple[CMS, str]
) -> None:
    connection = wordpress(cms[1])
    ask_systems(clock=timezone.now)
    connection.refresh_from_db()

    assert connection.stores_emoji is True
    check_all(committed_world, connection, "wide")


def test_f1_every_content_is_live_or_refused_where_tables_store_no_emoji(
    committed_world: World, cms: tuple[CMS, str]
) -> None:
    cms[0].is_narrow, connection = True, wordpress(cms[1])
    ask_systems(clock=timezone.now)
    connection.refresh_from_db()

    assert connection.stores_emoji is False
    check_all(committed_world, connection, "narrow")


def test_f4_every_content_is_live_as_approved_or_refused_with_the_reason_on_our_own_site(
    committed_world: World, settings: Settings, tmp_path: Path, live_server: LiveServer
) -> None:
    settings.SITES_DIR, settings.SITE_URL = tmp_path / "sites", live_server.url

    check_all(committed_world, kept_connection("static"), "static")


def test_f1_a_site_that_nobody_asked_yet_is_asked_by_the_first_page_with_emoji(
    committed_world: World, cms: tuple[CMS, str]
) -> None:
    cms[0].is_narrow, connection = True, wordpress(cms[1])
    message = article("party", title=f"Party {PARTY}", body="<p>x</p>")
    message = replace(message, assets=())
    adapter = adapter_of("wordpress")
    assert adapter is not None
    writer = adapter.writer(connection)
    assert writer is not None

    with writer, pytest.raises(Permanent, match="cannot store “\U0001f389” in the title"):
        writer.write(message, None)

    connection.refresh_from_db()
    assert connection.stores_emoji is False
    assert len(cms[0].posts) == 1


def test_f1_what_was_learnt_after_the_upload_is_said_before_it_is_submitted(
    committed_world: World, cms: tuple[CMS, str]
) -> None:
    row = begun(committed_world, wordpress(cms[1]))
    draft = versions.Draft({"title": f"Party {PARTY}", "body_html": "<p>x</p>"})
    done(versions.upload([row.pk], by=by(committed_world.cora), at=NOW, details=draft))
    cms[0].is_narrow = True
    ask_systems(clock=timezone.now)

    [result] = deliverables.submit([row.pk], by=by(committed_world.cora), at=NOW)

    assert codes(result) == ["content"]
    assert "convert" in str(result.refusals[0].evidence)


def test_f1_a_system_is_asked_once_a_day(committed_world: World, cms: tuple[CMS, str]) -> None:
    wordpress(cms[1])

    assert [ask_systems(clock=timezone.now) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    ("kind", "name", "raw", "words"),
    [
        ("wordpress", "notes.md", b"# Notes", "notes.md: WordPress does not take files"),
        ("static", "notes.txt", b"Notes", "notes.txt: no page shows files of this type"),
    ],
)
def test_h17_a_file_that_the_destination_does_not_take_is_refused_before_approval(
    committed_world: World, cms: tuple[CMS, str], kind: str, name: str, raw: bytes, words: str
) -> None:
    connection = wordpress(cms[1]) if kind == "wordpress" else kept_connection("static")
    row = begun(committed_world, connection)
    file = make_file(committed_world.cora, committed_world.acme, content=raw, name=name)
    draft = versions.Draft(
        {"title": "T", "body_html": "<p>x</p>"}, parts=[versions.DraftFile(file.pk, "download")]
    )

    [result] = versions.upload([row.pk], by=by(committed_world.cora), at=NOW, details=draft)

    assert words in str(result.refusals[0].evidence)


@pytest.mark.drill
@pytest.mark.wordpress
@pytest.mark.parametrize("name", ["wide", "narrow"])
def test_f4_every_content_is_live_or_refused_on_a_real_wordpress(
    committed_world: World, request: pytest.FixtureRequest, name: str
) -> None:
    fixture = {"wide": "wordpress", "narrow": "old_wordpress"}[name]
    site: WordPress = request.getfixturevalue(fixture)
    connection = kept_connection(
        "wordpress", base_url=site.url, token=site.new_token("author"), private=(site.url,)
    )
    ask_systems(clock=timezone.now)
    connection.refresh_from_db()

    assert connection.stores_emoji is (name == "wide")
    check_all(committed_world, connection, name)
