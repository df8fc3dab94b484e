"""Details of the operations on a brief."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EditBriefDetails:
    """None leaves a field unchanged."""

    body: str | None = None
    planned: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class WriteBriefDetails:
    """``engagement`` is the id of what the brief is charged to, or None for nothing."""

    body: str
    engagement: int | None


@dataclass(frozen=True, slots=True)
class AuthorDetails:
    author: int  # id of the person who requests approval, and so cannot give it


@dataclass(frozen=True, slots=True)
class ApproverDetails:
    approver: int
