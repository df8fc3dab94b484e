"""A brief as checks see it: its own values, and what is known around it on the day of the check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from delivery.briefs.plan import Planned
from routing.sla.working_days import WorkingDays, is_weekday

MONDAY_TO_FRIDAY = WorkingDays("", is_weekday)


@dataclass(frozen=True, slots=True)
class SoldBudget:
    """The budget of an engagement. ``amount`` is None if the source did not state it."""

    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class CheckedBrief:
    """
    ``today`` and all dates are days in the client's time zone. ``days`` are the working days of the
    client, and ``hours_a_day`` the hours of a working day of the agency, or None if days differ.
    """

    today: date
    days: WorkingDays = MONDAY_TO_FRIDAY
    hours_a_day: Decimal | None = None
    body: str = ""
    plan: tuple[Planned, ...] = ()
    plan_fault: str = ""  # why the plan cannot be read; then it is empty
    launch: date | None = None
    wanted: date | None = None  # when the client needs it
    started: frozenset[str] = frozenset()  # keys of the plan that are being made, or were
    ended: frozenset[str] = frozenset()  # those of them that are finished
    sold: SoldBudget | None = None  # None without an engagement
    unknown: tuple[str, ...] = ()  # labels of required facts that nobody has answered
    has_client: bool = True
    has_requester: bool = False  # the request names a contact
    contacts: int = 0  # of the client
    same: tuple[str, ...] = ()  # references of other open briefs of the client with this title
