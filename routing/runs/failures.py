"""
Registry of what can fail and needs a person: every failure has an open exception with an owner, and
an exception ends only with its failure.

Rooms and packages above this one fill it in ``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.runs.exceptions import ExceptionCase
from routing.runs.operations.raising import ExceptionFinding
from routing.work.gates import Words


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A failure that an exception is about and that still stands.

    :param retried: resolving the exception retries it. Otherwise ``message`` says what has to
        happen first.
    """

    message: Words
    retried: bool = False
    evidence: Words = ""
    clears_by: Words = ""
    where: str = ""


# The failures that stand behind open exceptions, by the id of the exception.
Behind = Callable[[Sequence[ExceptionCase], datetime], Mapping[int, Failure]]
# A finding for every failure that exists, also for those whose exception is open.
AllFailures = Callable[[datetime], Sequence[ExceptionFinding]]

_behind: list[Behind] = []
_all: list[AllFailures] = []


def failures(*, behind: Behind, everywhere: AllFailures) -> None:
    """Register one kind of failure. A ``react(resolve)`` beside it does the retry."""
    _behind.append(behind)
    _all.append(everywhere)


def failures_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """
    Return the failure behind each exception, by id. One that resolving does not retry comes first.
    """
    found: dict[int, Failure] = {}
    for look in _behind:
        for case, failure in look(cases, at).items():
            if case not in found or not failure.retried:
                found[case] = failure
    return found


def all_failures(at: datetime) -> Sequence[ExceptionFinding]:
    found: list[ExceptionFinding] = []
    for look in _all:
        found += look(at)
    return found
