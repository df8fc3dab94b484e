"""Inside triggers about runs: an exception was resolved, an outcome was proven or lapsed."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from routing.kernel.reasons import Reason
from routing.runs.cause_chain import CHAIN
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations import cover_cases, exceptions, outcomes
from routing.runs.operations.work_events import WorkFound, records, work_event
from routing.runs.outcomes import Outcome
from routing.work.registry import react


def _reasons() -> Sequence[tuple[str, str]]:
    return [(value, str(label)) for value, label in Reason.choices]


def _kinds() -> Sequence[tuple[str, str]]:
    return [(value, str(label)) for value, label in Outcome.Kind.choices]


EXCEPTION_RESOLVED = work_event(
    "exception_resolved",
    _("Exception resolved"),
    "exception",
    reason=(_("Reason of the exception"), _reasons),
)
OUTCOME_PROVEN = work_event(
    "outcome_proven", _("Outcome proven"), "outcome", outcome=(_("Outcome"), _kinds)
)
OUTCOME_LAPSED = work_event(
    "outcome_lapsed", _("Outcome no longer holds"), "lapse", outcome=(_("Outcome"), _kinds)
)


@react(exceptions.resolve, exceptions.skip, cover_cases.cover)
@records(EXCEPTION_RESOLVED)
def exception_resolved(rows: Sequence[ExceptionCase]) -> list[WorkFound]:
    # Flows that would start each other are stopped by an exception. If its end started them again,
    # there would be no end.
    return [
        WorkFound(row.item_id, {"reason": str(row.reason)})
        for row in rows
        if CHAIN not in row.evidence
    ]


@react(outcomes.PROVED)
@records(OUTCOME_PROVEN)
def outcome_proven(rows: Sequence[Outcome]) -> list[WorkFound]:
    return [WorkFound(row.item_id, {"outcome": str(row.kind)}) for row in rows]


@react(outcomes.LAPSED)
@records(OUTCOME_LAPSED)
def outcome_lapsed(rows: Sequence[Outcome]) -> list[WorkFound]:
    return [WorkFound(row.item_id, {"outcome": str(row.kind)}) for row in rows]
