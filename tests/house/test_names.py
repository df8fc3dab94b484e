"""House names: repeated class names and missing or repeated terms are found."""

from pathlib import Path

from tests.house.names import names, repeated, terms, twice, unlisted
from tests.house.rules import Source, sources

MODEL = 'class Parcel:\n    class Meta:\n        verbose_name = _("parcel")\n'


def of(path: str, text: str) -> Source:
    return Source(Path(path), text)


def test_names_and_the_glossary_agree() -> None:
    assert names(sources()) == []


def test_a_class_name_that_stands_twice_is_found_with_both_places() -> None:
    found = repeated([of("routing/a.py", "class A: ..."), of("delivery/b.py", "\nclass A: ...")])

    assert found == ["routing/a.py:1: the class name A stands again in delivery/b.py:2"]


def test_classes_within_classes_commands_and_tests_may_repeat_a_name() -> None:
    nested = "class {}:\n    class State: ...\n"
    again = "class Command: ...\n"
    free = [
        of("routing/a.py", nested.format("A") + again),
        of("routing/b.py", nested.format("B") + again),
        of("tests/c.py", "class A: ..."),
    ]

    assert repeated(free) == []


def test_a_class_in_a_function_counts() -> None:
    inner = "def f():\n    class A: ...\n"

    assert len(repeated([of("demo/a.py", inner), of("demo/b.py", inner)])) == 1


def test_a_model_without_an_entry_is_found() -> None:
    assert unlisted([of("routing/a.py", MODEL)], "", []) == [
        "docs/glossary.md: Parcel (parcel) has no entry"
    ]
    assert unlisted([of("routing/a.py", MODEL)], "| **parcel** | A box. |", []) == []


def test_a_class_that_documents_name_without_an_entry_is_found() -> None:
    code = [of("routing/a.py", "class LoadPlan: ...")]

    assert unlisted(code, "", ["Nothing, and LoadPlan outside of code."]) == []
    assert unlisted(code, "", ["See `LoadPlan(1)`."]) == ["docs/glossary.md: LoadPlan has no entry"]
    assert unlisted(code, "| **load plan** | One. |", ["See `LoadPlan`."]) == []


def test_a_term_with_two_entries_is_found() -> None:
    text = "| **run** | One. |\n| **question (to a client)** | Two. |\n| **Run** | Three. |\n"

    assert terms(text) == ["run", "question", "run"]
    assert twice(text) == ["docs/glossary.md: “run” has two entries"]
