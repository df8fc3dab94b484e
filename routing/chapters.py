"""What a trace shows of a run's clocks: when each started, what became of it, and until when."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from routing.actions import Entry, chapter
from routing.models.clocks import Clock
from routing.models.runs import Run
from routing.models.work import WorkItem


@chapter
def clocks(run: Run) -> Sequence[Entry]:
    found = Clock.objects.filter(item__run=run).select_related("item", "policy").order_by("id")
    return [
        Entry(
            clock.started_at,
            "clock",
            _("A clock started for %(ref)s: %(purpose)s") % {"ref": clock.item.ref, "purpose": purpose_of(clock)},
            {
                "ref": clock.item.ref,
                "purpose": clock.purpose,
                "policy": f"{clock.policy.name} v{clock.policy_version}",
                "state": standing(clock),
                "due": clock.due_at.isoformat() if clock.due_at else None,
                "breached": clock.breached_at.isoformat() if clock.breached_at else None,
            },
            reverse("admin:routing_clock_change", args=[clock.pk]),
        )
        for clock in found
    ]


def purpose_of(clock: Clock) -> str:
    return clock.purpose.replace("_", " ")


def standing(clock: Clock) -> str:
    """What a clock does now, in a few words."""
    if clock.met_at:
        return _("met")
    if clock.stopped_at:
        return _("missed") if clock.breached_at else _("ended")
    if clock.paused_at:
        return _("paused, waiting on %(whom)s") % {"whom": str(WorkItem.WaitingOn(clock.waiting_on).label).lower()}
    return _("late") if clock.breached_at else _("running")
