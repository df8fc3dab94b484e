"""House words: banned phrases are found where people read them, and nowhere else."""

from pathlib import Path

import pytest

from tests.house.rules import Source, sources
from tests.house.words import (
    openings,
    shown,
    shown_by_code,
    shown_by_document,
    shown_by_template,
    words,
)


def of_code(text: str) -> list[str]:
    return words(shown_by_code(Source(Path("routing/door.py"), text)))


def of_template(text: str) -> list[str]:
    return words(shown_by_template(Path("desk/run.html"), text))


def test_the_product_uses_the_words_of_the_glossary() -> None:
    assert words(shown()) == []


def test_docstrings_state_and_do_not_ask() -> None:
    assert openings(sources()) == []


@pytest.mark.parametrize(
    "text",
    [
        '_("The default pair takes it.")',
        'gettext_lazy("Exception map")',
        'models.CharField(verbose_name="doer")',
        'admin.display(description=_("Late"))',
        'ngettext("a letter", "two mails", 2)',
    ],
)
def test_a_banned_word_is_found_in_code_once(text: str) -> None:
    assert len(of_code(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        'filter(name="doer")',
        'BANNED = ("put aside", "nudge")',
        '_("Use lower-case letters a to z.")',
        '_("Nothing is late, and nothing more is due.")',
        'row.doer_id = "parked"',
    ],
)
def test_names_in_code_and_other_sentences_are_left_alone(text: str) -> None:
    assert of_code(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<h2>{% translate "At a glance" %}</h2>', 1),
        ("{% blocktranslate %}Clears it: {{ who }}{% endblocktranslate %}", 1),
        ("<p>Put aside</p>", 1),
        ('<p class="parked">{{ row.doer }}</p>{# put aside #}', 0),
    ],
)
def test_a_template_is_read_as_people_see_it(text: str, found: int) -> None:
    assert len(of_template(text)) == found


def test_a_document_is_read_without_its_code_and_addresses() -> None:
    text = "Fine.\n\n```\nput aside\n```\nThe column `doer` of [work](nudge.md).\nA nudge.\n"

    assert words(shown_by_document(Path("docs/a.md"), text)) == [
        "docs/a.md:7: “nudge” is not a word of ours; say “Remind”"
    ]


def test_a_few_questions_among_many_docstrings_are_allowed() -> None:
    good, bad = 'def f():\n    """Return it."""\n', 'def g():\n    """What it is."""\n'

    assert openings([Source(Path("a.py"), good * 49 + bad)]) == []
    assert openings([Source(Path("a.py"), good * 48 + bad)]) == [
        "a.py:98: begin the docstring with an imperative or a noun phrase"
    ]
