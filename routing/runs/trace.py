"""
The trace of a run: everything that happened to it, in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.actions import kind_words
from routing.flows.event_catalogue import kind_words as event_words
from routing.flows.versions import published
from routing.kernel.events import Event
from routing.kernel.facts import UNREAD
from routing.people.staff import Team, User
from routing.runs.acts import acts
from routing.runs.by_hand import HandRecord, hand_records
from routing.runs.choice_words import candidate_words, named_words
from routing.runs.decisions import Decision
from routing.runs.exceptions import ExceptionCase
from routing.runs.fact_words import CURRENCY, origin_of
from routing.runs.models import Enrichment, Run, RunStep
from routing.runs.operations.enrich import CLIENT
from routing.runs.owners import reasons_of
from routing.runs.registry import TraceEntry, trace_sections

# The order of entries with the same time. There are many, since one transaction writes several.
ORDER = (
    "event",
    "held",
    "step capture",
    "step enrich",
    "enrichment",
    "step validate",
    "step decide",
    "exception",
    "decision",
    "step act",
    "request",
    "brief",
    "step act_1",
    "step act_2",
    "step act_3",
    "step act_4",
    "step act_5",
    "deliverable",
    "version",
    "approval",
    "answer",
    "act",
    "notification",
    "clock",
    "escalation",
    "outbound",
    "attempt",
    "outcome",
)


NOTHING_YET = {
    "enrichment": gettext_lazy("No facts are known yet."),
    "decision": gettext_lazy("No rule has decided yet."),
    "outbound": gettext_lazy("Nothing was sent outside yet."),
    "outcome": gettext_lazy("No outcome is expected yet."),
    "act": gettext_lazy("Nobody has done anything by hand yet."),
    "notification": gettext_lazy("Nobody was notified of a step yet."),
}
# Values of an entry that are today's, whenever the entry happened.
CURRENT = {"state", "owner", "backup"}
WITH_CURRENT = {"request", "brief", "deliverable", "approval", "exception", "clock", "outbound"}


@dataclass(frozen=True, slots=True)
class Trace:
    run: Run
    entries: Sequence[TraceEntry]

    @property
    def nothing_yet(self) -> Sequence[str]:
        """Return what has not happened, in words, so that nobody takes silence for an answer."""
        told = {entry.section for entry in self.entries}
        return [str(said) for section, said in NOTHING_YET.items() if section not in told]

    def as_json(self) -> dict[str, Any]:
        run, item = self.run, self.run.item
        return {
            "ref": item.ref,
            "flow": f"{run.flow.slug} v{run.version.number}",
            "subject": {"source": run.source, "type": run.subject_type, "id": run.subject_id},
            "state": run.state,
            "client": item.client.name if item.client else None,
            "owner": item.owner.full_name if item.owner else None,
            "backup": item.backup.full_name if item.backup else None,
            "entries": [
                {
                    "at": entry.at.isoformat(),
                    "section": entry.section,
                    "title": entry.title,
                    "data": dict(entry.data),
                }
                for entry in self.entries
            ],
            "nothing_yet": self.nothing_yet,
        }


def trace(run: Run) -> Trace:
    """Return the trace of a run. Packages above add their own sections."""
    by_hand = hand_records([run]).get(run.pk)
    entries = [
        *_events(run, by_hand),
        *_steps(run),
        *_enrichments(run),
        *_decisions(run, by_hand),
        *_exceptions(run),
        *acts(run),
    ]
    for section in trace_sections():
        entries += section(run)
    return Trace(run, sorted(entries, key=lambda entry: (entry.at, _place(entry))))


def _place(entry: TraceEntry) -> int:
    """Return the sort key of entries with the same time: the order of the stages of a run."""
    name = f"step {entry.data['step']}" if entry.section == "step" else entry.section
    return ORDER.index(name) if name in ORDER else len(ORDER)


def page(item_id: int) -> str:
    """Return the lasting address of a work item at the desk."""
    return reverse("admin:routing_workitem_change", args=[item_id])


def _events(run: Run, by_hand: HandRecord | None) -> list[TraceEntry]:
    parts = run.run_events.select_related("event").order_by("event__at", "event_id")
    found = []
    for part in parts:
        data = {"part": part.part, **_about(part.event)}
        if by_hand is not None and part.event == by_hand.event:
            data |= _recorded(by_hand)
        title = f"{part.get_part_display()}: {event_words(part.event.kind)}"
        found.append(TraceEntry(part.event.at, "event", title, data))
    return found


def _recorded(by_hand: HandRecord) -> Mapping[str, Any]:
    """Return who recorded the event by hand, how it came, and which instant it is about."""
    found = {"channel": by_hand.channel, "recorded_by": str(by_hand.recorded_by)}
    if by_hand.about:
        found |= {"about": by_hand.about.isoformat(), "because": words_about_earlier(by_hand)}
    return found


def _about(event: Event) -> Mapping[str, Any]:
    return {
        "event": event.pk,
        "kind": event.kind,
        "source": event.source,
        "dedupe_key": event.dedupe_key,
        "digest": event.digest,
    }


def step_label(step: RunStep, run: Run) -> str:
    """Return the name of a step. That of an action says what it does."""
    label = str(step.get_name_display())
    if step.name not in RunStep.actions:
        return label
    place, specs = RunStep.actions.index(RunStep.Name(step.name)), published(run.version_id).actions
    return f"{label}, {kind_words(specs[place].kind)}" if place < len(specs) else label


def _steps(run: Run) -> list[TraceEntry]:
    return [
        TraceEntry(
            step.ended_at or step.started_at or step.due_at,
            "step",
            f"{step_label(step, run)}: {step.get_state_display()}",
            {
                "step": step.name,
                "state": step.state,
                "attempts": step.attempts,
                "last_error": step.last_error,
            },
        )
        for step in run.steps.all()
    ]


def _enrichments(run: Run) -> list[TraceEntry]:
    """Return what was known first, and later only what changed."""
    found: list[TraceEntry] = []
    before: Enrichment | None = None
    for row in run.enrichments.select_related("by").order_by("id"):
        facts = dict(row.facts)
        data: dict[str, Any] = {}
        if before is not None:
            facts = {name: each for name, each in facts.items() if before.facts.get(name) != each}
            gone = [name for name in before.facts if name not in row.facts]
            data = {
                "was": {name: before.facts.get(name) for name in [*facts, *gone]},
                "gone": gone,
                "unchanged": len(row.facts) - len(facts),
            }
        sources = {name: origin_of(row, name, run) for name in facts}
        # What stood where a value could not be read is told as long as there is none.
        sources |= {name: said for name, said in row.sources.items() if name.endswith(UNREAD)}
        if row.client_id and (before is None or before.client_id != row.client_id):
            sources[CLIENT] = origin_of(row, CLIENT, run)
        title = _("Known facts") if before is None else _("Facts that changed")
        # An amount that changed is told with its currency, which did not.
        units = {name: each for name, each in row.facts.items() if name.endswith(CURRENCY)}
        data |= {"facts": facts, "sources": sources, "by": row.by.full_name, "reason": row.reason}
        data["units"] = units
        found.append(TraceEntry(row.at, "enrichment", title, data))
        before = row
    return found


def _decisions(run: Run, by_hand: HandRecord | None) -> list[TraceEntry]:
    # Records have only ids, also those of candidates who have left since.
    names = dict(User.objects.values_list("pk", "full_name"))
    rows = list(run.decisions.select_related("version__flow"))
    teams = Team.objects.in_bulk({json.loads(row.answer)["team_id"] for row in rows})
    found = []
    for row in rows:
        data = dict(_chosen(row, run, names, teams))
        title = _("Decided by rule “%(rule)s”") % {"rule": row.rule_name}
        if is_by_hand(row):
            title = _("Recorded by hand, and the owner chosen by a person")
            data["because"] = words_by_hand(row, by_hand, names)
        found.append(TraceEntry(row.at, "decision", title, data))
    return found


def is_by_hand(row: Decision) -> bool:
    """Return whether a person chose the owner, and no rule."""
    return bool(json.loads(row.asked).get("by_hand"))


def words_by_hand(
    row: Decision, by_hand: HandRecord | None, names: Mapping[int, str] | None = None
) -> str:
    """Return who recorded the work by hand, whom they chose, and why."""
    known = names or dict(User.objects.values_list("pk", "full_name"))
    chosen_by = json.loads(row.asked)["by_hand"]["by"]
    why = by_hand.because if by_hand else ""
    return _("recorded by hand by %(who)s, who chose %(owner)s and %(backup)s because: %(why)s") % {
        "who": known.get(chosen_by),
        "owner": known.get(row.owner_id),
        "backup": known.get(row.backup_id),
        "why": why or _("the reason was erased"),
    }


def words_about_earlier(by_hand: HandRecord) -> str:
    """Return who recorded work that was there before its event, and who owned it then."""
    return _(
        "recorded by hand by %(who)s on %(when)s, before every request had a run; %(owner)s owned "
        "it then"
    ) % {
        "who": by_hand.recorded_by,
        "when": f"{by_hand.about:%Y-%m-%d %H:%M %Z}" if by_hand.about else "",
        "owner": by_hand.owned_by or _("nobody"),
    }


def _chosen(
    row: Decision, run: Run, names: Mapping[int, str], teams: Mapping[int, Team]
) -> Mapping[str, Any]:
    answer = json.loads(row.answer)
    plan = published(row.version_id)
    return {
        "version": str(row.version),
        "team": str(teams.get(answer["team_id"], answer["team_id"])),
        # Records of decisions are never rewritten, so rules see nothing that names a person.
        "withheld": [spec.label for spec in plan.fields if spec not in plan.rule_fields],
        "decision": row.pk,
        "rule": row.rule_name,
        "because": answer["because"],
        "owner": names.get(row.owner_id),
        "backup": names.get(row.backup_id),
        "tie_break": answer["tie_break"],
        "named": named_words(row),
        "rules": [
            {"name": name, "held": held, "clauses": clauses}
            for name, held, clauses in answer["asked"]
        ],
        "candidates": [
            {
                "name": names.get(each.user_id),
                "role": each.role,
                "why": each.why,
                "open_items": each.open_items,
                "ruled_out": list(each.ruled_out),
            }
            for each in candidate_words(row)
        ],
        "digest": row.digest,
    }


def _exceptions(run: Run) -> list[TraceEntry]:
    cases = list(ExceptionCase.objects.filter(run=run).select_related("item__owner"))
    because = reasons_of(cases)
    return [
        TraceEntry(
            case.item.created_at,
            "exception",
            _("Exception: %(reason)s") % {"reason": case.get_reason_display()},
            {
                "ref": case.item.ref,
                "reason": case.reason,
                "step": case.step,
                "state": case.state,
                "evidence": case.evidence,
                "owner": str(case.item.owner),
                "owner_because": because.get(case.pk, ""),
                "due": case.item.next_due_at.isoformat() if case.item.next_due_at else None,
            },
            page(case.item_id),
        )
        for case in cases
    ]
