"""Content that a public page must show, however a content system renders it."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from demo.sandbox.cms import Post
from demo.sandbox.cms_server import page
from integrations.proof.compare import Shown, differences, normal

OURS = Shown(
    'It\'s "new"',
    '<h2>First</h2><p>Second -- "quoted" 5\'6"...</p><img src="https://x.example/a.png?w=1&amp;h=2">',
)
SHOWN = """<html><head><title>It’s “new” – A site</title></head><body><nav>Menu</nav><h1>It&#8217;s &#8220;new&#8221;</h1>
<h2>First</h2><div>An advertisement</div><p>Second — “quoted” 5′6″…</p><img src="https://x.example/a.png?w=1&#038;h=2"></body></html>"""  # noqa: E501

words = st.text(
    alphabet=st.sampled_from("abcxyzäß09 '\"-.()&<>…“”—’"), min_size=1, max_size=40
).filter(lambda text: normal(text) != "")
quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_a_page_that_shows_it_differs_in_nothing():
    assert differences(OURS, SHOWN) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("<h2>First</h2>", "", "does not show “First”"),
        ("quoted", "misquoted", "does not show “Second"),
        ("<h2>First</h2>", "<h2>Firsthand</h2>", "does not show “First”"),
        ("a.png", "b.png", "the image https://x.example/a.png"),
        ("new", "old", "does not show the title"),
        ("<h2>First</h2>", "<h2 hidden>First</h2>", "does not show “First”"),
        ("<h2>First</h2>", "<script>First</script>", "does not show “First”"),
    ],
)
def test_what_is_missing_is_named(before: str, after: str, said: str):
    found = differences(OURS, SHOWN.replace(before, after))

    assert len(found) == 1
    assert said in found[0]


def test_what_has_changed_places_is_named():
    moved = SHOWN.replace("<h2>First</h2>", "").replace("</body>", "<h2>First</h2></body>")

    assert "in another place" in " ".join(differences(OURS, moved))


def test_an_image_that_is_loaded_late_is_an_image():
    assert differences(OURS, SHOWN.replace("<img src=", '<img src="data:," data-src=')) == []


@quick
@given(words)
def test_normal_text_stays_as_it_is(text: str):
    assert normal(normal(text)) == normal(text)


@quick
@given(words, st.lists(words, min_size=1, max_size=4))
def test_what_a_content_system_makes_of_it_still_proves_it(title: str, texts: list[str]):
    body = "".join(f"<p>{escape(text, quote=False)}</p>" for text in texts)

    shown = page(Post(1, "posts", title=title, content=body))

    assert differences(Shown(title, body), shown) == []


@quick
@given(words, st.lists(words, min_size=1, max_size=4), st.data())
def test_a_block_that_is_left_out_is_always_noticed(
    title: str, texts: list[str], data: st.DataObject
):
    gone = data.draw(st.sampled_from(texts))
    rest = [text for text in texts if text is not gone]
    ours = "".join(f"<p>{escape(text, quote=False)}</p>" for text in [*rest, f"{gone} qqq"])

    shown = page(
        Post(
            1,
            "posts",
            title=title,
            content="".join(f"<p>{escape(text, quote=False)}</p>" for text in rest),
        )
    )

    assume("qqq" not in shown)
    assert len(differences(Shown(title, ours), shown)) == 1
