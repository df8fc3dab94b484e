"""
Guarantees of a writer of posts, on the sandbox and on a real WordPress, whose users may clean what
they write.
"""

from __future__ import annotations

from dataclasses import replace
from secrets import randbelow, token_hex

import pytest

from integrations.base.adapter import (
    Conflict,
    OutboxMessage,
    Permanent,
    Temporary,
    Unknown,
    Written,
)
from integrations.proof.look import probe
from tests.integrations.publishing.writers import Site, article, later

pytestmark = pytest.mark.requirement("N1", "N5", "Q9")


@pytest.fixture
def bread() -> OutboxMessage:
    """A work of its own with a picture of its own: others may be at the same WordPress."""
    return article(
        f"bread-{token_hex(5)}",
        colour=randbelow(256**3),  # with fewer, two works soon share a file
        terms={"categories": ["Uncategorized"], "tags": ["News & more"]},
    )


def test_it_becomes_public_with_its_pictures_and_terms_and_the_page_proves_it(
    site: Site, bread: OutboxMessage
):
    assert site.writer.find(bread) is None

    written = site.publish(bread)

    post, proof = site.post(written), probe(site.connection, bread.content, written)
    assert (post["status"], post["slug"], post["link"]) == (
        "publish",
        bread.content["slug"],
        written.url,
    )
    assert (len(post["categories"]), len(post["tags"])) == (1, 1)
    assert (proof.differences, proof.evidence["status"]) == ([], 200)
    assert [image["status"] for image in proof.evidence["images"]] == [200]
    [file] = site.files(bread)
    assert site.call("GET", f"/media/{file}")["alt_text"] == "Four people at a desk"


def test_a_draft_is_seen_by_nobody_until_it_is_published(site: Site, bread: OutboxMessage):
    draft = site.publish(replace(bread, verb="draft"))

    hidden = probe(site.connection, bread.content, draft)
    written = site.publish(replace(bread, remote_id=draft.remote_id))

    assert not hidden.holds
    assert written.remote_id == draft.remote_id
    assert probe(site.connection, bread.content, written).holds


def test_writing_it_again_changes_nothing_and_a_new_version_keeps_the_post(
    site: Site, bread: OutboxMessage
):
    first = site.publish(bread)

    again = site.publish(bread)
    newer = site.publish(
        later(
            bread,
            again,
            title="Bread, the second",
            body_html=bread.content["body_html"] + "<p>More</p>",
        )
    )

    assert first.remote_id == again.remote_id == newer.remote_id
    assert (site.post(newer)["title"]["raw"], len(site.posts(bread)), len(site.files(bread))) == (
        "Bread, the second",
        1,
        1,
    )


@pytest.mark.parametrize("lost", [1, 2, 3, 4], ids=["upload", "alt text", "draft", "publish"])
def test_whichever_answer_is_lost_there_is_one_post_and_one_file_in_the_end(
    site: Site, bread: OutboxMessage, lost: int
):
    bread = replace(bread, content={**bread.content, "terms": {}})
    site.misbehave("lost", lost)

    with pytest.raises(Unknown):
        site.writer.write(bread, site.writer.find(bread))
    written = site.publish(bread)

    assert site.posts(bread) == [int(written.remote_id)]
    assert len(site.files(bread)) == 1
    assert probe(site.connection, bread.content, written).holds


def test_a_lost_answer_to_an_update_is_no_edit_by_somebody_else(site: Site, bread: OutboxMessage):
    first = site.publish(bread)
    second = later(bread, first, title="Second", slug=f"{bread.content['slug']}-second")
    site.misbehave("lost", 1)

    with pytest.raises(Unknown):
        site.writer.write(second, first)
    written = site.writer.write(second, first)

    assert list(site.writer.read_back(second, written)) == []


def test_a_maintenance_page_is_no_success(site: Site, bread: OutboxMessage):
    written = site.publish(bread)
    site.misbehave("maintenance", 1)

    # The sandbox lets reads through, so there it meets the write, of which nobody can say whether
    # it was done.
    with pytest.raises(Temporary, match="maintenance"):
        site.writer.write(later(bread, written, title="Changed"), written)

    assert site.post(written)["title"]["raw"] != "Changed"


