"""Pause the flows that may pause while an incident lasts, and release what they held."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.incidents.held import flows_of
from integrations.incidents.models import Incident, IncidentPause
from routing.flows.switch_off import SwitchOff
from routing.models import Flow
from routing.people.actors import Actor
from routing.runs.operations.switching import NotSwitched, switch_off, switch_on


def pause_flows(incident: Incident, *, at: datetime) -> int:
    """
    Switch off the flows that the incident concerns and that may pause. Return how many there were.

    A flow that a person has switched on since is left on.
    """
    known = set(incident.pauses.values_list("switch_off__flow", flat=True))
    made = 0
    for flow in flows_of(incident):
        if flow.criticality == Flow.Criticality.MAY_PAUSE and flow.pk not in known:
            made += _pause(incident, flow, at)
    return made


def _pause(incident: Incident, flow: Flow, at: datetime) -> bool:
    reason = _("%(ref)s pauses this flow until it is closed.") % {"ref": incident.item}
    try:
        with transaction.atomic():
            span = switch_off(flow.pk, by=Actor.system(), at=at, reason=reason)
            IncidentPause.objects.create(incident=incident, switch_off=span)
    except NotSwitched:  # it is off already: whoever did that switches it on
        return False
    return True


def release_flows(incident: Incident, *, by: Actor, at: datetime) -> int:
    """
    Switch on the flows that the incident paused. Return how many there were.

    Workers then process what waited, in order of receipt.
    """
    reason = _("%(ref)s is closed.") % {"ref": incident.item}
    pauses = SwitchOff.objects.current().filter(incident_pause__incident=incident)
    released = 0
    for flow in pauses.order_by("flow_id").values_list("flow_id", flat=True):
        try:
            with transaction.atomic():
                switch_on(flow, by=Actor.system(), at=at, reason=reason)
        except NotSwitched:  # a person was faster
            continue
        released += 1
    return released


def paused_flows(incident: Incident) -> list[str]:
    """Return the slugs of the flows that the incident paused."""
    rows = Flow.objects.filter(switch_offs__incident_pause__incident=incident).order_by("slug")
    return list(dict.fromkeys(rows.values_list("slug", flat=True)))
