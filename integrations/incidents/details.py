"""Details of the operations on an incident."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JoinDetails:
    """``signal`` is a value of ``Incident.Signal``: what noticed more of the same."""

    signal: str


@dataclass(frozen=True, slots=True)
class AssessDetails:
    """``severity`` is a value of ``Incident.Severity``."""

    severity: str


@dataclass(frozen=True, slots=True)
class TickDetails:
    """``done`` is the key of a step of the runbook."""

    done: str


@dataclass(frozen=True, slots=True)
class CheckedDetails:
    """Result of a test. ``said`` is shown to people, and has no secret."""

    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class CloseDetails:
    """
    ``checked`` is what a person checked, for an incident that has no connection to test. ``found``
    is what caused it, and ``measure`` what is done so that it does not come back.
    """

    checked: str = ""
    found: str = ""
    measure: str = ""
