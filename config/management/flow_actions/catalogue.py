"""The catalogue of flows: all of them, or one."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count

from config.management.flow_actions.base import FlowAction, FlowAnswer, flow_of, slug_argument
from routing.flows.actions import changes_of
from routing.flows.models import Flow, FlowVersion
from routing.flows.switch_off import SwitchOff
from routing.runs.held_events import HeldEvent
from routing.runs.models import Run

PEOPLE = ("owner", "backup", "outcome_owner")


def _list(options: Mapping[str, Any]) -> FlowAnswer:
    rows = _entries(list(Flow.objects.select_related(*PEOPLE).order_by("slug")))
    words = "\n".join(_in_line(row) for row in rows) or "There are no flows."
    return FlowAnswer({"flows": rows}, words)


def _show(options: Mapping[str, Any]) -> FlowAnswer:
    flow = Flow.objects.select_related(*PEOPLE).get(pk=flow_of(options["flow"]).pk)
    [row] = _entries([flow])
    return FlowAnswer(row, "\n".join(f"{name}: {_shown(value)}" for name, value in row.items()))


def _entries(flows: Sequence[Flow]) -> list[dict[str, Any]]:
    live = {row.flow_id: row for row in FlowVersion.objects.live().filter(flow__in=flows)}
    runs: dict[int, dict[str, int]] = {flow.pk: {} for flow in flows}
    counted = Run.objects.filter(flow__in=flows, state__in=sorted(Run.open_states)).order_by()
    for flow, number, count in (
        counted.values_list("flow_id", "version__number")
        .annotate(count=Count("pk"))
        .order_by("version__number")
    ):
        runs[flow][str(number)] = count
    off = set(SwitchOff.objects.current().values_list("flow_id", flat=True))
    held = HeldEvent.objects.waiting().order_by().values("flow").annotate(count=Count("pk"))
    waiting = dict(held.values_list("flow", "count"))
    return [
        _entry(flow, live.get(flow.pk), runs[flow.pk], flow.pk in off, waiting.get(flow.pk, 0))
        for flow in flows
    ]


def _entry(
    flow: Flow, live: FlowVersion | None, runs: Mapping[str, int], is_off: bool, waiting: int
) -> dict[str, Any]:
    return {
        "slug": flow.slug,
        "name": flow.name,
        "state": "off" if is_off else "on",
        "waiting": waiting,
        "live": live.number if live else None,
        "pilot": None,
        "shadow": None,
        "runs_by_version": runs,
        "owner": flow.owner.email,
        "backup": flow.backup.email,
        "outcome_owner": flow.outcome_owner.email if flow.outcome_owner else None,
        "outcome": flow.outcome,
        "metric": flow.metric,
        "criticality": flow.criticality,
        "touches": flow.touches,
        "may_change": list(dict.fromkeys([*flow.may_change, *(changes_of(live) if live else ())])),
        "system_of_record": flow.system_of_record,
        "must_hold": flow.must_hold,
        "stay_stable": flow.stay_stable,
        "feels_first": flow.feels_first,
        "leads_may_edit": flow.leads_may_edit,
        "last_review": flow.last_review.isoformat() if flow.last_review else None,
        "next_review": flow.next_review.isoformat() if flow.next_review else None,
    }


def _in_line(row: Mapping[str, Any]) -> str:
    live = f"v{row['live']}" if row["live"] else "not published"
    runs = sum(row["runs_by_version"].values())
    review = f", next review {row['next_review']}" if row["next_review"] else ""
    held = f", {row['waiting']} events wait" if row["waiting"] else ""
    return f"{row['slug']}: {row['state']}, {live}, {runs} open runs{held}, {row['owner']}{review}"


def _shown(value: Any) -> str:
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"v{number}: {count}" for number, count in value.items()) or "none"
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _nothing(parser: ArgumentParser) -> None:
    """Take no arguments."""


ACTIONS = (
    FlowAction("list", "list the flows of the catalogue", _nothing, _list),
    FlowAction("show", "show one flow of the catalogue", slug_argument, _show),
)
