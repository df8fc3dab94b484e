"""Starting a flow from a value stream, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from routing.flows.copying import free_slug, is_name_taken, name_taken_words
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import begin
from routing.flows.value_streams import ValueStream
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import User


@dataclass(frozen=True, slots=True)
class FlowStart:
    """Name, purpose, outcome and people of a flow that is started from a value stream."""

    name: str
    purpose: str
    outcome: str
    owner: User
    backup: User


class NotStarted(ValueError):
    """No flow was started. The message says why."""


def start_flow(
    stream_id: int, start: FlowStart, *, by: Actor, at: datetime, reason: str
) -> FlowVersion:
    """
    Create a flow from a value stream, and return its first draft.

    What is known goes into its runbook: what it begins with, its decisions and its failures.

    :raises PermissionDenied: if ``by`` may not add flows
    :raises NotStarted: if it has a flow already, or the name is taken
    """
    by.require("routing.add_flow", to="add flows")
    with transaction.atomic():
        stream = ValueStream.objects.select_for_update(of=("self",)).get(pk=stream_id)
        if stream.flow is not None:
            words = _("The flow “%(flow)s” was started from it already.")
            raise NotStarted(words % {"flow": stream.flow})
        if is_name_taken(start.name):
            raise NotStarted(name_taken_words(start.name))
        flow = Flow(
            slug=free_slug(start.name),
            name=start.name,
            purpose=start.purpose,
            outcome=start.outcome,
            owner=start.owner,
            backup=start.backup,
            runbook=known_words(stream),
        )
        save_with_reason(flow, by=by, at=at, reason=reason)
        draft = begin(flow, by=by, at=at, reason=reason)
        stream.flow = flow
        save_with_reason(stream, by=by, at=at, reason=reason)
    return draft


def known_words(stream: ValueStream) -> str:
    """Return what is known of a value stream as Markdown, for a runbook."""
    parts = [_("From the value stream “%(name)s”.") % {"name": stream.name}]
    if stream.begins_with:
        parts.append(_("Begins with: %(what)s") % {"what": stream.begins_with})
    parts.append(_("How often: %(often)s") % {"often": stream.how_often})
    for heading, rows in (
        (_("Decision points"), stream.decision_points),
        (_("Known failures"), stream.known_failures),
    ):
        if rows:
            lines = "\n".join(f"- {row}" for row in rows)
            parts.append(f"## {heading}\n\n{lines}")
    return "\n\n".join(parts)
