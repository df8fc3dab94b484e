"""I2, F3: text in a spelling that WordPress shows as it was typed."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.deliverables.sanitise import sanitise
from demo.sandbox.kses import TITLE_TAGS, kses, text_field
from integrations.adapters.wordpress.spelling import (
    body_as_html,
    name_as_html,
    text_as_html,
    text_of,
)
from integrations.base.markup import spelled

texts = st.text(
    alphabet=st.sampled_from("abc019 ;:&#<>[]()\"'-`%/.OtmxD|?!\\😀ä\u00a0"), max_size=40
).map(lambda text: " ".join(text.split()))


@given(texts)
def test_i2_a_text_is_the_same_text_in_html_also_after_cleaning(text: str):
    html = text_as_html(text)

    assert text_of(html) == text
    assert text_of(kses(html, TITLE_TAGS)) == text
    assert kses(kses(html, TITLE_TAGS), TITLE_TAGS) == kses(html, TITLE_TAGS)


@given(texts)
def test_i2_a_name_is_the_same_name_after_all_that_is_done_to_names(text: str):
    html = name_as_html(text)

    assert text_of(kses(text_field(html), TITLE_TAGS)) == text


@given(texts, texts)
def test_f3_a_body_is_the_same_body_in_another_spelling(text: str, alt: str):
    body = sanitise(
        f'<p>{escape(text)}</p><pre>{escape(text)}</pre><img src="https://x.example/a[1].png" '
        f'alt="{escape(alt)}"><a href="https://x.example/?a[]={escape(alt)}">{escape(text)}</a>'
    )
    html = body_as_html(body)

    assert spelled(html) == spelled(body)
    assert spelled(kses(html)) == spelled(body)
    assert "[" not in html
    assert "]" not in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("R&D & more", "R&amp;D &amp; more"),
        ("AT&amp;T", "AT&#38;amp;T"),
        ("&#91;x&#93;", "&#38;#91;x&#38;#93;"),
        ("<b>", "&lt;b&gt;"),
        ("[gallery]", "&#91;gallery&#93;"),
        ("Thanks :) and :-D", "Thanks &#58;) and &#58;-D"),
        ("Hours: 9 to 5; closed", "Hours: 9 to 5; closed"),
        ("https://youtu.be/x", "https&#58;//youtu.be/x"),
        ("a -- b --- c - d", "a &#45;- b &#45;&#45;- c - d"),
        ('It\'s "so"', 'It\'s "so"'),
        ("Wordpress, WordPress", "Word&#112;ress, WordPress"),
    ],
)
def test_f3_only_what_would_be_rewritten_is_spelled_otherwise(text: str, html: str):
    assert text_as_html(text) == html
