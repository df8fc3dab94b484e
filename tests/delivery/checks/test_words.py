from __future__ import annotations

from decimal import Decimal

import pytest

from delivery.checks.kinds.page import BudgetContext
from delivery.deliverables.manifest import Manifest
from tests.delivery.checks.builders import failures

pytestmark = pytest.mark.requirement("Q3")


@pytest.mark.parametrize(
    ("term", "body"),
    [
        ("cheap", "<p>Not CHEAP!</p>"),
        ("cafe", "<p>Café</p>"),
        ("Café", "<p>cafe\u0301</p>"),
        ("STRASSE", "<p>straße</p>"),
        ("best price", "<p>best\n <em>pri</em>ce</p>"),
        ("best price", "<p>best&nbsp;price</p>"),
        ("C++", "<p>in C++.</p>"),
        ("price", "<p>pr\u00adi\u200bce</p>"),
        ("东京", "<p>我爱东京塔</p>"),
        ("e-mail", "<p>E-Mail us</p>"),
    ],
)
def test_a_forbidden_term_is_found_as_people_mean_it(term: str, body: str) -> None:
    [finding] = failures("forbidden_terms", Manifest(body_html=body), terms=[term])

    assert (str(finding.message), str(finding.place)) == (f"“{term}” must not be used.", "body")


@pytest.mark.parametrize(
    ("term", "body"),
    [
        ("cheap", "<p>cheaper</p>"),
        ("best price", "<p>best</p><p>price</p>"),
        ("best price", "best. Price"),
        ("ape", "<p>c<b>ape</b></p>"),
    ],
)
def test_parts_of_words_and_of_other_blocks_are_no_term(term: str, body: str) -> None:
    assert not failures("forbidden_terms", Manifest(body_html=body), terms=[term])


def test_every_place_is_quoted_with_what_stands_around_it() -> None:
    manifest = Manifest(
        title="Cheap",
        excerpt="So cheap",
        body_html="<p>" + "word " * 100 + "cheap" + " word" * 100 + "</p>",
    )

    title, excerpt, body = failures("forbidden_terms", manifest, terms=["cheap"])

    assert (str(title.place), str(excerpt.place), excerpt.evidence) == (
        "title",
        "excerpt",
        "So cheap",
    )
    assert "word cheap word" in body.evidence
    assert body.evidence.startswith("…")
    assert len(body.evidence) <= 120


def test_required_terms_are_looked_for_where_the_rule_says() -> None:
    manifest = Manifest(title="Bridges", body_html="<p>Steel <b>is</b> safe</p>")

    missing = failures("required_terms", manifest, terms=["steel is", "bridges", "stone"])
    in_title = failures("required_terms", manifest, terms=["bridges", "steel"], field="title")

    assert [str(finding.message) for finding in missing] == ["“stone” is required but missing."]
    assert [str(finding.message) for finding in in_title] == ["“steel” is required but missing."]


def test_lengths_count_what_a_reader_sees() -> None:
    manifest = Manifest(
        title="Bridges", body_html="<p> <img src='https://e.example/x.png' alt='x'></p>"
    )

    assert not failures("text_length", manifest, field="title", minimum=7, maximum=7)
    assert failures("text_length", manifest, field="title", minimum=8)
    assert failures("text_length", manifest, field="title", maximum=6)
    assert [
        str(finding.message) for finding in failures("text_length", manifest, field="body")
    ] == ["This is empty."]


@pytest.mark.parametrize(
    ("slug", "faults"),
    [
        ("a-1", 0),
        ("", 1),
        ("A", 1),
        ("a--b", 1),
        ("-a", 1),
        ("ä", 1),
        ("a/b", 1),
        ("a\n", 1),
        ("a" * 81, 1),
    ],
)
def test_slugs(slug: str, faults: int) -> None:
    assert len(failures("slug_form", Manifest(slug=slug))) == faults


@pytest.mark.parametrize(
    ("planned", "left", "tolerance", "faults"),
    [
        ("100", "100", "0", 0),
        ("100.01", "100", "0", 1),
        ("110", "100", "10", 0),
        (None, "100", "0", 1),
        ("100", None, "0", 0),
        ("0", "-1", "0", 1),
    ],
)
def test_the_estimate_must_fit_into_what_is_left(
    planned: str | None, left: str | None, tolerance: str, faults: int
) -> None:
    context = BudgetContext(
        estimated_hours=Decimal(planned) if planned else None,
        remaining_hours=Decimal(left) if left else None,
    )

    assert len(failures("budget", Manifest(), context, tolerance=tolerance)) == faults
