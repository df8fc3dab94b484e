"""Default exception routing, so that every reason code has an owner from the first day."""

from __future__ import annotations

from routing.kernel.reasons import Reason
from routing.runs.exceptions import ExceptionRoute

Taker = ExceptionRoute.Taker
DEFAULTS: dict[Reason, tuple[str, int]] = {  # taker, working minutes
    Reason.MISSING_FIELDS: (Taker.POLICY, 240),
    Reason.MISSING_CONTEXT: (Taker.POLICY, 120),
    Reason.DUPLICATE: (Taker.POLICY, 240),
    Reason.FAILED_CONNECTOR: (Taker.AGENCY, 60),
    Reason.CONFLICTING_DUPLICATE: (Taker.AGENCY, 240),
    Reason.NO_RULE: (Taker.POLICY, 60),
    Reason.NOBODY_AVAILABLE: (Taker.AGENCY, 60),
    Reason.FAILED_STEP: (Taker.AGENCY, 60),
    Reason.ROUNDS_EXCEEDED: (Taker.WORK, 480),
    Reason.REJECTED: (Taker.WORK, 240),
    Reason.OUTCOME_MISSING: (Taker.WORK, 120),
    Reason.OUTCOME_DECAYED: (Taker.WORK, 120),
    Reason.PROOF_MISSING: (Taker.WORK, 480),
    Reason.NO_ANSWER: (Taker.WORK, 240),
    Reason.APPROVERS_MISSING: (Taker.WORK, 240),
    Reason.CONNECTION_FAILING: (Taker.AGENCY, 60),
    Reason.FAILED_DELIVERY: (Taker.WORK, 60),
    Reason.UNREADABLE: (Taker.AGENCY, 240),
    Reason.TRIGGER_SILENT: (Taker.AGENCY, 240),
    Reason.UNCLAIMED_EVENTS: (Taker.AGENCY, 2400),  # a week: nothing waits for it
    Reason.FORM_CHANGED: (Taker.AGENCY, 480),
    Reason.REMOTE_CONFLICT: (Taker.WORK, 120),
    Reason.SECURITY_ALARM: (Taker.AGENCY, 60),
    Reason.ACTION_REFUSED: (Taker.WORK, 240),
    Reason.TAKE_DOWN: (Taker.WORK, 480),
    Reason.FLOW_OFF: (Taker.POLICY, 480),
    Reason.COVER_GAP: (Taker.WORK, 240),
}


def ensure_routes(using: str = "default") -> None:
    """Add missing routes. Routes that an operations lead has changed stay."""
    ExceptionRoute.objects.using(using).bulk_create(
        [
            ExceptionRoute(reason=reason, taker=taker, timebox_minutes=minutes)
            for reason, (taker, minutes) in DEFAULTS.items()
        ],
        ignore_conflicts=True,
    )


def unrouted(using: str = "default") -> list[str]:
    """Return the reason codes without a route."""
    known = set(ExceptionRoute.objects.using(using).values_list("reason", flat=True))
    return [reason.value for reason in Reason if reason not in known]
