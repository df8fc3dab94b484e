"""Declare the kinds of events that the adapters read, and the facts they bring."""

from __future__ import annotations

from itertools import product

from integrations.adapters.form.adapter import KIND
from integrations.adapters.hubspot.events import OBJECTS, VERBS
from integrations.adapters.hubspot.mapping import FIELDS, FULL_NAME
from routing.flows.registry import fills, sends

HUBSPOT_KINDS = tuple(f"hubspot.{name}.{verb}" for name, verb in product(OBJECTS, VERBS))

sends(KIND, *HUBSPOT_KINDS)
fills(HUBSPOT_KINDS, [FULL_NAME, *(each.name for each in FIELDS)])
