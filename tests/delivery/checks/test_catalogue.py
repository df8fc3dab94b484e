from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.checks.kinds.base import MOST_EVIDENCE, BadParams, CheckRule
from delivery.checks.kinds.catalogue import (
    DEFAULTS,
    KINDS,
    MOST_FINDINGS,
    Verdict,
    check,
    run,
    verdict,
)
from delivery.deliverables.manifest import FileEntry, Manifest
from delivery.deliverables.sanitise import LIMIT
from tests.delivery.checks.builders import HERO, picture
from tests.delivery.deliverables.test_sanitise import ATTACKS, HTML

ALL = [
    *(CheckRule(kind) for kind in KINDS),
    CheckRule("forbidden_terms", {"terms": ["text", "x y", "<"]}),
    CheckRule("required_terms", {"terms": ["text"]}),
]
GOOD = Manifest(
    title="Bridges",
    slug="bridges",
    body_html=f"<h2>Steel</h2><p>See <a href='https://example.com'>the plan</a>.</p><img "
    f"src='asset:{HERO}' alt='A bridge at dawn'>",
    files=(picture(),),
)
files = st.builds(
    FileEntry,
    st.text(max_size=5),
    st.text(max_size=5),
    st.text(max_size=200),
    st.text(max_size=9),
    st.integers(),
    st.none() | st.integers(),
)
manifests = st.builds(
    Manifest,
    st.text(max_size=300),
    st.text(max_size=99),
    st.text(),
    HTML,
    st.text(),
    st.text(),
    st.just({}),
    st.lists(files, max_size=3).map(tuple),
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(manifests)
def test_every_check_answers_whatever_the_version_says_and_always_the_same(
    manifest: Manifest,
) -> None:
    answers = run(ALL, manifest)

    assert [rule for rule, _ in answers] == ALL
    assert run(ALL, manifest) == answers
    for _, findings in answers:
        assert findings
        for finding in findings:
            assert str(finding.message)
            assert len(finding.evidence) <= MOST_EVIDENCE
            assert isinstance(str(finding.place), str)


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_answered_like_anything_else(attack: str) -> None:
    assert len(run(ALL, Manifest(title=attack, slug=attack, body_html=attack))) == len(ALL)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(
        st.sampled_from(["roles", "terms", "width", "tolerance", "field", "x"]), anything
    ),
)
def test_bad_parameters_are_findings_when_run_and_refused_when_written(
    kind: str, params: dict[str, object]
) -> None:
    rule = CheckRule(kind, params)

    [(_, findings)] = run([rule], GOOD)

    refused = ""
    try:
        check(rule)
    except BadParams as error:
        refused = str(error)
    assert not refused or verdict(rule, findings) is not Verdict.PASSED


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (CheckRule("spelling"), "no check of kind “spelling”"),
        (CheckRule("slug_form", {"most": 3}), "“Slug” has no parameter “most”."),
        (
            CheckRule("slug_form", {"maximum": "many"}),
            "Maximum characters: “many” is not a whole number, 0 or more.",
        ),
        (CheckRule("text_length", {"field": "colour"}), "Field: choose one of title, "),
        (CheckRule("alt_text", {"allow_decorative": "yes"}), "is not true or false"),
        (CheckRule("forbidden_terms", {"terms": "cheap"}), "is not a list of"),
        (CheckRule("required_assets", {"roles": {"hero": 0}}), "each with a count"),
        (CheckRule("max_size", {"megabytes": -1}), "is not a number, 0 or more"),
    ],
)
def test_a_rule_that_cannot_be_judged_is_refused_in_words(rule: CheckRule, says: str) -> None:
    with pytest.raises(BadParams, match=re.escape(says)):
        check(rule)

    [(_, findings)] = run([rule], GOOD)
    assert verdict(rule, findings) is Verdict.FAILED


def test_every_kind_says_what_a_form_needs_and_its_defaults_are_good() -> None:
    for kind in KINDS.values():
        check(CheckRule(kind.name))
        assert str(kind.label)
        assert str(kind.description)
        assert all(str(param.label) for param in kind.params)


def test_a_good_article_passes_everything_but_what_a_person_must_sign() -> None:
    for rule in DEFAULTS["page"]:
        check(rule)

    verdicts = {
        rule.kind: verdict(rule, findings) for rule, findings in run(DEFAULTS["page"], GOOD)
    }

    assert verdicts.pop("judgment") is Verdict.NEEDS_SIGNATURE
    assert set(verdicts.values()) == {Verdict.PASSED}


def test_an_empty_version_passes_for_neither_an_article_nor_a_file() -> None:
    page = {
        rule.kind
        for rule, findings in run(DEFAULTS["page"], Manifest())
        if verdict(rule, findings) is Verdict.FAILED
    }
    [file, _] = [verdict(rule, findings) for rule, findings in run(DEFAULTS["file"], Manifest())]

    assert page == {"text_length", "slug_form"}
    assert file is Verdict.FAILED


def test_a_body_that_cannot_be_read_fails_every_check_that_reads_it() -> None:
    for rule, findings in run(ALL, Manifest(body_html="x" * (LIMIT + 1))):
        if KINDS[rule.kind].reads_body:
            assert verdict(rule, findings) is Verdict.FAILED
            assert "characters" in str(findings[0].message)


def test_more_findings_than_anybody_reads_are_counted() -> None:
    [(_, findings)] = run(
        [CheckRule("forbidden_terms", {"terms": ["x"]})], Manifest(body_html="x " * 1000)
    )

    assert len(findings) == MOST_FINDINGS + 1
    assert str(findings[-1].message) == "800 more like this."


@pytest.mark.timeout(
    30
)  # a step that takes time by the square takes minutes here; what is linear, a second
@pytest.mark.parametrize(
    "body",
    [
        *(
            (piece * LIMIT)[:LIMIT]
            for piece in [
                "<p>x</p>",
                "<a href='",
                "<h2>a</h2>",
                "<!--",
                "a@",
                "<b>x</b> ",
                "x y ",
                "<img src=x>",
                "<br>",
                "\u0338",
                ">\u0323",
                "<",
                "'",
            ]
        ),
        "<ul>" * 20_000 + "</ul>" * 20_000,
        "<h2><i>" * 9_000 + "</i></h2>" * 9_000,
        "<a href='https://" + "a." * 90_000 + "'>x</a>",
        "<a href='mailto:" + "a@," * 60_000 + "'>x</a>",
        "<img alt='" + " ." * 90_000 + "'>",
        "<table>" * 9_000 + "</table>" * 9_000,
    ],
    ids=lambda body: body[:12].replace("\u0338", "stroke"),
)
def test_the_longest_and_worst_of_bodies_is_answered_in_time(body: str) -> None:
    for _, findings in run(ALL, Manifest(slug=body, body_html=body)):
        assert findings
