"""
Output of a walkthrough: a check that holds counts, and one that fails ends it with a sentence.
"""

from __future__ import annotations

import pytest

from demo.walkthrough.transcript import StepFailed, Transcript
from routing.work.door import OperationResult
from routing.work.gates import refused

REFUSED = OperationResult(1, False, (refused("author", "Who asks cannot approve."),))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def transcript(said: list[str]) -> Transcript:
    return Transcript(said.append)


def test_what_holds_is_a_step_and_is_told(transcript: Transcript, said: list[str]) -> None:
    transcript.check(True, "it is so")
    transcript.done([OperationResult(1, True)], "it is done")
    transcript.refused([REFUSED], "author", "they may not")

    assert transcript.steps == 3
    assert "ok  it is so" in said[0]
    assert "Who asks cannot approve." in said[-1]


def test_what_does_not_hold_ends_it_with_what_was_found(transcript: Transcript) -> None:
    with pytest.raises(StepFailed, match=r"should be so and is not: one post\. Found: 2"):
        transcript.check([], "one post", 2)

    assert transcript.steps == 0


def test_a_refused_step_ends_it_with_the_reasons(transcript: Transcript) -> None:
    with pytest.raises(StepFailed, match="Who asks cannot approve"):
        transcript.done([REFUSED], "it is approved")


@pytest.mark.parametrize(
    "results",
    [
        [OperationResult(1, True)],
        [OperationResult(1, False, (refused("state", "Not from here."),))],
    ],
)
def test_a_step_that_must_be_refused_is_no_step_when_done_or_refused_for_another_reason(
    transcript: Transcript, results: list[OperationResult]
) -> None:
    with pytest.raises(StepFailed):
        transcript.refused(results, "author", "they may not")


def test_nothing_to_do_is_not_done(transcript: Transcript) -> None:
    with pytest.raises(StepFailed):
        transcript.done([], "it is done")


def test_waiting_ends_with_the_first_answer(transcript: Transcript) -> None:
    answers = iter([None, "there"])

    assert transcript.wait("it is there", lambda: next(answers), 5, "Look there.") == "there"


def test_waiting_in_vain_says_what_for_and_where_to_look(transcript: Transcript) -> None:
    with pytest.raises(StepFailed, match=r"until it is there\. Is the worker running"):
        transcript.wait("it is there", lambda: None, 0, "Is the worker running?")
