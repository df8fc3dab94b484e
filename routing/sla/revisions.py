"""Why a clock has other terms than it began with, in words and as plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from routing.sla.clocks import Clock
from routing.sla.explain_due import instant, length
from routing.sla.promise_changes import ClockRevision


def revisions_of(clocks: Collection[Clock]) -> Mapping[int, Sequence[ClockRevision]]:
    """Return the revisions of each of these clocks that has any, oldest first."""
    rows = ClockRevision.objects.filter(clock__in=[clock.pk for clock in clocks])
    found: dict[int, list[ClockRevision]] = {}
    for row in rows.order_by("pk").select_related("change__policy", "change__calendar"):
        found.setdefault(row.clock_id, []).append(row)
    return found


def revision_sentence(revision: ClockRevision, zone: ZoneInfo) -> str:
    """Return one sentence: when the clock was counted anew, why, and how it stood before."""
    change = revision.change
    words = _("Counted anew on %(at)s, by %(change)s%(reason)s. Before: %(target)s, %(was)s.")
    was = _("paused")
    if revision.was_due_at:
        was = _("due %(due)s") % {"due": instant(revision.was_due_at, zone)}
    return words % {
        "at": instant(revision.at, zone),
        "change": change,
        "reason": f" ({change.reason})" if change.reason else "",
        "target": length(revision.target),
        "was": was,
    }


def revision_as_json(revision: ClockRevision) -> Mapping[str, Any]:
    """Return plain values, with times in UTC and working time in seconds."""
    change = revision.change
    return {
        "at": _utc(revision.at),
        "change": str(change),
        "scope": change.scope,
        "reason": change.reason,
        "target_before_s": revision.target.total_seconds(),
        "was_due_at": _utc(revision.was_due_at),
        "due_at": _utc(revision.due_at),
    }


def _utc(at: Any) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
