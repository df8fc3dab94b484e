"""
Taking down what a person launched by hand, such as an ad that ends on a date.

On that day, as the client counts, its owner gets an exception. It ends when a person records that
it was taken down, or that it ends on another day or on none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import SetEndDetails, TakeDownDetails
from delivery.deliverables.launches import HandLaunch
from delivery.deliverables.models import Deliverable
from delivery.progress.operations.launching import LaunchFacts, goes_live_by_hand, launch_facts
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, OPS
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.failures import Failure, failures
from routing.runs.operations.raising import ExceptionFinding
from routing.runs.operations.runs import withdraw_open
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import ContextWith, GateResult, passed, refused
from routing.work.notes import Note
from routing.work.operations.files import File
from routing.work.operations.notes import write
from routing.work.registry import react
from routing.work.visibility import files_seen_by

MOST_AHEAD = timedelta(days=1)  # between a day here and the same day in any other zone
STILL_UP = Failure(
    _(
        "It was to end, and nobody recorded that it was taken down. On its page, record that it "
        "was, or set another end date."
    ),
    clears_by=_("An account manager or an operations lead"),
)


@dataclass(frozen=True, slots=True)
class TakeDownFacts:
    """Facts of the launch, and whether the evidence is a stored file of this client."""

    launch: LaunchFacts
    has_file: bool


def take_down_facts(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: TakeDownDetails | None
) -> Mapping[int, TakeDownFacts]:
    """Load the facts of taking down in a few queries for any number of deliverables."""
    evidence = details.evidence if details else None
    stored: set[int | None] = set()
    if evidence:
        found = files_seen_by(by).kept().filter(pk=evidence)
        stored = set(found.values_list("client_id", flat=True))
    launches = launch_facts(rows, by, at, None)
    return {row.pk: TakeDownFacts(launches[row.pk], row.item.client_id in stored) for row in rows}


def hand_launches(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: SetEndDetails | None
) -> Mapping[int, LaunchFacts]:
    """Load the facts of launches whose end is set."""
    return launch_facts(rows, by, at, None)


def was_launched_by_hand(row: Deliverable, context: ContextWith[TakeDownDetails]) -> GateResult:
    """Refuses what an adapter has published, which ends by archiving it."""
    facts = {row.pk: context.facts[row.pk].launch}
    return goes_live_by_hand(row, ContextWith(context.by, context.at, facts=facts))


def evidence_is_stored(row: Deliverable, context: ContextWith[TakeDownDetails]) -> GateResult:
    """Refuses evidence that is no stored file of this client."""
    details = context.details
    if details is None or details.evidence is None or context.facts[row.pk].has_file:
        return passed("evidence")
    return refused("evidence", _("Add a file of this client as evidence."), clears_by=_("You"))


def end_is_to_come(row: Deliverable, context: ContextWith[SetEndDetails]) -> GateResult:
    """Refuses an end before today, as the client counts."""
    details = context.details
    if details is None or details.ends is None or details.ends >= today_of(row, context.at):
        return passed("ends")
    return refused("ends", _("Enter today or a later day."), clears_by=_("You"))


def today_of(row: Deliverable, at: datetime) -> date:
    """Return the date in the time zone of the client."""
    client = row.item.client
    return at.astimezone(ZoneInfo(client.timezone)).date() if client else at.date()


def record(
    step: Operation[TakeDownDetails],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: TakeDownDetails,
) -> list[OperationResult]:
    """Archive what was taken down, with words and evidence as an internal note."""
    with transaction.atomic(savepoint=False):
        results = move(step, ids, by=by, at=at, reason=reason, details=details)
        files = list(File.objects.filter(pk=details.evidence)) if details.evidence else []
        for result in results:
            if result.done:
                # In a note and not in the row, because erasure reaches notes.
                write(
                    result.row.item,
                    body=reason,
                    audience=Note.Audience.INTERNAL,
                    files=files,
                    by=by,
                    at=at,
                    quiet=True,
                )
    return results


take_down = operation(
    Deliverable,
    "take_down",
    _("Record as taken down"),
    done=_("%(who)s recorded that the launch was taken down"),
    may=(AM, OPS),
    gates=(was_launched_by_hand, evidence_is_stored),
    facts=take_down_facts,
    needs_reason=True,
    details=TakeDownDetails,
    for_gates=("evidence",),
    run=record,
)
set_end = operation(
    Deliverable,
    "set_end",
    _("Set the end date"),
    done=_("%(who)s set the end date"),
    may=(AM, OPS),
    gates=(goes_live_by_hand, end_is_to_come),
    facts=hand_launches,
    details=SetEndDetails,
)


# -- Telling the owner -----------------------------------------------------------------------------


def _ended(at: datetime) -> list[Deliverable]:
    """Return what is live on or after the day on which it was to end."""
    # By the launches, which are few, so that no index has to be kept of all deliverables.
    rows = Deliverable.objects.filter(
        pk__in=HandLaunch.objects.order_by().values("deliverable"),
        state=Deliverable.State.LIVE,
        ends_date__lte=at.date() + MOST_AHEAD,
    )
    found = rows.select_related("item__client").order_by("pk")
    return [row for row in found if row.ends_date and row.ends_date <= today_of(row, at)]


def _all_ended(at: datetime) -> Sequence[ExceptionFinding]:
    words = _("Take it down where it was launched, and record that on its page.")
    return [
        ExceptionFinding(
            Reason.TAKE_DOWN,
            {"ends": str(row.ends_date), "url": row.live_url, "message": str(words)},
            row.item,
        )
        for row in _ended(at)
    ]


def _behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    about = {case.item.parent_id: case.pk for case in cases if case.reason == Reason.TAKE_DOWN}
    if not about:
        return {}
    return {about[row.item_id]: STILL_UP for row in _ended(at) if row.item_id in about}


failures(behind=_behind, everywhere=_all_ended)


@react(take_down, set_end, deliverables.archive)
def settle(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Withdraw the exceptions about launches that were taken down, or that end another day."""
    cases = ExceptionCase.objects.filter(
        reason=Reason.TAKE_DOWN, item__parent__in=[row.item_id for row in rows]
    )
    why = _("It was taken down, or ends on another day.")
    withdraw_open(cases, by=Actor.system(), at=at, reason=why)
