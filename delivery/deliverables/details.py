"""Details of the operations on a deliverable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as day

from delivery.requests.details import UNCHANGED, Unchanged


@dataclass(frozen=True, slots=True)
class StartDetails:
    doer: int | None  # id of the assignee, if there is none yet


@dataclass(frozen=True, slots=True)
class UploadDetails:
    """``fault`` tells the gate why no version could be made."""

    version: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SignOffDetails:
    """``check`` is the id of the check that a person signs off."""

    check: int | None = None
    passed: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReworkDetails:
    counts: bool = False  # True if the client asked: it uses up a change round


@dataclass(frozen=True, slots=True)
class GoLiveDetails:
    url: str


@dataclass(frozen=True, slots=True)
class LaunchByHandDetails:
    """
    ``address`` and ``evidence`` show the launch. ``evidence`` is the id of a picture. ``ends`` is
    the day on which it is to be taken down, None if it stays.
    """

    address: str = ""
    evidence: int | None = None
    ends: day | None = None


@dataclass(frozen=True, slots=True)
class TakeDownDetails:
    """``evidence`` is the id of a file that shows that it is gone, if there is one."""

    evidence: int | None = None


@dataclass(frozen=True, slots=True)
class SetEndDetails:
    """``ends`` is the day on which a launch is to be taken down, None if it stays."""

    ends: day | None


@dataclass(frozen=True, slots=True)
class RenewDetails:
    """``version`` is the id of a version that the site shows instead, or 0 for the newest."""

    url: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class EditDeliverableDetails:
    """``title`` and ``priority`` belong to the work item."""

    title: str | Unchanged = UNCHANGED
    priority: int | Unchanged = UNCHANGED
    due_date: day | Unchanged | None = UNCHANGED


@dataclass(frozen=True, slots=True)
class AssignDetails:
    doer: int | None  # id of the assignee, None for nobody


@dataclass(frozen=True, slots=True)
class ConfirmReceiptDetails:
    how: str  # whether the contact downloaded a file or pressed the button


@dataclass(frozen=True, slots=True)
class RecordReceiptDetails:
    """``contact`` has the files, and ``note`` is what they said, for the agency only."""

    contact: int
    note: str


@dataclass(frozen=True, slots=True)
class ReplanDetails:
    """``plans`` maps each key to the new title, amount, hours, due_date and destination_id."""

    plans: dict[str, dict[str, object]]
    brief: int
