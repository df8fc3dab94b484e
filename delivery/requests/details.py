"""Details of the operations on a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from django.core.files.base import File as Upload


class Unchanged(Enum):
    """Marks a field that an edit leaves alone. None would empty the field."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class AskDetails:
    """
    A question to the client. If it was asked in a call, ``contact`` is whom, and ``evidence`` is
    the id of a file. ``remind_at`` is filled in when it is asked.
    """

    question: str
    contact: int | None = None
    evidence: int | None = None
    remind_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerDetails:
    details: str


@dataclass(frozen=True, slots=True)
class EditRequestDetails:
    """``title`` and ``priority`` belong to the work item. ``contact_id`` is the requester."""

    title: str | Unchanged = UNCHANGED
    priority: int | Unchanged = UNCHANGED
    kind: str | Unchanged = UNCHANGED
    channel: str | Unchanged = UNCHANGED
    details: str | Unchanged = UNCHANGED
    wanted_date: day | Unchanged | None = UNCHANGED
    contact_id: int | Unchanged | None = UNCHANGED
    tags: tuple[str, ...] | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True)
class DuplicateDetails:
    duplicate_of: int  # id of the request that stays


@dataclass(frozen=True, slots=True)
class RemindDetails:
    remind_at: datetime  # of the next reminder, if there is no answer


@dataclass(frozen=True, slots=True)
class StateImpactDetails:
    hours: Decimal
    amount: Decimal
    date: day
    note: str


@dataclass(frozen=True, slots=True)
class AnswerImpactDetails:
    """``seal`` identifies the statement that the contact read (``change_gates.seal_of``)."""

    seal: str = ""
    comment: str = ""
    uploads: Sequence[Upload[Any]] = ()


@dataclass(frozen=True, slots=True)
class ContactAnswerDetails:
    """``contact`` is the id of the contact who answered for the client."""

    contact: int | None
    seal: str
    comment: str
