"""Names of clocks and their status for people."""

from __future__ import annotations

from django.utils.translation import gettext as _

from routing.sla.clocks import Clock
from routing.work.items import WorkItem


def purpose_of(clock: Clock) -> str:
    return clock.purpose.replace("_", " ")


def clock_status(clock: Clock) -> str:
    """Return the current status of a clock in a few words."""
    if clock.met_at:
        return _("met")
    if clock.stopped_at:
        return _("missed") if clock.breached_at else _("ended")
    if clock.paused_at:
        return _("paused, waiting on %(whom)s") % {
            "whom": str(WorkItem.WaitingOn(clock.waiting_on).label).lower()
        }
    return _("overdue") if clock.breached_at else _("running")
