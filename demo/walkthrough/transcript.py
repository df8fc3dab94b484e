"""The output of a walkthrough: acts, notes, checks and waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from time import monotonic, sleep
from typing import Any, TypeVar

from routing.work.door import OperationResult

LIMIT_S = 180.0  # for the whole walkthrough
LOOK_EVERY_S = 0.25
Found = TypeVar("Found")


class StepFailed(Exception):
    """A step failed. The message says which one, and what to look at."""


class Transcript:
    """
    :param say: writes one line
    :param limit_s: seconds for the whole of it
    """

    def __init__(self, say: Callable[[str], object], limit_s: float = LIMIT_S) -> None:
        self._say, self._began, self.steps, self._limit_s = say, monotonic(), 0, limit_s

    @property
    def took_s(self) -> float:
        return monotonic() - self._began

    def act(self, title: str) -> None:
        self._say(f"\n{title}\n{'-' * len(title)}")

    def note(self, words: str, where: str = "") -> None:
        """Print what happens. ``where`` is an address to look at."""
        self._say(f"{self.took_s:6.1f} s  {words}")
        if where:
            self._say(f"          see {where}")

    def check(self, holds: object, words: str, found: object = "") -> None:
        """
        Count a step if it holds. ``words`` describe it.

        :raises StepFailed: if it does not hold, with what was found instead
        """
        if not holds:
            reason = f"This should be so and is not: {words}."
            if found != "":
                reason += f" Found: {found}"
            raise StepFailed(reason)
        self.steps += 1
        self._say(f"          ok  {words}")

    def done(self, results: Sequence[OperationResult], words: str) -> None:
        """
        Count a step of the product that must not be refused.

        :raises StepFailed: if it was refused, with the reasons
        """
        self.check(results and all(result.done for result in results), words, why(results))

    def refused(self, results: Sequence[OperationResult], code: str, words: str) -> None:
        """
        Count a step that must be refused by the gate with this code, and print the gate's answer.

        :raises StepFailed: if it was done, or refused for another reason
        """
        codes: list[str] = []
        for result in results:
            codes += [refusal.code for refusal in result.refusals]
        self.check(codes == [code], words, codes or "it was done")
        self._say(indent(why(results), " " * 14))

    def wait(
        self, words: str, question: Callable[[], Found | None], within_s: float, hint: str
    ) -> Found:
        """
        Ask a question until it has an answer, and return the answer.

        :param hint: what to look at if there never is one
        :raises StepFailed: after ``within_s`` seconds, or at the limit of the whole walkthrough
        """
        began, until = monotonic(), monotonic() + min(within_s, self._limit_s - self.took_s)
        while not (found := question()):
            if monotonic() > until:
                waited_s = monotonic() - began
                raise StepFailed(f"Waited {waited_s:.0f} s in vain until {words}. {hint}")
            sleep(LOOK_EVERY_S)
        self.steps += 1
        self._say(f"{self.took_s:6.1f} s  ok  {words}")
        return found


def why(results: Sequence[Any]) -> str:
    """Return the reasons of refusals in words."""
    reasons: list[str] = []
    for result in results:
        reasons += [f"{each.message} {each.evidence}".strip() for each in result.refusals]
    return " ".join(reasons)
