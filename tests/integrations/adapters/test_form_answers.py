"""F6: every answer of a form is kept under its label, whatever the form builder sends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.adapters.form.answers import MAX_ANSWERS, MAX_TEXT, MORE, answers_in, keys_in
from routing.kernel.clean_text import lines

LABELS = [
    "Prénom",
    "Your Name",
    "Projekt-Größe",
    "No Label email",
    "What do you need? " * 8,
    "名前",
]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("inside", ["data", "fields", ""])
def test_f6_an_answer_is_kept_whatever_its_label(label: str, inside: str):
    body = {inside: {label: "an answer"}} if inside else {label: "an answer"}

    assert answers_in(body) == {" ".join(label.split()): "an answer"}


@pytest.mark.parametrize(
    ("body", "answers"),
    [
        ({"data": {"company": {"name": "Acme"}}}, {"company.name": "Acme"}),
        ({"data": {"a": 0, "b": False, "c": "", "d": None}}, {"a": 0, "b": False}),
        ({"data": {"Topics": ["Web", "SEO"]}}, {"Topics": "Web, SEO"}),
        ({"data": {"a": "1"}, "form": "Quote"}, {"a": "1", "form": "Quote"}),
        ({"fields": [{"label": "Your Name", "value": "Ann"}]}, {"Your Name": "Ann"}),
        (
            {"data": {"fields": [{"title": "Tel", "answer": "1"}]}},
            {"fields.Tel": "1"},
        ),
        ({"data": {"a.b": "1", "a": {"b": "2"}}}, {"a.b": "1", "a.b (2)": "2"}),
        ({"data": {"Really!": "yes"}}, {"Really": "yes"}),
        ({"data": {"Two\nlines\u202e": "x"}}, {"Two lines": "x"}),
        ({"data": {"\u200b": "x"}}, {"answer": "x"}),
        ({"data": [1, 2]}, {"data": "[1, 2]"}),
    ],
)
def test_f6_shapes_of_form_builders(body: dict[str, Any], answers: dict[str, Any]):
    assert answers_in(body) == answers


def test_f6_too_long_or_too_many_answers_say_so():
    answers = answers_in(
        {"data": {"long": "x" * (MAX_TEXT + 5), **{f"k{n}": n for n in range(999)}}}
    )

    assert f"{MAX_TEXT + 5} characters" in answers["long"]
    assert answers[MORE].startswith(str(1000 - MAX_ANSWERS))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=30), json_values, max_size=8))
def test_f6_no_text_of_any_body_gets_lost(body: dict[str, Any]):
    answers = answers_in({"data": body})
    shown = repr(list(answers.values()))

    assert all(isinstance(value, str | int | bool) for value in answers.values())
    for value in body.values():
        if isinstance(value, str):
            assert repr(lines(value))[1:-1] in shown
    assert len(keys_in({"data": body})) <= MAX_ANSWERS
