"""The activity of a page says in the past tense who did what."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from routing.kernel.events import Event
from routing.models import User
from routing.runs.event_words import sentence_of
from routing.runs.operations.identify import NAME_CLIENT
from routing.work import checks, door
from routing.work.door import Operation, all_operations

# Verbs whose past tense does not end in “ed”.
IRREGULAR = {
    "chose",
    "found",
    "gave",
    "had",
    "made",
    "put",
    "reran",
    "sent",
    "set",
    "took",
    "withdrew",
    "wrote",
}
SENTENCE = re.compile(r"%\(who\)s (\w+)\b.*[^.]")
STEPS = [*all_operations(), NAME_CLIENT]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_each_step_says_in_the_past_tense_what_was_done(step: Operation[Any]) -> None:
    found = SENTENCE.fullmatch(str(step.done))

    assert found, step.done
    assert found[1].endswith("ed") or found[1] in IRREGULAR
    assert str(step.done) % {"who": "Dana"} != str(step.label)


def test_a_step_without_a_sentence_is_refused_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.every_step_says_in_the_activity_what_was_done() == []
    silent = replace(STEPS[0], done="")

    monkeypatch.setattr(checks, "all_operations", lambda: [silent])
    [error] = checks.every_step_says_in_the_activity_what_was_done()

    assert error.id == "throughline.E022"
    assert silent.kind in error.msg


def test_an_operation_declared_after_the_first_sentence_has_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = STEPS[0]
    later = replace(first, verb="polish", done="%(who)s polished it")
    event = Event(kind=later.kind, actor=User(full_name="Dana"))

    assert sentence_of(event, None) == "Dana made a change"
    monkeypatch.setitem(door._operations[first.model], later.verb, later)

    assert sentence_of(event, None) == "Dana polished it"
