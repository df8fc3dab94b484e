"""Facts that only a real WordPress can show: roles, its cleaning of HTML, its terms and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from secrets import randbelow, token_hex

import httpx
import pytest

from integrations.adapters.wordpress.spelling import text_of
from integrations.base.adapter import Conflict, CredentialsRefused, OutboxMessage, Permanent
from integrations.proof.look import probe
from tests.integrations.publishing.writers import BODY, Site, article, later, loose_connection
from tests.threads import at_once
from tests.wordpress import WordPress

pytestmark = [pytest.mark.wordpress, pytest.mark.requirement("N5")]

# Everything an article of ours may be made of.
RICH = (
    BODY
    + """
<dl><dt>Term</dt><dd>Meaning</dd></dl><blockquote><p>Said <q>so</q></p></blockquote><pre><code>a  b
c</code></pre><hr>
<p><abbr title="United Kingdom">UK</abbr> <mark>m</mark><sub>1</sub><sup>2</sup> <del>x</del><ins>y</ins> <kbd>k</kbd> <samp>s</samp>
<small>n</small> <u>u</u> <s>z</s> <b>b</b> <i>i</i> <strong>S</strong></p>
<ol start="3"><li>Three</li></ol><details><summary>More</summary><p>Hidden [gallery-like] text & 5'6"</p></details>"""  # noqa: E501
)


@pytest.fixture
def bread() -> OutboxMessage:
    return article(f"bread-{token_hex(5)}", colour=randbelow(256**3))


@pytest.mark.parametrize("role", ["author", "editor"])
def test_everything_an_article_may_have_survives_either_role(
    wordpress: WordPress, request: pytest.FixtureRequest, role: str
):
    site: Site = request.getfixturevalue(role)
    rich = article(f"rich-{token_hex(5)}", colour=randbelow(256**3), body=RICH)

    written = site.publish(rich)

    assert probe(site.connection, rich.content, written).differences == []


def test_an_author_may_add_tags_but_no_categories_and_is_told_so(
    author: Site, bread: OutboxMessage
):
    name = f"New & {token_hex(4)}"

    with pytest.raises(Permanent, match="could not be added") as refused:
        author.writer.write(
            replace(bread, content={**bread.content, "terms": {"categories": [name]}}), None
        )
    written = author.publish(replace(bread, content={**bread.content, "terms": {"tags": [name]}}))

    assert not isinstance(
        refused.value, CredentialsRefused
    )  # the key is good: nobody need stop calling
    assert len(author.post(written)["tags"]) == 1


def test_an_editor_adds_a_category_once(editor: Site, bread: OutboxMessage):
    name = f"Category “{token_hex(4)}” & more"
    bread = replace(bread, content={**bread.content, "terms": {"categories": [name, name]}})

    first, second = editor.publish(bread), editor.publish(bread)

    assert len(editor.post(first)["categories"]) == 1
    assert first.evidence["terms"] == second.evidence["terms"]


def test_a_page_is_written_by_an_editor_and_not_by_an_author(
    editor: Site, author: Site, bread: OutboxMessage
):
    page = replace(
        bread, content={**bread.content, "post_type": "pages", "terms": {"tags": ["ignored"]}}
    )

    written = editor.publish(page)
    with pytest.raises(Permanent, match="role"):
        author.writer.write(replace(page, object_key="deliverable:other"), None)

    assert probe(editor.connection, page.content, written).holds


def test_a_post_of_somebody_else_is_not_touched(author: Site, editor: Site, bread: OutboxMessage):
    theirs = editor.publish(bread)

    with pytest.raises(Permanent):
        author.writer.write(bread, theirs)


def test_a_wrong_password_is_refused_with_a_hint(wordpress: WordPress, bread: OutboxMessage):
    site = Site(
        loose_connection("wordpress", wordpress.url, "author:wrong"),
        wordpress.call,
        lambda *_: None,
    )

    with pytest.raises(CredentialsRefused, match="Authorization header"):
        site.writer.find(bread)


def test_a_slug_that_is_taken_by_a_live_page_is_a_difference(editor: Site, bread: OutboxMessage):
    """Another work published first, with a slug that only differs by who may see it."""
    first = editor.publish(bread)
    other = replace(bread, object_key="deliverable:another")

    with pytest.raises(Conflict, match="which other work here has published"):
        editor.writer.find(other)
    written = editor.writer.write(other, None)

    assert written.remote_id != first.remote_id
    assert "it has that one for something else" in " ".join(editor.writer.read_back(other, written))


def test_several_at_once_for_one_work_are_found_and_named(author: Site, bread: OutboxMessage):
    """
    Nobody should do this, the outbox sees to it; WordPress does not prevent it, so it must be seen.
    """
    author.publish(
        replace(
            bread,
            object_key="deliverable:warm",
            content={**bread.content, "slug": f"warm-{token_hex(4)}"},
        )
    )

    def write() -> str:
        try:
            return author.writer.write(bread, None).remote_id
        except Conflict as conflict:
            return str(conflict)

    ends = at_once([write] * 3)

    # Whichever of two was created last finds both, before either of them may become public.
    assert len([end for end in ends if end.startswith("Several posts of the site")]) >= 2
    with pytest.raises(Conflict, match="Several"):
        author.writer.find(bread)


