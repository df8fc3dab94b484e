"""
Output of a walkthrough: acts, sentences, checks that count, and waits that say what they waited
for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from time import monotonic, sleep
from typing import Any, TypeVar

from routing.work.door import OperationResult

LIMIT_S = 180.0  # for all of it
LOOK_EVERY_S = 0.25
Found = TypeVar("Found")


class StepFailed(Exception):
    """A step is not what it should be; the message says which, and what to look at."""


class Transcript:
    """:param say: writes one line"""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say, self._began, self.steps = say, monotonic(), 0

    @property
    def took_s(self) -> float:
        return monotonic() - self._began

    def act(self, title: str) -> None:
        self._say(f"\n{title}\n{'-' * len(title)}")

    def note(self, words: str, where: str = "") -> None:
        """Print what happens and who does it. ``where`` is an address to look at."""
        self._say(f"{self.took_s:6.1f} s  {words}" + (f"\n          see {where}" if where else ""))

    def check(self, holds: object, words: str, found: object = "") -> None:
        """
        A step: that ``words`` are so.

        :raises StepFailed: if they are not, with what was found instead
        """
        if not holds:
            raise StepFailed(
                f"This should be so and is not: {words}."
                + (f" Found: {found}" if found != "" else "")
            )
        self.steps += 1
        self._say(f"          ok  {words}")

    def done(self, results: Sequence[OperationResult], words: str) -> None:
        """
        A step of the product that must not be refused.

        :raises StepFailed: with the reasons, if it was
        """
        self.check(results and all(result.done for result in results), words, why(results))

    def refused(self, results: Sequence[OperationResult], code: str, words: str) -> None:
        """
        A step that must be refused, by the gate of this code: its answer is shown.

        :raises StepFailed: if it was done, or refused for another reason
        """
        codes = [refusal.code for result in results for refusal in result.refusals]
        self.check(codes == [code], words, codes or "it was done")
        self._say(indent(why(results), " " * 14))

    def wait(
        self, words: str, question: Callable[[], Found | None], within_s: float, hint: str
    ) -> Found:
        """
        The first answer that is anything, asked again until then.

        :param hint: what to look at if it never comes
        :raises StepFailed: when it took longer than ``within_s`` seconds, or the whole transcript longer than
            its limit
        """
        began, until = monotonic(), monotonic() + min(within_s, LIMIT_S - self.took_s)
        while not (found := question()):
            if monotonic() > until:
                raise StepFailed(
                    f"Waited {monotonic() - began:.0f} s, in vain, until {words}. {hint}"
                )
            sleep(LOOK_EVERY_S)
        self.steps += 1
        self._say(f"{self.took_s:6.1f} s  ok  {words}")
        return found


def why(results: Sequence[Any]) -> str:
    """The reasons of refusals, in words."""
    said = [
        f"{refusal.message} {refusal.evidence}".strip()
        for result in results
        for refusal in result.refusals
    ]
    return " ".join(said)
