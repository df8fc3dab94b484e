"""The flows that somebody answers for, with what is live of them and what is being drafted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.flows.editors import EDIT_OWN, own_flows
from routing.flows.models import Flow, FlowVersion
from routing.people.actors import Actor


@dataclass(frozen=True, slots=True)
class OwnFlow:
    """A flow of somebody's own: its live version, and a draft that is newer than it."""

    flow: Flow
    live: FlowVersion | None
    draft: FlowVersion | None


def my_flows(by: Actor) -> Sequence[OwnFlow]:
    """Return an actor's own flows by name, none for somebody who may not edit them."""
    if not by.may(EDIT_OWN):
        return []
    flows = list(Flow.objects.filter(own_flows(by)).order_by("name", "pk"))
    if not flows:
        return []
    versions = FlowVersion.objects.filter(flow__in=flows)
    newest = versions.order_by("flow_id", "-number").distinct("flow_id")
    last = {row.flow_id: row for row in newest}
    live = {row.flow_id: row for row in FlowVersion.objects.live().filter(flow__in=flows)}
    return [OwnFlow(flow, live.get(flow.pk), _draft(last.get(flow.pk))) for flow in flows]


def _draft(newest: FlowVersion | None) -> FlowVersion | None:
    return newest if newest is not None and newest.published_at is None else None