@pytest.mark.requirement("E19")
@pytest.mark.parametrize(
    "change",
    [
        {"content": "<p>Somebody's own words</p>"},
        {"title": "Somebody's own title"},
        {"status": "draft"},
        {"slug": "somewhere-else"},
    ],
    ids=["text", "title", "status", "slug"],
)
def test_what_a_person_changed_there_is_not_overwritten(
    site: Site, bread: OutboxMessage, change: dict[str, str]
):
    written = site.publish(bread)
    change = {
        name: f"{value}-{token_hex(4)}" if name == "slug" else value
        for name, value in change.items()
    }
    site.edit(written, **change)

    with pytest.raises(Conflict, match=next(iter(change)).replace("content", "text")):
        site.writer.write(later(bread, written, title="Ours"), written)

    assert site.post(written)["title"]["raw"] != "Ours"
    assert site.writer.read_back(bread, written)


def test_an_edit_is_seen_even_when_nobody_remembers_what_was_written(
    site: Site, bread: OutboxMessage
):
    written = site.publish(bread)
    raw = site.post(written)["content"]["raw"]
    site.edit(written, content=raw.replace("The team", "Our team"))

    with pytest.raises(Conflict, match="title, text or excerpt"):
        site.writer.write(bread, site.writer.find(bread))


def test_an_edit_of_the_markup_alone_is_seen_too(site: Site, bread: OutboxMessage):
    written = site.publish(bread)
    raw = site.post(written)["content"]["raw"]
    digest = raw.split("-->")[1].split()[-1]
    site.edit(written, content=raw.replace("<h2>", '<h2 class="wide">').replace(digest, "0" * 32))

    with pytest.raises(Conflict):
        site.writer.write(bread, written)


def test_a_post_in_the_trash_is_a_stated_conflict_and_is_not_brought_back(
    site: Site, bread: OutboxMessage
):
    written = site.publish(bread)
    site.call("DELETE", f"/posts/{written.remote_id}")

    for message in (bread, replace(bread, remote_id=written.remote_id)):
        with pytest.raises(Conflict, match=f"{written.remote_id} is in the trash"):
            site.writer.find(message)
    with pytest.raises(Conflict, match="trash"):
        site.writer.write(bread, written)

    assert site.post(written)["status"] == "trash"
    assert any("status is trash" in each for each in site.writer.read_back(bread, written))


def test_a_post_that_was_deleted_is_not_made_again_by_itself(site: Site, bread: OutboxMessage):
    written = site.publish(bread)
    site.call("DELETE", f"/posts/{written.remote_id}", params={"force": "true"})

    for act in (
        lambda: site.writer.find(replace(bread, remote_id=written.remote_id)),
        lambda: site.writer.write(bread, written),
    ):
        with pytest.raises(Conflict, match="deleted"):
            act()

    assert site.posts(bread) == []
    assert "is not there" in site.writer.read_back(bread, written)[0]


def test_several_that_say_they_are_this_work_are_named(site: Site, bread: OutboxMessage):
    written = site.publish(bread)
    raw = site.post(written)["content"]["raw"]
    copy = site.call(
        "POST",
        "/posts",
        json={"title": "A copy", "content": raw, "author": site.post(written)["author"]},
    )

    with pytest.raises(Conflict) as refused:
        site.writer.find(bread)

    assert written.remote_id in str(refused.value)
    assert str(copy["id"]) in str(refused.value)


def test_a_slug_that_somebody_else_uses_is_not_taken_over(site: Site, bread: OutboxMessage):
    for _ in range(2):
        site.call_as_us(
            "POST",
            "/posts",
            json={"title": "Theirs", "slug": bread.content["slug"], "status": "draft"},
        )

    with pytest.raises(Conflict, match="not written by us"):
        site.writer.find(bread)


def test_what_is_public_is_never_taken_back_to_a_draft(site: Site, bread: OutboxMessage):
    written = site.publish(bread)

    with pytest.raises(Conflict, match="not made a draft again"):
        site.writer.write(replace(bread, verb="draft"), written)
    with pytest.raises(Permanent, match="does not support"):
        site.writer.write(replace(bread, verb="unpublish"), written)

    assert site.post(written)["status"] == "publish"


def test_a_text_that_refers_to_a_file_nobody_sent_is_refused_before_anything_is_written(
    site: Site, bread: OutboxMessage
):
    with pytest.raises(Permanent, match="not sent"):
        site.writer.write(replace(bread, assets=()), None)

    assert site.posts(bread) == []


def test_reading_back_names_what_is_missing(site: Site, bread: OutboxMessage):
    written = site.publish(bread)
    [file] = site.files(bread)
    site.call("DELETE", f"/media/{file}", params={"force": "true"})
    site.edit(written, excerpt="Another", title="Other")

    said = " ".join(
        site.writer.read_back(bread, Written(written.remote_id, written.url, written.evidence))
    )

    assert "is not in the media library" in said
    assert "The excerpt is “Another”" in said
    assert "The title is “Other”" in said
