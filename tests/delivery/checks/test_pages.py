from __future__ import annotations

import pytest

from delivery.deliverables.manifest import Manifest
from tests.delivery.checks.builders import HERO, failures, messages, picture

pytestmark = pytest.mark.requirement("Q3", "Q22")


@pytest.mark.parametrize(
    ("alt", "says"),
    [
        ("", "has no alt text"),
        ("alt=''", "is empty"),
        ("alt='bridge.jpg'", "file name"),
        ("alt='Bridge'", "file name"),
        ("alt='IMG_0042.JPEG'", "file name"),
        ("alt='Image of a bridge'", "Do not start with"),
        ("alt='Bild von einer Brücke'", "Do not start with"),
    ],
)
def test_an_image_without_words_of_its_own_is_found(alt: str, says: str) -> None:
    manifest = Manifest(body_html=f"<p>x<img src='asset:{HERO}' {alt}></p>", files=(picture(),))

    [finding] = failures("alt_text", manifest)

    assert says in str(finding.message)
    assert str(finding.place) == "body, image 1"
    assert "bridge.jpg" in finding.evidence


def test_decoration_is_only_what_a_rule_allows_and_says() -> None:
    body = f"<img src='asset:{HERO}' alt=''><img src='asset:{HERO}'>"

    assert messages("alt_text", body, allow_decorative=True) == [
        "The image has no alt text. Describe what it shows."
    ]


def test_an_image_outside_the_body_needs_words_too() -> None:
    [finding] = failures(
        "alt_text",
        Manifest(files=(picture("hero", alt=""), picture("pdf", type="application/pdf", alt=""))),
    )

    assert str(finding.place) == "file with role “hero”"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<h2>a</h2><h3>b</h3><h4>c</h4><h2>d</h2>", []),
        ("<p>no headings</p>", []),
        ("<h3>a</h3>", ["Level 3 follows level 1."]),
        ("<h2>a</h2><h4>b</h4><h4>c</h4>", ["Level 4 follows level 2."]),
        ("<h1>a</h1><h2>b</h2>", ["Level 1 is reserved for the page title. Start at level 2."]),
        ("<h2> &nbsp;<em></em></h2>", ["A heading of level 2 is empty."]),
        ("<h2><img src='https://e.example/x.png' alt='Logo'></h2>", []),
    ],
)
def test_headings(body: str, found: list[str]) -> None:
    assert messages("heading_order", body) == found


def test_a_table_without_header_cells_is_quoted() -> None:
    body = "<table><tr><th>a<td>b</table><table><tr><td>one<td>two</table>"

    [finding] = failures("table_headers", Manifest(body_html=body))

    assert (finding.evidence, str(finding.place)) == ("one two", "body, table 2")
