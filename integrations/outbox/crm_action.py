"""The action Update the deal of a flow: a text in one of our own properties of the deal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters.registry import adapter_of
from integrations.base.connections import Connection
from integrations.outbox.crm import DEAL, update_deals
from routing.flows.actions import (
    ActionInput,
    ActionKind,
    ActionRefused,
    InputChoice,
    action_kind,
)
from routing.flows.models import FlowVersion
from routing.flows.registry import facts_of_kind
from routing.people.actors import Actor
from routing.runs.registry import RoutedRun

FIELD, VALUE = "field", "value"


def fields() -> list[InputChoice]:
    """Return what a flow may write. The state and the dates follow the work by themselves."""
    return [
        InputChoice("note", gettext_lazy("Note")),
        InputChoice("next_step", gettext_lazy("Next step")),
    ]


def update(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> Mapping[int, ActionRefused]:
    """Queue a message for the deal of each run, which the outbox sends and reads back."""
    refused: dict[int, ActionRefused] = {}
    sources = {job.run.source for job in jobs}
    connections = {each.slug: each for each in Connection.objects.filter(slug__in=sources)}
    updates = []
    for job in jobs:
        changes = {job.inputs.get(FIELD, ""): job.inputs.get(VALUE, "").strip()}
        if why := _refusal(job, connections.get(job.run.source), changes):
            refused[job.run.pk] = ActionRefused(why)
        else:
            updates.append((job.run, changes))
    update_deals(updates, by=by, at=at)
    return refused


def _refusal(job: RoutedRun, connection: Connection | None, changes: Mapping[str, str]) -> str:
    """Return why the deal of a run cannot be updated, or an empty string."""
    if job.run.subject_type != DEAL or connection is None:
        return _("This run is not about a deal of a connected CRM.")
    if not all(changes.values()):
        return _("There is nothing to write: the value is empty.")
    adapter = adapter_of(connection.kind)
    settings = connection.valid_settings
    if adapter is None or adapter.outcome_content(changes, settings) is None:
        words = _("The connection %(name)s does not write this field. Check its setting “writes”.")
        return words % {"name": connection.name}
    return ""


def _never(version: FlowVersion, inputs: Mapping[str, str]) -> str:
    """Return that no event which starts the version is about a deal, if so."""
    for trigger in version.triggers.all():
        facts = facts_of_kind(trigger.kind) or ()
        if any(name.startswith(f"{DEAL}.") for name in facts):
            return ""
    return _("no trigger of this version is about a deal in a CRM.")


UPDATE_DEAL = action_kind(
    ActionKind(
        name="integrations.update_deal",
        label=gettext_lazy("Update the deal in the CRM"),
        changes=(gettext_lazy("CRM: the properties throughline_note and throughline_next_step"),),
        undo=gettext_lazy(
            "Change the property in the CRM, or let a later version of the flow write another "
            "value. A message that was not sent yet can be discarded in the outbox."
        ),
        carry_out=update,
        inputs=(
            ActionInput(FIELD, gettext_lazy("Field"), choices=fields),
            ActionInput(
                VALUE,
                gettext_lazy("Value"),
                gettext_lazy("Fields in braces are replaced, such as {deal.name}."),
            ),
        ),
        never=_never,
    )
)
