"""A trace laid out for a page: each entry with the data that its template shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.audit.redacted import redacted_rows
from routing.flows.fields import FieldSpec, WrongType, typed
from routing.flows.versions import published
from routing.kernel.facts import UNREAD
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.choice_words import clause_words
from routing.runs.decisions import Decision
from routing.runs.evidence_words import EvidenceNames, evidence_names, in_words
from routing.runs.exceptions import ExceptionCase
from routing.runs.fact_words import fact_label, may_read, value_text
from routing.runs.models import Run
from routing.runs.recompute import recompute_decision
from routing.runs.registry import TraceEntry
from routing.runs.trace import CURRENT, WITH_CURRENT, Trace
from routing.work.display import exact
from routing.work.kinds import state_badge


@dataclass(frozen=True, slots=True)
class Fact:
    """A known or missing fact. ``fault`` says if it is missing or has the wrong type."""

    label: str
    name: str
    value: str
    source: str
    fault: str = ""
    was: str = ""  # the value before, of a fact that changed


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
    is_current: bool = False  # ``state`` is today's, whenever the entry happened
    due_at: datetime | None = None
    rules: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[TracePageEntry] = ()


KINDS = {"event", "enrichment", "decision", "exception", "step"}
TOGETHER = {"joined": gettext_lazy("Later events joined"), "clock": gettext_lazy("Clocks started")}


def page_entries(
    trace: Trace, *, seen: Any, by: Actor | None = None, again: bool = False
) -> list[TracePageEntry]:
    """
    Return the entries of the page, oldest first.

    :param seen: the clients that the reader may see
    :param by: the reader. Facts that they may not read are left out.
    :param again: recompute each decision from its own record
    """
    run = trace.run
    specs = {spec.name: spec for spec in published(run.version_id).fields}
    exceptions = [entry for entry in trace.entries if entry.section == "exception"]
    names = evidence_names([entry.data.get("evidence", {}) for entry in exceptions], seen)
    recomputed = {}
    if again:
        decisions = list(run.decisions.all())
        erased = redacted_rows(Decision, [row.pk for row in decisions])
        recomputed = {
            row.pk: replace(recompute_decision(row), erased=row.pk in erased) for row in decisions
        }
    entries = [_readable(entry, specs, by) for entry in trace.entries]
    return _together([_page_entry(entry, specs, names, recomputed) for entry in entries])


def _readable(entry: TraceEntry, specs: Mapping[str, FieldSpec], by: Actor | None) -> TraceEntry:
    """Return the entry without the facts that the reader may not read."""
    if entry.section != "enrichment":
        return entry
    data = dict(entry.data)
    for part in ("facts", "sources", "was"):
        if part in data:
            data[part] = {
                name: value
                for name, value in data[part].items()
                if may_read(by, name.removesuffix(UNREAD), specs)
            }
    return replace(entry, data=data)


def _together(entries: Sequence[TracePageEntry]) -> list[TracePageEntry]:
    """
    Group all events that joined the run into one entry with many lines, and all clocks into
    another.
    """
    # There may be hundreds of them, and what happened next is what people look for.
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
    # The event that started the run comes first, even if its sender's clock is ahead of ours.
    return sorted(kept, key=lambda each: each.data.get("part") != "started")


def _page_entry(
    entry: TraceEntry,
    specs: Mapping[str, FieldSpec],
    names: EvidenceNames,
    recomputed: Mapping[int, Any],
) -> TracePageEntry:
    data, kind, title = entry.data, entry.section, entry.title
    words: Sequence[tuple[str, str]] = _plain(data, kind)
    facts: Sequence[Fact] = ()
    model_name, state = kind, ""
    if kind == "event" and data["part"] == "joined":
        kind = "joined"
    elif kind == "enrichment":
        facts = _facts(data, specs)
    elif kind == "exception":
        title = str(Reason(data["reason"]).label)
        words = in_words(data.get("evidence", {}), names)
        model_name = str(ExceptionCase._meta.model_name)
    if "ref" in data:
        state = state_badge(model_name, data["state"])
    due = data.get("due")
    return TracePageEntry(
        kind=kind if kind in KINDS or kind in TOGETHER else "other",
        at=entry.at,
        title=title,
        url=entry.url,
        data=data,
        facts=facts,
        words=words,
        again=recomputed.get(data.get("decision", 0)),
        state=state,
        is_current=entry.section in WITH_CURRENT,
        due_at=parse_datetime(due) if due else None,
        rules=[rule_on_page(each, specs) for each in data.get("rules", ())],
    )


def _plain(data: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    """
    Return the details of an entry without those that the page shows elsewhere.
    """
    left_out = {"ref", "state", "due", "title"} if "ref" in data else {"due", "title"}
    return [
        (_detail_label(name, kind), detail_words(value))
        for name, value in data.items()
        if name not in left_out and value
    ]


def _detail_label(name: str, kind: str) -> str:
    label = name.replace("_", " ").capitalize()
    if name in CURRENT and kind in WITH_CURRENT:
        return _("%(label)s now") % {"label": label}
    return label


def detail_words(value: Any) -> str:
    """Return a detail of an entry in words: no dicts, lists or raw instants."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {detail_words(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(detail_words(each) for each in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    at = parse_datetime(value) if isinstance(value, str) and "T" in value else None
    return exact(at) if at is not None and at.tzinfo is not None else str(value)


