from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from delivery.deliverables.diff import ChangeKind, FileChange, TextRun, difference, runs
from delivery.deliverables.layout import MOST_COMPARED
from delivery.deliverables.manifest import Manifest
from tests.delivery.checks.builders import PLAN, picture

texts = st.lists(st.sampled_from(["a", "b", "c", "\n", "long"]), max_size=30).map(" ".join)


@given(texts, texts)
def test_both_texts_can_be_read_from_the_runs(before: str, after: str) -> None:
    found = runs(before, after)

    assert (
        " ".join(run.text for run in found if run.change is not ChangeKind.INSERTED).split()
        == before.split()
    )
    assert (
        " ".join(run.text for run in found if run.change is not ChangeKind.DELETED).split()
        == after.split()
    )
    assert all(run.text for run in found)


def test_words_that_changed_are_told_among_those_that_stayed() -> None:
    found = difference(
        Manifest(body_html="<p>One old word</p>"), Manifest(body_html="<p>One <b>new</b> word</p>")
    )

    assert found.body == (
        TextRun(ChangeKind.SAME, "One"),
        TextRun(ChangeKind.DELETED, "old"),
        TextRun(ChangeKind.INSERTED, "new"),
        TextRun(ChangeKind.SAME, "word"),
    )
    assert not found.markup


def test_a_change_that_no_reader_sees_is_told_as_markup() -> None:
    found = difference(Manifest(body_html="<p>One</p>"), Manifest(body_html="<h2>One</h2>"))

    assert (found.body, found.markup) == ((), True)


def test_fields_and_terms_that_changed_are_named() -> None:
    before = Manifest(title="Café", slug="a", terms={"tags": ("x", "y")})
    after = Manifest(title="Cafe\u0301", slug="b", terms={"tags": ("y", "z"), "categories": ()})

    found = difference(before, after)

    assert found.fields == (("slug", "a", "b"),)
    assert found.terms == (("tags", ("z",), ("x",)),)


def test_files_are_added_removed_replaced_and_described_anew() -> None:
    hero, plan, extra = (
        picture("hero"),
        picture("plan", PLAN, name="plan.png"),
        picture("extra", "e" * 64),
    )
    new_hero, new_plan, film = (
        replace(hero, sha256="c" * 64),
        replace(plan, alt="The plan"),
        picture("film", "d" * 64),
    )

    found = difference(
        Manifest(files=(hero, plan, extra)), Manifest(files=(new_hero, new_plan, film))
    )

    assert found.files == (
        FileChange(hero, new_hero),
        FileChange(plan, new_plan),
        FileChange(None, film),
        FileChange(extra, None),
    )
    assert not difference(Manifest(files=(hero,)), Manifest(files=(replace(hero, size=1),))).files


def test_a_rewritten_book_is_told_as_one_replacement_between_what_stayed() -> None:
    old, new = ("old " * (MOST_COMPARED + 1)).strip(), ("new " * (MOST_COMPARED + 1)).strip()

    changes = [run.change for run in runs(f"start {old} end", f"start {new} end")]

    assert changes == [ChangeKind.SAME, ChangeKind.DELETED, ChangeKind.INSERTED, ChangeKind.SAME]
