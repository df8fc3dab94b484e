"""The places that may write a state without a verb, each with its reason."""

from __future__ import annotations

_ARRIVAL = "an arrival has no machine: one statement receives it, or counts it again"
_STEP = "inserts steps, or queues and finishes those that are there; the states are their verbs'"
_CLOCK = "a mark of a clock keeps, as evidence, the state that its item had"
_MIRROR = "copies the state that a verb, or the first row, gave the noun to its work item"

ALLOWED = {
    "integrations/inbox/receive.py::_INTO": _ARRIVAL,
    "integrations/inbox/receive.py::_AGAIN": _ARRIVAL,
    "routing/kernel/tables.py::Table.__init__": "holds the name of the column, not a state",
    "routing/runs/steps.py::DUE": _STEP,
    "routing/runs/steps.py::DONE": _STEP,
    "routing/sla/operations/clocks.py::_insert": _CLOCK,
    "routing/sla/operations/clocks.py::_update": _CLOCK,
    "routing/work/creation.py::_create": _MIRROR,
    "routing/work/door.py::_turn": _MIRROR,
}