def _facts(data: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> list[Fact]:
    facts, sources, units = data["facts"], data["sources"], data.get("units", {})
    was: Mapping[str, Any] = data.get("was", {})
    # The first row shows what is missing, too. A later one shows only what changed.
    whole = "was" not in data
    known = [
        _fact(spec, facts, sources, was, specs, units)
        for spec in specs.values()
        if (whole and spec.required)
        or spec.name in was
        or facts.get(spec.name) not in (None, "")
        or f"{spec.name}{UNREAD}" in sources
    ]
    others = [
        Fact(
            fact_label(name, specs),
            name,
            value_text(name, facts.get(name), specs, units),
            sources.get(name, ""),
            was=_before(name, was, specs, units),
        )
        for name in dict.fromkeys([*facts, *was])
        if name not in specs
    ]
    return known + others


def _before(
    name: str, was: Mapping[str, Any], specs: Mapping[str, FieldSpec], units: Mapping[str, Any]
) -> str:
    if name not in was:
        return ""
    if was[name] in (None, ""):
        return _("nothing")
    return value_text(name, was[name], specs, {**units, **was})


def _fact(
    spec: FieldSpec,
    facts: Mapping[str, Any],
    sources: Mapping[str, str],
    was: Mapping[str, Any],
    specs: Mapping[str, FieldSpec],
    units: Mapping[str, Any],
) -> Fact:
    value = facts.get(spec.name)
    fault = _("missing") if spec.required and value in (None, "") else ""
    try:
        typed(value, spec)
    except WrongType:
        fault = _("invalid: must be a %(type)s") % {"type": spec.type.value}
    shown = "" if value is None else value_text(spec.name, value, specs, units)
    # Without a value, the reader looks for the one that could not be read.
    source = str(sources.get(spec.name if shown else f"{spec.name}{UNREAD}", ""))
    return Fact(spec.label, spec.name, shown, source, fault, _before(spec.name, was, specs, units))


def rule_on_page(rule: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """Return a rule as ``desk/trace/_rules.html`` shows it, with the words of its conditions."""
    labels = {name: spec.label for name, spec in specs.items()}
    clauses = [
        {"words": clause_words(each, labels), "found": each["found"], "held": each["held"]}
        for each in rule["clauses"]
    ]
    return {"name": rule["name"], "held": rule["held"], "clauses": clauses}


def started_by(run: Run) -> tuple[Any, int]:
    """Return the event that started the run, and the number of events that joined it."""
    parts = list(run.run_events.select_related("event").order_by("event__at", "event_id"))
    first = next((part.event for part in parts if part.part == "started"), None)
    return first, sum(1 for part in parts if part.part == "joined")
