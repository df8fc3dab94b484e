"""F4: slugs derived from titles of all scripts are readable, or a person is asked for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.kernel.slugs import MOST, is_slug, slug_of, spelled


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("ΔΟΚΙΜΗ", "dokimi"),
        ("ΔΟΚΙΜΗ 1", "dokimi-1"),
        ("Ἀθῆναι", "athinai"),
        ("Über uns – Größe", "uber-uns-groesse"),
        ("Füße & Straße", "fuesse-strasse"),
        ("Łódź Źródła", "lodz-zrodla"),
        ("Ø Ærø", "o-aero"),
        ("Þórður", "thordur"),
        ("İstanbul ığdır", "istanbul-igdir"),
        ("Tiếng Việt đẹp", "tieng-viet-dep"),
        ("Українська щука", "ukrainska-shchuka"),
        ("Съешь ещё", "sesh-eshche"),
        ("ქართული", "kartuli"),
        ("한국어", "hangugeo"),
        ("ひらがな カタカナー", "hiragana-katakana"),
        ("ｆｕｌｌ ｗｉｄｔｈ ２", "full-width-2"),
        ("𝒳𝟙 ﬁn", "x1-fin"),
        ("e\u0301te\u0301", "ete"),
        ("a\u200bb co\u00adop", "ab-coop"),
        ("Don’t panic", "dont-panic"),
        ("50 % off / 3.5 kg", "50-off-3-5-kg"),
        ("\U0001f600 party", "party"),
        ("AT&T <b>", "at-t-b"),
    ],
)
def test_f4_a_title_that_can_be_spelled_gives_a_readable_slug(title: str, slug: str) -> None:
    assert slug_of(title) == slug


@pytest.mark.parametrize(
    "title",
    [
        "日本語を学ぶ",
        "東京 2028",
        "北京欢迎你",
        "مرحبا بالعالم",
        "שלום עולם",
        "สวัสดี",
        "नमस्ते",
        "\U0001f600",
        "–…!",
        "",
    ],
)
def test_f4_a_title_that_cannot_be_spelled_reliably_gives_none(title: str) -> None:
    assert slug_of(title) == ""


def test_f4_a_long_title_ends_before_the_word_that_would_be_cut() -> None:
    slug = slug_of("wonderful " * 30)

    assert slug == "-".join(["wonderful"] * 8)
    assert len(slug_of("x" * 300)) == MOST


@given(st.text(max_size=120))
def test_f4_whatever_the_title_the_slug_is_one_that_systems_keep(title: str) -> None:
    for slug in (slug_of(title), spelled(title, most=20)):
        assert slug == "" or is_slug(slug)
    assert len(slug_of(title)) <= MOST


@pytest.mark.parametrize("typed", ["/a/b", "a b", "A", "a--b", "-a", "a_b", "grüße", "a/", "a\n"])
def test_f4_what_is_no_slug_is_known(typed: str) -> None:
    assert not is_slug(typed)
