"""Triggers in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from routing.flows.event_catalogue import field_of, kind_words
from routing.flows.trigger_operators import TriggerOperator
from routing.flows.triggers import TriggerLike


def trigger_words(trigger: TriggerLike) -> str:
    """Return a trigger as a phrase: “Deal changed (HubSpot), if Amount is at least “5000””."""
    if not trigger.field:
        return kind_words(trigger.kind)
    field = field_of(trigger.kind, trigger.field)
    named = dict(field.choices()) if field else {}
    values = trigger.values if trigger.operator == TriggerOperator.ONE_OF else [trigger.value]
    return _("%(event)s, if %(field)s %(operator)s %(value)s") % {
        "event": kind_words(trigger.kind),
        "field": field.label if field else f"“{trigger.field}”",
        "operator": TriggerOperator(trigger.operator).label,
        "value": ", ".join(f"“{named.get(value, value)}”" for value in values),
    }
