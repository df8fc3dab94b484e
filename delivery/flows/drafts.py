"""Steps that the shipped flows share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from routing.flows.actions import ActionSpec, keep_actions
from routing.flows.fields import FieldType
from routing.flows.models import Flow, FlowField, FlowVersion
from routing.people.actors import Actor
from routing.people.saving import save_with_reason

WHY = "Shipped with the product."


class ShippedField(NamedTuple):
    """A field of a shipped flow. Values of ``personal`` fields can be erased."""

    name: str
    label: str
    type: FieldType
    required: bool = False
    personal: bool = False
    choices: tuple[str, ...] = ()


def published_version(slug: str) -> FlowVersion | None:
    """
    Return the newest published version of a flow, or None if there is no such flow.

    :raises FlowVersion.DoesNotExist: if the flow has drafts only
    """
    flow = Flow.objects.filter(slug=slug).first()
    if flow is None:
        return None
    return FlowVersion.objects.filter(flow=flow, published_at__isnull=False).latest("number")


def save_draft(
    flow: Flow,
    template: str,
    title: str,
    fields: Sequence[ShippedField],
    *,
    criteria: Sequence[str],
    action: str = "delivery.open_request",
    by: Actor,
    at: datetime,
) -> FlowVersion:
    """Save a new flow with the draft of its first version, which opens requests."""
    save_with_reason(flow, by=by, at=at, reason=WHY)
    version = FlowVersion(
        flow=flow,
        number=1,
        action=action,
        template=template,
        title=title,
        criteria=list(criteria),
    )
    save_with_reason(version, by=by, at=at, reason=WHY)
    keep_actions(version, [ActionSpec(action)])
    FlowField.objects.bulk_create(
        [_field(version, field, position) for position, field in enumerate(fields)]
    )
    return version


def _field(version: FlowVersion, field: ShippedField, position: int) -> FlowField:
    return FlowField(
        version=version,
        name=field.name,
        label=field.label,
        type=field.type.value,
        required=field.required,
        personal=field.personal,
        choices=list(field.choices),
        position=position,
    )
