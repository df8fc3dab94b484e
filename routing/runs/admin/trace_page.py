"""A trace, laid out for a page: each entry with what its kind shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.fields import FieldSpec, WrongType, typed
from routing.flows.versions import published
from routing.kernel.reasons import Reason
from routing.runs.admin.evidence_words import client_names, in_words
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.runs.recompute import recompute_decision
from routing.runs.registry import TraceEntry
from routing.runs.trace import Trace
from routing.work.kinds import state_badge

OPERATORS = {
    "equals": gettext_lazy("is"),
    "not_equals": gettext_lazy("is not"),
    "at_least": gettext_lazy("is at least"),
    "below": gettext_lazy("is below"),
    "one_of": gettext_lazy("is one of"),
    "contains": gettext_lazy("contains"),
    "known": gettext_lazy("is set"),
    "unknown": gettext_lazy("is not set"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """``fault`` says what is wrong with it: missing, or not of its type."""

    label: str
    name: str
    value: str
    source: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class TracePageEntry:
    """One entry of the page. ``kind`` names its template."""

    kind: str
    at: datetime
    title: str
    url: str
    data: Mapping[str, Any]
    facts: Sequence[Fact] = ()
    words: Sequence[tuple[str, str]] = ()
    again: Any = None
    state: str = ""
    due_at: datetime | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[TracePageEntry] = ()


KINDS = {"event", "enrichment", "decision", "exception", "step"}
TOGETHER = {"joined": gettext_lazy("Later events joined"), "clock": gettext_lazy("Clocks started")}


def story(trace: Trace, *, seen: Any, again: bool = False) -> list[TracePageEntry]:
    """
    The page's entries, oldest first.

    :param seen: the clients that the reader sees
    :param again: recompute each decision from its own record
    """
    run = trace.run
    specs = {spec.name: spec for spec in published(run.version_id).fields}
    names = client_names(
        [entry.data.get("evidence", {}) for entry in trace.entries if entry.section == "exception"],
        seen,
    )
    recomputed = {row.pk: recompute_decision(row) for row in run.decisions.all()} if again else {}
    return _together([_tell(entry, specs, names, recomputed) for entry in trace.entries])


def _together(entries: Sequence[TracePageEntry]) -> list[TracePageEntry]:
    """
    Events that only joined, and clocks, as one entry of many lines each: the story is in what
    happened next.
    """
    kept: list[TracePageEntry] = []
    groups: dict[str, list[TracePageEntry]] = {}
    for each in entries:
        if each.kind not in TOGETHER:
            kept.append(each)
        elif each.kind in groups:
            groups[each.kind].append(each)
        else:
            groups[each.kind] = [each]
            kept.append(
                replace(
                    each,
                    kind="many",
                    title=str(TOGETHER[each.kind]),
                    url="",
                    state="",
                    lines=groups[each.kind],
                )
            )
    return sorted(kept, key=lambda each: each.data.get("part") != "started")


def _tell(
    entry: TraceEntry,
    specs: Mapping[str, FieldSpec],
    names: Mapping[int, str],
    recomputed: Mapping[int, Any],
) -> TracePageEntry:
    data, kind = entry.data, entry.section
    due = data.get("due")
    if kind == "event" and data["part"] == "joined":
        kind = "joined"
    return TracePageEntry(
        kind=kind if kind in KINDS or kind in TOGETHER else "other",
        at=entry.at,
        title=str(Reason(data["reason"]).label) if kind == "exception" else entry.title,
        url=entry.url,
        data=data,
        facts=_facts(data, specs) if kind == "enrichment" else (),
        words=in_words(data.get("evidence", {}), names) if kind == "exception" else _plain(data),
        again=recomputed.get(data.get("decision", 0)),
        state=state_badge(
            kind if kind != "exception" else str(ExceptionCase._meta.model_name), data["state"]
        )
        if "ref" in data
        else "",
        due_at=parse_datetime(due) if due else None,
        rules=[_rule(each, specs) for each in data.get("rules", ())],
    )


def _plain(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """
    Return the details of an entry without its reference, state and times, which are shown
    elsewhere.
    """
    left_out = {"ref", "state", "due", "title"}
    return [
        (name.replace("_", " ").capitalize(), str(value))
        for name, value in data.items()
        if name not in left_out and value
    ]


def _facts(data: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> list[Fact]:
    facts, sources = data["facts"], data["sources"]
    known = [
        _fact(spec, facts.get(spec.name), sources)
        for spec in specs.values()
        if spec.required or facts.get(spec.name) not in (None, "")
    ]
    others = [
        Fact(name, name, str(value), str(sources.get(name, "")))
        for name, value in facts.items()
        if name not in specs
    ]
    return known + others


def _fact(spec: FieldSpec, value: Any, sources: Mapping[str, str]) -> Fact:
    fault = _("missing") if spec.required and value in (None, "") else ""
    try:
        typed(value, spec)
    except WrongType:
        fault = _("invalid: must be a %(type)s") % {"type": spec.type.value}
    shown = "" if value is None else str(value)
    return Fact(
        spec.label, spec.name, shown, str(sources.get(spec.name, "")) if shown else "", fault
    )


def _rule(rule: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    clauses = [
        {
            "words": " ".join(
                part
                for part in (
                    _named(clause["field"], specs),
                    str(OPERATORS.get(clause["operator"], clause["operator"])),
                    clause["wanted"],
                )
                if part
            ),
            "found": clause["found"],
            "held": clause["held"],
        }
        for clause in rule["clauses"]
    ]
    return {"name": rule["name"], "held": rule["held"], "clauses": clauses}


def _named(name: str, specs: Mapping[str, FieldSpec]) -> str:
    return specs[name].label if name in specs else name


def started_by(run: Run) -> tuple[Any, int]:
    """The event that started the run, and how many joined it."""
    parts = list(run.run_events.select_related("event").order_by("event__at", "event_id"))
    first = next((part.event for part in parts if part.part == "started"), None)
    return first, sum(1 for part in parts if part.part == "joined")
