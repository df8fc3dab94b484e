"""HTML as people and browsers take it."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.base.markup import assets_in, placed, seen, spelled

SHA = "ab" * 32
quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<p>One</p><p>Two <b>three</b></p>", ("One", "Two three")),
        ("a<br>b<br/>c", ("a", "b", "c")),
        ("<ul><li>x<li>y</ul>", ("x", "y")),
        ("<p>in&nbsp;one &amp; the&#32;same\n line</p>", ("in one & the same line",)),
        ("<p>un<em>broken</em></p>", ("unbroken",)),
        (
            "<style>p{}</style><script>x</script><p>seen</p><template>t</template><noscript>n</noscript>",
            ("seen",),
        ),
        ("<div hidden>gone<p>also</p></div>left", ("left",)),
        ("<p>never closed", ("never closed",)),
        ("</p></div>stray <!-- said to nobody --> ends", ("stray ends",)),
        ("", ()),
    ],
)
def test_blocks_are_what_a_reader_sees(html: str, blocks: tuple[str, ...]):
    assert seen(html).blocks == blocks


def test_images_and_links_are_listed_in_order():
    found = seen('<a href="/a">x</a><img src="/1.png?a=1&amp;b=2"><img alt="none"><a href="">y</a>')

    assert (found.images, found.links) == (("/1.png?a=1&b=2",), ("/a",))


def test_files_are_put_in_place_where_they_are_referred_to_and_nowhere_else():
    html = f'<img src="asset:{SHA}"><p>asset:{SHA}</p>'

    assert assets_in(html) == [SHA]
    assert (
        placed(html, {SHA: 'x"><script>'})
        == f'<img src="x&quot;&gt;&lt;script&gt;"><p>asset:{SHA}</p>'
    )
    with pytest.raises(KeyError):
        placed(html, {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a<br>b", "a<br />b"),
        ('<img src="x" alt="&quot;">', "<img alt='\"' src='x' />"),
        ("<p>“q” &amp; x</p>", "<p>&#8220;q&#8221; &#038; x</p>\n"),
        ("<!-- mark --><P>x</P>", "<p> x </p>"),
    ],
)
def test_two_spellings_of_the_same_are_equal(one: str, other: str):
    assert spelled(one) == spelled(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("<p>x</p>", "<div>x</div>"), ('<a href="1">', '<a href="2">'), ("x", "y"), ("<b>x</b>", "x")],
)
def test_what_is_not_the_same_is_not_equal(one: str, other: str):
    assert spelled(one) != spelled(other)


@quick
@given(st.text())
def test_any_text_can_be_looked_at(text: str):
    seen(text)
    spelled(text)


@quick
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_escaped_text_is_seen_as_it_was(text: str):
    assert seen(f"<p>{escape(text)}</p>").blocks == tuple(filter(None, [" ".join(text.split())]))