# -- I2 and F3: what was typed is what a reader gets -----------------------------------------------

TYPED = [
    "Offer <img src=x onerror=alert(1)>",
    "How to use the <details> element",
    "AT&amp;T",
    "<b>Bold</b> & <script>alert(1)</script>",
    "&#91;gallery&#93; and &lt;b&gt; and &copy; and &unknown;",
    "[gallery] [caption]x[/caption] [[audio]]",
    "Thanks :) ;-) 8-) :lol: :?:",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
    "use --force -- or ---all, ``so'' (tm)",
    "Wordpress and 100%20 of 9x9",
    "5 < 6 > 4 && 3",
    "<!--more--> <!--nextpage--> <!-- wp:paragraph --> <?php phpinfo(); ?>",
    ":mrgreen: [embed]https://youtu.be/x[/embed] \u00a0:) (:-|)",
    "日本語 עברית é \u200b ½ x²",
    "\\' \\\" C:\\temp \\0",
]


# WordPress resolves references in attributes since then, see ``mapping.rewritten_alt``.
RESOLVING = (7, 1)
EVERY_ROLE = pytest.mark.parametrize(
    "role", ["author", pytest.param("editor", marks=pytest.mark.drill)]
)


def as_typed(texts: Sequence[str]) -> OutboxMessage:
    parts = []
    for text in texts:
        escaped = escape(text, quote=False)
        parts.append(
            f"<h2>{escaped}</h2><p>{escaped}</p><ul><li>{escaped}</li></ul><pre><code>{escaped}\n"
            f"{escaped}</code></pre><p>A <b>{escaped}</b> one</p>"
            f'<p><a href="https://x.example/?a[]=1">{escaped}</a></p>'
            f'<figure><img src="asset:{{sha}}" alt="{escape(text)}"></figure>'
        )
    return article(
        f"typed-{token_hex(5)}",
        colour=randbelow(256**3),
        size=9 + randbelow(90),
        body="".join(parts),
    )


@EVERY_ROLE
def test_i2_what_was_typed_is_what_a_reader_gets_whatever_the_role(
    wordpress: WordPress, request: pytest.FixtureRequest, role: str
):
    site: Site = request.getfixturevalue(role)
    told = role == "author" and wordpress.version() >= RESOLVING
    message = as_typed([text for text in TYPED if not (told and "[" in text)])
    written = site.publish(message)

    for text in TYPED:
        message = later(message, written, title=text, excerpt=text)
        written = site.publish(message)

        shown = httpx.get(written.url, trust_env=False).text
        assert probe(site.connection, message.content, written).differences == []
        assert "onerror=alert(1)>" not in shown
        assert "<script>alert" not in shown
        assert "<iframe" not in shown
        assert 'class="gallery' not in shown
        assert "🙂" not in shown


@EVERY_ROLE
def test_i2_an_alternative_text_that_becomes_a_shortcode_is_not_published(
    wordpress: WordPress, request: pytest.FixtureRequest, role: str
):
    """From 7.1 on, no spelling of an author's brackets is safe in attributes; before, ours is."""
    site: Site = request.getfixturevalue(role)
    body = '<p>Text</p><figure><img src="asset:{sha}" alt="%s"></figure>'
    brackets = article(f"brackets-{token_hex(5)}", body=body % "Sales [in euros]")
    shortcode = article(f"shortcode-{token_hex(5)}", body=body % "A [gallery] of all")

    written = site.publish(brackets)
    assert probe(site.connection, brackets.content, written).differences == []
    if role == "author" and wordpress.version() >= RESOLVING:
        with pytest.raises(Permanent, match="“A \\[gallery\\] of all” for a shortcode") as refusal:
            site.publish(shortcode)
        assert "Nothing was published" in str(refusal.value)
        return
    written = site.publish(shortcode)
    assert probe(site.connection, shortcode.content, written).differences == []


@EVERY_ROLE
def test_i2_names_and_alternative_texts_are_text_too(
    wordpress: WordPress, request: pytest.FixtureRequest, role: str
):
    site: Site = request.getfixturevalue(role)
    name = f"<b> & AT&amp;T [x] 100%20 {token_hex(4)}"
    message = as_typed([name])
    terms = {"tags": [name]}
    message = replace(
        message,
        content={**message.content, "terms": terms},
        assets=tuple(replace(each, alt=name) for each in message.assets),
    )

    first, second = site.publish(message), site.publish(message)

    [tag] = site.post(first)["tags"]
    [file] = site.files(message)
    assert first.evidence["terms"] == second.evidence["terms"]
    assert text_of(site.call("GET", f"/tags/{tag}")["name"]) == name
    assert text_of(site.call("GET", f"/media/{file}")["alt_text"]) == name
