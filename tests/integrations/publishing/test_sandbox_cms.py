"""Faults that a real WordPress cannot be asked for."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from threading import Thread

import httpx
import pytest

from demo.management.commands.sandbox import PLAYS
from demo.sandbox.cms import CMS
from demo.sandbox.cms_page import page
from integrations.base.adapter import Conflict, CredentialsRefused, Temporary, Unknown
from integrations.base.secrets import Hidden
from integrations.proof.look import probe
from tests.integrations.publishing.writers import Site, article, later

BREAD = article("bread", terms={"categories": ["News"], "tags": ["a", "b"]})
CALLS = 7  # upload, alt text, three terms, draft, publish


@pytest.mark.parametrize("fault", ["lost", "cut", "502"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_an_answer_lost_anywhere_leaves_one_of_each_after_the_next_attempt(
    play: Site, fault: str, call: int
):
    play.misbehave(fault, call)

    with pytest.raises(Unknown):
        play.writer.write(BREAD, play.writer.find(BREAD))
    written = play.publish(BREAD)

    assert play.posts(BREAD) == [int(written.remote_id)]
    assert len(play.files(BREAD)) == 1
    assert len(play.call("GET", "/tags")) == 2
    assert probe(play.connection, BREAD.content, written).holds


def test_a_busy_system_says_how_long_to_wait_and_nothing_was_done(play: Site):
    play.misbehave("429", 1)

    with pytest.raises(Temporary) as refused:
        play.writer.write(BREAD, None)

    assert not isinstance(refused.value, Unknown)
    assert refused.value.after_s == 30
    assert (play.posts(BREAD), play.files(BREAD)) == ([], [])


def test_a_maintenance_page_with_status_200_is_no_success(play: Site):
    play.misbehave("maintenance", 1)

    with pytest.raises(Unknown, match="maintenance"):
        play.writer.write(BREAD, None)

    assert play.posts(BREAD) == []


def test_a_slow_answer_is_waited_for(play: Site):
    play.misbehave("slow", 1)

    assert play.publish(BREAD).url.endswith("/bread/")


def test_an_update_that_leaves_a_trashed_post_in_the_trash_is_no_success(play: Site):
    """200, and it stays there: as newer WordPress does."""
    written = play.publish(BREAD)
    play.call("DELETE", f"/posts/{written.remote_id}")

    with pytest.raises(Conflict, match="trash"):
        play.writer.write(later(BREAD, written, title="New"), written)


def test_a_revoked_key_is_refused(play: Site):
    play.connection.token = Hidden(["author:revoked"])

    with pytest.raises(CredentialsRefused):
        play.writer.find(BREAD)


def test_seo_goes_to_the_fields_that_the_connection_names_and_a_loss_is_told(play: Site):
    play.connection.settings = {"seo_meta": {"description": "_yoast_wpseo_metadesc"}}

    written = play.writer.write(BREAD, None)

    # The sandbox drops meta, like every WordPress on which no plugin registered it.
    assert play.writer.read_back(BREAD, written) == [
        "The field _yoast_wpseo_metadesc was not kept."
    ]


def test_the_same_picture_in_two_works_is_one_file(play: Site):
    other = replace(BREAD, object_key="deliverable:2", content={**BREAD.content, "slug": "other"})

    play.publish(BREAD)
    play.publish(other)

    assert len(play.files(BREAD)) == 1


def test_the_command_plays_one_that_takes_faults_from_another_process(play: Site):
    server, told = PLAYS["wordpress"](play.connection, 0)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"

    with httpx.Client(base_url=url, auth=("author", "pass word"), trust_env=False) as somebody:
        asked = somebody.post("/sandbox", json={"fault": "429", "method": "GET"})
        busy, well = (
            somebody.get("/wp-json/wp/v2/users/me"),
            somebody.get("/wp-json/wp/v2/users/me"),
        )
        unknown, stranger = (
            somebody.post("/sandbox", json={"fault": "fire"}),
            httpx.post(f"{url}/sandbox", json={"fault": "429"}),
        )
    server.shutdown()
    server.server_close()

    assert told.startswith("WordPress answers")
    assert [answer.status_code for answer in (asked, busy, well, unknown, stranger)] == [
        200,
        429,
        200,
        400,
        401,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Offer <img src=x onerror=alert(1)>",
        "How to use the <details> element",
        "AT&amp;T",
        "<b>&#91;gallery&#93;</b>",
        "[gallery] Thanks :) --force",
        "https://www.youtube.com/watch?v=1",
    ],
)
def test_i2_what_was_typed_is_what_a_reader_gets(play: Site, text: str):
    escaped = escape(text, quote=False)
    message = article("typed", title=text, excerpt=text, body=f"<p>{escaped}</p><p>{escaped}</p>")

    written = play.publish(message)

    proof = probe(play.connection, message.content, written)
    assert proof.differences == []


def test_i2_the_sandbox_takes_titles_for_html_and_cleans_them_for_an_author_as_wordpress_does():
    author, editor = CMS("a", "b"), CMS("a", "b", role="editor")
    given = {"title": "<b>A</b> <img src=x onerror=alert(1)>", "content": "<p onclick=x>[gallery]"}

    cleaned, kept = author.create("posts", given), editor.create("posts", given)

    assert (cleaned.title, cleaned.content) == ("<b>A</b>", "<p>[gallery]")
    assert "<img src=x onerror=alert(1)>" in page(kept)
    assert '<div class="gallery"></div>' in page(kept)
