"""One reader of HTML: however broken or hostile it is, read once, in time by its length."""

from __future__ import annotations

import re
from pathlib import Path
from time import process_time

import pytest

from delivery.deliverables.markup import Close, Open, Text, read
from integrations.base.markup import VisibleContent, seen, spelled, titles

ROOT = Path(__file__).parents[3]
HOSTILE = {
    "tags that never end": "<a " * 30_000,
    "tags that end once": "<a " * 30_000 + ">",
    "quotes that never end": '<a href="x' * 20_001,
    "comments that never end": "<!--" * 60_000 + ">",
    "sections that never end": "<![CDATA[" * 30_000,
    "declarations that never end": "<!doctype " * 30_000,
    "instructions that never end": "<?x " * 40_000,
    "brackets": "<" * 100_000,
    "ampersands": "&" * 100_000,
    "depth": "<div>" * 100_000 + "x" + "</div>" * 100_000,
    "hidden depth": "<svg><p>x" * 30_000,
    "closing tags of nothing": "<div>" * 20_000 + "</p>" * 20_000,
    "closing tags of what is far out": "<p>" + "<i>" * 20_000 + "</p>" * 20_000,
    "formatting that is opened again": "".join(f"<b id={n}>" for n in range(5_000))
    + "<p>x" * 5_000,
    "a script that never ends": "<script>" + "</a " * 30_000,
    "titles": "<title>" * 40_000,
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=list(HOSTILE))
def test_what_is_hostile_takes_no_more_time_than_its_length(html: str) -> None:
    started = process_time()

    seen(html)
    spelled(html)
    titles(html)

    assert process_time() - started < 10  # by the square it would be minutes


def test_pieces_come_in_order_with_references_resolved() -> None:
    assert list(read('<p lang=de lang="en">a &amp; &#x62;<br/>c</p>')) == [
        Open("p", {"lang": "de"}),
        Text("a & b"),
        Open("br"),
        Text("c"),
        Close("p"),
    ]


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<p>a<p>b", ("a", "b")),
        ("a <a", ("a <a",)),
        ('x <img alt="y', ('x <img alt="y',)),
        ("a<!-- never ended", ("a<!-- never ended",)),
        ("a<!-- ended -->b", ("ab",)),
        ("a<![x[b]]>c", ("ac",)),
        ("a<![CDATA[ b > c", ("a c",)),
        ("a <", ("a <",)),
        ("1 < 2 > 1", ("1 < 2 > 1",)),
        ("<p>a</div></p></p>b", ("a", "b")),
        ("<svg><title>no</title></svg>yes<template>no</template>", ("yes",)),
        ("<div hidden>no<p>no</div>yes", ("yes",)),
        ("<div hidden/>no", ()),
        ("", ()),
    ],
)
def test_broken_text_is_seen_as_far_as_it_can_be_read(html: str, blocks: tuple[str, ...]) -> None:
    assert seen(html).blocks == blocks


def test_links_and_images_are_what_is_written_first() -> None:
    html = '<a href=one href=two>x</a><img src="a&amp;b" src=c><a>y</a><img><a href="">z</a>'

    assert seen(html) == VisibleContent(("x", "y", "z"), ("a&b",), ("one",))


def test_what_an_attribute_says_is_not_read_as_markup() -> None:
    [image] = read('<img alt="<!-- a <![x[ --> b">')

    assert image == Open("img", {"alt": "<!-- a <![x[ --> b"})


def test_two_spellings_of_the_same_are_equal() -> None:
    one = spelled('<p class="b" id=a>x  y<br />&amp;</p><!-- said -->')

    assert one == spelled("<p id='a' class=b>x y<br>&</p>")
    assert one == ['<p class="b" id="a">', "x y", "<br>", "&", "</p>"]


def test_a_page_says_its_titles() -> None:
    page = "<title lang=en>One &amp; two</title><p>no</p><svg><title>Three</title></svg>"

    assert titles(page).split() == ["One", "&", "two", "Three"]


def test_no_other_place_reads_html() -> None:
    pattern = re.compile(r"^(from|import) html\.parser", re.MULTILINE)
    found = [
        path.relative_to(ROOT).as_posix()
        for package in ("config", "delivery", "integrations", "routing")
        for path in sorted((ROOT / package).rglob("*.py"))
        if pattern.search(path.read_text())
    ]

    assert found == ["delivery/deliverables/markup.py"]
