"""Changes besides words: links, images, looks, raised digits, and scripts without spaces."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.deliverables.diff import ChangeKind, TextRun, difference
from delivery.deliverables.manifest import FileEntry, Manifest
from delivery.models import Version
from delivery.portal.differences import news


def told(before: str, after: str, files: tuple[FileEntry, ...] = ()) -> dict[str, tuple[str, str]]:
    """What the client reads: label, before and after."""
    old, new = (
        Version(number=number, body_html=body) for number, body in ((1, before), (2, after))
    )
    found: Any = news(_with(old, files), _with(new, files))
    return {str(label): (one, other) for label, one, other in found.texts}


def _with(version: Version, files: tuple[FileEntry, ...]) -> Any:
    class Known:
        number = version.number
        manifest = Manifest(body_html=version.body_html, files=files)

    return Known


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("https://a.test/x", "https://a.test/y", ("https://a.test/x", "https://a.test/y")),
        ("mailto:a@acme.test", "mailto:b@acme.test", ("a@acme.test", "b@acme.test")),
        ("tel:+4912", "tel:+4913", ("+4912", "+4913")),
    ],
)
def test_a_link_that_leads_elsewhere_is_told_from_and_to_g4(
    before: str, after: str, shown: tuple[str, str]
) -> None:
    assert told(
        f'<p><a href="{before}">Write to us</a></p>', f'<p><a href="{after}">Write to us</a></p>'
    ) == {"Link “Write to us”": shown}


def test_links_are_told_also_where_the_text_changed_and_when_added_or_removed_g4() -> None:
    one, other = '<a href="https://a.test/">A</a>', '<a href="https://b.test/">B</a>'

    assert told("<p>Old</p>", f"<p>New {one}</p>") == {"Link “A”": ("", "https://a.test/")}
    assert told(f"<p>{one} {other}</p>", f"<p>A {other}</p>") == {
        "Link “A”": ("https://a.test/", "")
    }


def test_images_and_alt_texts_are_told_by_name_g4() -> None:
    files = tuple(
        FileEntry("content", sha * 64, f"{name}.png", "image/png", 1)
        for sha, name in (("a", "hero"), ("b", "plan"))
    )
    hero = f'<img src="asset:{"a" * 64}" alt="A ridge">'
    plan = f'<img src="asset:{"b" * 64}" alt="A ridge">'

    assert told(hero, plan, files) == {"Image": ("hero.png", "plan.png")}
    assert told(hero, hero.replace("ridge", "valley"), files) == {
        "Alt text of hero.png": ("A ridge", "A valley")
    }


def test_looks_are_told_from_and_to_g4() -> None:
    assert told("<p>One</p>", "<h2>One</h2>") == {"Layout of “One”": ("plain text", "heading 2")}
    assert told("<p>One <b>two three</b></p>", "<p>One two three</p>") == {
        "Layout of “two three”": ("bold", "plain text")
    }


def test_a_list_that_is_numbered_now_is_told_g4() -> None:
    bullets, numbers = "<ul><li>One</li></ul>", "<ol><li>One</li></ol>"

    assert told(bullets, numbers) == {"Layout of “One”": ("bulleted list", "numbered list")}
    assert told("<p>One</p>", bullets) == {"Layout of “One”": ("plain text", "bulleted list")}


def test_a_raised_digit_is_a_change_of_the_text_g4() -> None:
    found = difference(
        Manifest(body_html="<p>10<sup>2</sup> m</p>"), Manifest(body_html="<p>102 m</p>")
    )

    assert found.body == (
        TextRun(ChangeKind.DELETED, "10²"),
        TextRun(ChangeKind.INSERTED, "102"),
        TextRun(ChangeKind.SAME, "m"),
    )
    water = difference(Manifest(body_html="H<sub>2</sub>O"), Manifest(body_html="H2O"))
    assert [run.text for run in water.body] == ["H₂O", "H2O"]


def test_japanese_is_compared_by_character_g4() -> None:
    found = difference(
        Manifest(body_html="<p>日本語を学ぶ。</p>"), Manifest(body_html="<p>日本語を教える。</p>")
    )

    shown = [(run.change, run.text, run.glued) for run in found.body]
    assert shown == [
        (ChangeKind.SAME, "日本語を", False),
        (ChangeKind.DELETED, "学ぶ", True),
        (ChangeKind.INSERTED, "教える", True),
        (ChangeKind.SAME, "。", True),
    ]


def test_two_edits_far_apart_in_a_long_text_are_two_changes_g4() -> None:
    sentences = [f"これは第{number}の文です。" for number in range(600)]
    after = list(sentences)
    after[3], after[590] = "これは別の文です。", "おわりの文です。"

    found = difference(Manifest(body_html="".join(sentences)), Manifest(body_html="".join(after)))

    changed = [run.text for run in found.body if run.change is not ChangeKind.SAME]
    assert max(map(len, changed)) < 20


def test_nothing_is_told_of_the_same_text_g4() -> None:
    body = '<p>One <a href="https://a.test/">two</a></p>'
    assert told(body, body) == {}
