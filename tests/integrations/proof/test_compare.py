"""F2: content that a public page must show, however a content system and a theme render it."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from demo.sandbox.cms import Post
from demo.sandbox.cms_page import Theme, page
from integrations.adapters.wordpress.spelling import body_as_html, text_as_html
from integrations.proof.compare import Shown, compare
from integrations.proof.typography import normal

URL = "https://x.example/new/"
OURS = Shown(
    'It\'s "new"',
    '<h2>First</h2><p>Second -- "quoted" 5\'6"...</p><img src="https://x.example/a.png?w=1&amp;h=2">',
    URL,
)
SHOWN = """<html><head><title>It’s “new” – A site</title></head><body><nav>Menu</nav><h1>It&#8217;s &#8220;new&#8221;</h1>
<div class="entry"><h2>First</h2><p>Second — “quoted” 5′6″…</p><img src="https://x.example/a.png?w=1&#038;h=2"></div></body></html>"""  # noqa: E501

words = st.text(
    alphabet=st.sampled_from("abcxyzäß09 '\"-.()&<>…“”—’"), min_size=1, max_size=40
).filter(lambda text: normal(text) != "")
quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def differences(ours: Shown, html: str) -> list[str]:
    return compare(ours, html).differences


def test_a_page_that_shows_it_differs_in_nothing():
    assert differences(OURS, SHOWN) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("<h2>First</h2>", "", "does not show “First”"),
        ("quoted", "misquoted", '“Second - "misquoted"'),
        ("<h2>First</h2>", "<h2>Firsthand</h2>", "“Firsthand” instead of “First”"),
        ("a.png", "b.png", "does not show the image “https://x.example/a.png"),
        ("“new” – A", "“old” – A", ""),
        ("new", "old", 'The title is “It\'s "old"”'),
        ("<h2>First</h2>", "<h2 hidden>First</h2>", "does not show “First”"),
        ("<h2>First</h2>", "<script>First</script>", "does not show “First”"),
        ("</h2>", "</h2><div>An advertisement</div>", "also shows “An advertisement”"),
    ],
)
def test_what_is_missing_changed_or_added_is_named(before: str, after: str, said: str):
    found = differences(OURS, SHOWN.replace(before, after))

    assert (said in " ".join(found)) if said else found == []


def test_what_has_changed_places_is_named():
    ours = Shown("", "<p>One</p><p>Two</p><p>Three</p>", URL)

    found = differences(ours, "<div><p>Two</p><p>Three</p><p>One</p></div>")

    assert found == ["The page shows “One” in another place."]


def test_a_text_that_also_stands_in_the_menu_is_found_where_it_belongs():
    menu = "<ul><li>One</li><li>Two</li></ul>"
    ours = Shown("", "<p>One</p><p>Two</p><p>Three</p>", URL)

    assert differences(ours, f"<nav>{menu}</nav><main><p>One<p>Two<p>Three</main>") == []
    assert differences(ours, f"<nav>{menu}</nav><main><p>Two<p>Three</main>") != []


def test_what_was_beside_the_text_when_it_was_proven_may_stay_and_nothing_more():
    ours = Shown("Bread", "<p>One</p><p>Two</p>", URL)
    html = "<article><h1>Bread</h1><p>By Robin</p>{}<p>One</p><p>Two</p>{}</article>"

    first = compare(ours, html.format("", ""))

    assert first.differences == []
    assert compare(ours, html.format("", ""), first.frame).differences == []
    for before, after in (("<p>Sold out</p>", ""), ("", "<p>Sold out</p>"), ("", "Sold out")):
        [said] = compare(ours, html.format(before, after), first.frame).differences
        assert "which was not approved" in said


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ('<div class="wp-block-group wp-container-3 is-layout-flow"><p>Sold out</p></div>', True),
        (
            '<div class="wp-block-buttons"><a class="wp-block-button__link" href="/x">A</a></div>',
            True,
        ),
        ('<figure class="wp-block-image size-large"><img src="/x.png" alt="X"></figure>', True),
        ('<figure class="wp-block-embed is-type-video"><iframe src="/v"></iframe></figure>', True),
        ("<iframe src='/v'></iframe>", True),
        ('<img src="/x.png" alt="X">', True),
        ("<blockquote><p>Sold out</p></blockquote>", True),
        ('<p class="notice">Sold out</p>', True),
        ('<h2 id="sold-out">Sold out</h2>', True),
        ('<div class="sharedaddy"><a href="/share">Share</a></div>', False),
        ('<div id="jp-relatedposts"><h3>Related</h3><img src="/r.png" alt="R"></div>', False),
        ('<form action="/comments"><p>Comment</p></form>', False),
        ("<script>count()</script>", False),
        ('<p style="font-size:0">Nobody sees it</p>', False),
    ],
)
def test_what_a_person_adds_beside_the_text_is_told_and_what_a_theme_adds_is_not(
    added: str, told: bool
):
    ours = Shown("Bread", "<p>One</p><p>Two</p>", URL)
    html = '<h1>Bread</h1><div class="entry-content">{}<p>One</p><p>Two</p>{}</div>'
    frame = compare(ours, html.format("", "")).frame

    after = compare(ours, html.format("", added), frame).differences
    before = compare(ours, html.format(added, ""), frame).differences

    assert (bool(after), bool(before)) == (told, told)


def test_the_main_image_that_a_theme_showed_is_missed_when_it_is_gone_or_another_one():
    main = "https://x.example/wp-content/uploads/main.png"
    ours = Shown("Bread", "<p>One</p>", URL, files=(main,))
    html = '<h1>Bread</h1><img class="hero" src="{}"><div class="entry"><p>One</p></div>'

    frame = compare(ours, html.format(main.replace(".png", "-1024x768.png"))).frame

    assert frame["images"] == [main]
    assert compare(ours, html.format(main), frame).differences == []
    for other in ("/wp-content/uploads/other.png", "data:,"):
        [said] = compare(ours, html.format(other), frame).differences
        assert "no longer shows the image" in said
    assert compare(ours, html.format("/logo.png")).differences == []


@pytest.mark.parametrize(
    ("robots", "listed", "told"),
    [
        ("noindex, follow", True, True),
        ("none", True, True),
        ("NOINDEX", True, True),
        ("index, follow, max-image-preview:large", True, False),
        ("noindex", False, False),
    ],
)
def test_a_page_that_no_search_engine_may_list_is_named_unless_the_whole_site_asks_so(
    robots: str, listed: bool, told: bool
):
    html = SHOWN.replace("<head>", f'<head><meta name="robots" content="{robots}">')

    by_page = compare(OURS, html, listed=listed).differences
    by_header = compare(OURS, SHOWN, robots=robots, listed=listed).differences

    assert (bool(by_page), bool(by_header)) == (told, told)


@pytest.mark.parametrize(
    ("canonical", "told"),
    [
        (URL, False),
        ("http://www.x.example/new", False),
        ("/new/", False),
        ("https://x.example/", True),
        ("https://y.example/new/", True),
    ],
)
def test_a_page_that_names_another_address_as_its_own_is_named(canonical: str, told: bool):
    html = SHOWN.replace("<head>", f'<head><link rel="canonical" href="{canonical}">')

    assert bool(differences(OURS, html)) == told


def test_a_page_of_images_alone_is_compared_too():
    ours = Shown("", '<img src="/a.png" alt="A"><img src="/b.png" alt="B">', URL)

    assert (
        differences(ours, '<div><img src="/a.png" alt="A"><img src="/b.png" alt="B"></div>') == []
    )
    assert differences(ours, '<div><img src="/a.png" alt="A"></div>') != []
    assert (
        differences(ours, '<div><img src="/a.png" alt="A"><img src="/b.png" alt="C"></div>') != []
    )


@quick
@given(words)
def test_normal_text_stays_as_it_is(text: str):
    assert normal(normal(text)) == normal(text)


@quick
@given(words, st.lists(words, min_size=1, max_size=4))
def test_what_a_content_system_makes_of_it_still_proves_it(title: str, texts: list[str]):
    body = "".join(f"<p>{escape(text, quote=False)}</p>" for text in texts)

    shown = page(Post(1, "posts", title=text_as_html(title), content=body_as_html(body)))

    assert differences(Shown(title, body, URL), shown) == []


@quick
@given(words, st.lists(words, min_size=1, max_size=4), st.data())
def test_a_block_that_is_left_out_is_always_noticed(
    title: str, texts: list[str], data: st.DataObject
):
    gone = data.draw(st.sampled_from(texts))
    rest = [text for text in texts if text is not gone]
    ours = "".join(f"<p>{escape(text, quote=False)}</p>" for text in [*rest, f"{gone} qqq"])
    theirs = "".join(f"<p>{escape(text, quote=False)}</p>" for text in rest)

    shown = page(Post(1, "posts", title=text_as_html(title), content=theirs), Theme())

    assume("qqq" not in shown)
    assert differences(Shown(title, ours, URL), shown)


@pytest.mark.parametrize(
    "html",
    [
        "<p>" * 20_000,
        "<div>" * 20_000 + "a " * 20_000,
        "<a href=x>" * 20_000,
        "<p>One</p>" * 20_000,
        '<img src="a">' * 20_000,
        "One Two " * 20_000,
        "<title>" + "It's - " * 20_000,
    ],
    ids=["paragraphs", "depth", "links", "blocks", "images", "words", "title"],
)
@pytest.mark.timeout(30)
def test_a_hostile_page_takes_no_time(html: str):
    ours = Shown("It's", "<p>One Two</p><p>Three</p><a href='x'>Four</a>" * 100, URL)

    compare(ours, html)
