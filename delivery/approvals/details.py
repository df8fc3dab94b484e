"""Details of the operations on an approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File as Upload


@dataclass(frozen=True, slots=True)
class DecideDetails:
    """``digest`` is of the displayed version. ``uploads`` are stored with the comment."""

    digest: str = ""
    comment: str = ""
    uploads: Sequence[Upload[Any]] = ()


@dataclass(frozen=True, slots=True)
class StandInDetails:
    """The person to ask as well: ``user`` of the agency, or ``contact`` of the client, by id."""

    user: int | None = None
    contact: int | None = None


@dataclass(frozen=True, slots=True)
class RecordDetails:
    """A decision made elsewhere. ``contact`` decided; ``evidence`` is the id of a file."""

    word: str = ""
    contact: int | None = None
    comment: str = ""
    evidence: int | None = None
