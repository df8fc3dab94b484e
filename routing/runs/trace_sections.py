"""Trace sections for the clocks of a run: starts, results, due times and escalations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from routing.runs.models import Run
from routing.runs.outcomes import Outcome
from routing.runs.registry import TraceEntry, trace_section
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import escalation_entries
from routing.work.items import WorkItem


@trace_section
def clocks(run: Run) -> Sequence[TraceEntry]:
    found = Clock.objects.filter(item__run=run).select_related("item", "policy").order_by("id")
    return [
        TraceEntry(
            clock.started_at,
            "clock",
            _("Clock started for %(ref)s: %(purpose)s")
            % {"ref": clock.item.ref, "purpose": purpose_of(clock)},
            {
                "ref": clock.item.ref,
                "purpose": clock.purpose,
                "policy": f"{clock.policy.name} v{clock.policy_version}",
                "state": clock_status(clock),
                "due": clock.due_at.isoformat() if clock.due_at else None,
                "breached": clock.breached_at.isoformat() if clock.breached_at else None,
            },
            reverse("admin:routing_clock_change", args=[clock.pk]),
        )
        for clock in found
    ]


@trace_section
def escalations(run: Run) -> Sequence[TraceEntry]:
    """Escalations for overdue or nearly overdue work of the run."""
    found = {
        clock.pk: clock
        for clock in Clock.objects.filter(item__run=run, next_level__gt=0)
        .select_related("item")
        .order_by("id")
    }
    return [
        TraceEntry(
            entry.sent_at or entry.due_at,
            "escalation",
            f"{entry.words}: {found[pk].item.ref}, {purpose_of(found[pk])}",
            {"told": entry.whom, "due": entry.due_at.isoformat(), "level": entry.level},
            reverse("admin:routing_clock_change", args=[pk]),
        )
        for pk, levels in escalation_entries(list(found.values())).items()
        for entry in levels
    ]


@trace_section
def outcomes(run: Run) -> Sequence[TraceEntry]:
    """Outcomes that prove the run, with the times they were proven or lapsed."""
    rows = (
        Outcome.history.filter(run=run)
        .select_related("item")
        .order_by("history_date", "history_id")
    )
    return [
        TraceEntry(
            row.history_date,
            "outcome",
            _("%(ref)s, %(what)s: %(state)s")
            % {
                "ref": row.item.ref,
                "what": row.get_kind_display(),
                "state": row.get_state_display(),
            },
            {"work": row.item.ref, "standing": row.state, **_why(row), **_seen(row.evidence)},
            reverse("admin:routing_workitem_change", args=[row.item_id]),
        )
        for row in rows
    ]


def _seen(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the evidence without digests."""
    seen = {name: evidence[name] for name in ("url", "status", "approval") if evidence.get(name)}
    return (
        {**seen, "differences": " ".join(evidence["differences"])}
        if evidence.get("differences")
        else seen
    )


def _why(row: Any) -> Mapping[str, Any]:
    """The reason that a person gave for going without it."""
    return {"why": row.history_change_reason} if row.state == Outcome.State.WAIVED else {}


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
