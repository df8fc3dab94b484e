"""Declare the kinds of events that the adapters read."""

from __future__ import annotations

from itertools import product

from integrations.adapters.form.adapter import KIND
from integrations.adapters.hubspot.events import OBJECTS, VERBS
from routing.flows.registry import sends

sends(KIND, *(f"hubspot.{name}.{verb}" for name, verb in product(OBJECTS, VERBS)))
