"""
Trace sections for the clocks of a run, for who was notified of its steps, and for its outcomes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.messages.models import Notification
from routing.runs.models import Run
from routing.runs.outcomes import Outcome
from routing.runs.proof_words import proof_words
from routing.runs.registry import TraceEntry, trace_section
from routing.sla.clock_words import clock_status, purpose_of
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import EscalationEntry, escalation_entries

MOST = 300  # notifications of one run; the pages of its work show all of theirs


@trace_section
def notifications(run: Run) -> Sequence[TraceEntry]:
    """
    Who was notified of each step of the work, and when. Escalations have entries of their own.
    """
    rows = Notification.objects.filter(item__run=run).of_steps().select_related("recipient", "item")
    together: dict[tuple[Any, ...], list[Notification]] = defaultdict(list)
    for row in rows.order_by("-id")[:MOST][::-1]:
        together[row.at, row.item_id, row.words].append(row)
    return [_notified(same) for same in together.values()]


def _notified(rows: Sequence[Notification]) -> TraceEntry:
    """Return the entry of one message about one piece of work, with everybody who got it."""
    item, people = rows[0].item, [str(row.recipient) for row in rows]
    data = {
        "work": item.ref,
        "message": rows[0].get_words_display(),
        "notified": people,
        "e-mailed": {str(row.recipient): row.sent_at.isoformat() for row in rows if row.sent_at},
    }
    title = _("%(ref)s: notified %(people)s: %(words)s") % {
        "ref": item.ref,
        "people": ", ".join(people),
        "words": rows[0].get_words_display(),
    }
    url = reverse("admin:routing_workitem_change", args=[item.pk])
    return TraceEntry(rows[0].at, "notification", title, data, url)


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
    climbed = Clock.objects.filter(item__run=run).filter(
        Q(next_level__gt=0) | Q(breached_at__isnull=False)
    )
    by_id = climbed.select_related("item").in_bulk()
    found: list[TraceEntry] = []
    for pk, levels in escalation_entries(list(by_id.values())).items():
        found += [_escalation(by_id[pk], entry) for entry in levels]
    return found


def _escalation(clock: Clock, entry: EscalationEntry) -> TraceEntry:
    return TraceEntry(
        entry.sent_at or entry.due_at,
        "escalation",
        f"{entry.said}: {clock.item.ref}, {purpose_of(clock)}",
        {"notified": entry.whom, "due": entry.due_at.isoformat(), "level": entry.level},
        reverse("admin:routing_clock_change", args=[clock.pk]),
    )


@trace_section
def outcomes(run: Run) -> Sequence[TraceEntry]:
    """Changes of the outcomes of the run."""
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
            {"work": row.item.ref, "outcome": row.state, **_why(row), **_seen(row.evidence)},
            reverse("admin:routing_workitem_change", args=[row.item_id]),
        )
        for row in rows
    ]


def _seen(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the evidence without digests."""
    seen: dict[str, Any] = {
        name: evidence[name] for name in ("url", "status", "approval") if evidence.get(name)
    }
    if said := proof_words(evidence):
        seen["proof"] = " ".join(said)
    if evidence.get("differences"):
        seen["differences"] = " ".join(evidence["differences"])
    return seen


def _why(row: Any) -> Mapping[str, Any]:
    """Return a person's reason for waiving the proof."""
    return {"why": row.history_change_reason} if row.state == Outcome.State.WAIVED else {}
