"""Changes besides words: links, images, looks, raised digits, and scripts without spaces."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.deliverables.diff import ChangeKind, TextRun, difference
from delivery.deliverables.manifest import FileEntry, Manifest
from delivery.deliverables.reading import VOID
from delivery.deliverables.sanitise import TAGS, sanitise
from delivery.models import Version
from delivery.portal.differences import news


def told(before: str, after: str, files: tuple[FileEntry, ...] = ()) -> dict[str, tuple[str, str]]:
    """What the client reads: label, before and after."""
    return {str(label): (one, other) for label, one, other in read(before, after, files).texts}


def read(before: str, after: str, files: tuple[FileEntry, ...] = ()) -> Any:
    old, new = (
        Version(number=number, body_html=body) for number, body in ((1, before), (2, after))
    )
    return news(_with(old, files), _with(new, files))


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


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (
            "<p>One</p><hr><p>Two</p>",
            "<p>One</p><p>Two</p>",
            {"Layout of “Two”": ("dividing line before it", "")},
        ),
        (
            "<p>One</p><hr><p>Two</p>",
            "<hr><p>One</p><p>Two</p>",
            {
                "Layout of “One”": ("", "dividing line before it"),
                "Layout of “Two”": ("dividing line before it", ""),
            },
        ),
        (
            "<ol><li>One</li></ol>",
            '<ol start="5"><li>One</li></ol>',
            {"Layout of “One”": ("numbered list", "numbered list, from 5")},
        ),
        (
            "<p>One<br>Two</p>",
            "<p>One</p><p>Two</p>",
            {"Layout of “Two”": ("line break before it", "paragraph")},
        ),
        (
            "<pre><code>if a:\n    b = 1\nc</code></pre>",
            "<pre><code>if a:\n  b = 1\nc</code></pre>",
            {"Layout of “b = 1”": ("····b·=·1", "··b·=·1")},
        ),
        (
            "<p><code>a b</code></p>",
            "<p><code>a  b</code></p>",
            {"Layout of “a b”": ("a·b", "a··b")},
        ),
        (
            '<p><a href="https://a.test/">here</a> and here</p>',
            '<p>here and <a href="https://a.test/">here</a></p>',
            {"Layout of “here and here”": ("link", ""), "Layout of “here”": ("", "link")},
        ),
        (
            '<p>One <abbr title="Two">three</abbr></p>',
            '<p>One <abbr title="Four">three</abbr></p>',
            {
                "Layout of “three”": (
                    "abbreviation, explained as “Two”",
                    "abbreviation, explained as “Four”",
                )
            },
        ),
    ],
)
def test_what_changed_beside_the_words_is_said_g4(
    before: str, after: str, shown: dict[str, tuple[str, str]]
) -> None:
    found = read(before, after)

    assert told(before, after) == shown
    assert not any("Only the layout changed" in note for note in found.notes)


def test_a_dividing_line_that_goes_with_other_words_is_told_g4() -> None:
    assert told("<p>One</p><hr><p>Two</p>", "<p>One</p><p>Two, and more</p>") == {
        "Layout of “Two”": ("dividing line before it", "")
    }


def test_paragraphs_that_change_places_are_told_as_moved_and_stay_whole_g4() -> None:
    one, two = "<p>The cat sat on the mat.</p>", "<p>The dog ran to the mat.</p>"

    found = read(f"{one}{two}<p>End.</p>", f"{two}{one}<p>End.</p>")

    assert found.notes == ["Moved: “The dog ran to the mat.”"]
    changed = {run.text.strip() for run in found.body if run.change is not ChangeKind.SAME}
    assert len(changed) == 1


def test_files_in_another_order_are_told_g4() -> None:
    one, two = (FileEntry("download", sha * 64, f"{sha}.png", "image/png", 1) for sha in "ab")

    found = difference(Manifest(files=(one, two)), Manifest(files=(two, one)))

    assert found.reordered
    assert not found.nothing


@pytest.mark.parametrize("tag", sorted(TAGS - {"tbody", "sub", "sup"}))
def test_no_tag_appears_or_goes_unsaid_g4(tag: str) -> None:
    """The general sentence is left for what no reader sees, such as two bold words side by side."""
    around = {
        "td": "<table><tr>{}</tr></table>",
        "th": "<table><tr>{}</tr></table>",
        "tr": "<table>{}</table>",
        "thead": "<table>{}</table>",
        "tfoot": "<table>{}</table>",
        "caption": "<table>{}</table>",
        "li": "<ul>{}</ul>",
    }.get(tag, "<p>Before</p>{}<p>After</p>")
    inner = f"<{tag}>" if tag in VOID else f"<{tag}>word</{tag}>"
    before, after = (sanitise(around.format(part)) for part in ("word" * (tag not in VOID), inner))

    found = difference(Manifest(body_html=before), Manifest(body_html=after))

    assert not found.nothing
    assert not found.unnamed


def test_spaces_between_tags_are_no_difference_g4() -> None:
    one = "<h2>Welcome</h2><p>To our <b>new</b> page.</p><ul><li>a</li></ul>"
    other = "<h2> Welcome </h2>\n\n<p>To our  <b>new</b>\npage.\n</p>\n<ul>\n<li>a</li>\n</ul>\n"

    assert difference(Manifest(body_html=one), Manifest(body_html=other)).nothing
