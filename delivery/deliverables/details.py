"""Details of the operations on a deliverable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartDetails:
    doer: int | None  # id of whoever makes it, if nobody does yet


@dataclass(frozen=True, slots=True)
class UploadDetails:
    """``fault`` says why there is no version, for the gate that refuses it."""

    version: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SignOffDetails:
    """``check`` is the id of the check that a person judged."""

    check: int | None = None
    passed: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReworkDetails:
    counts: bool = False  # the client asked, so it is a round of the engagement's


@dataclass(frozen=True, slots=True)
class GoLiveDetails:
    url: str


@dataclass(frozen=True, slots=True)
class ReplanDetails:
    """``plans`` has the new title, amount, hours, due_date and destination_id by key."""

    plans: dict[str, dict[str, object]]
    brief: int
