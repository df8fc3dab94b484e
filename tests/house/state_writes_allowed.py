"""The places that may write a state without a verb, each with its reason."""

from __future__ import annotations

_ARRIVAL = "an arrival has no machine: it is received, counted again or read again"
_STEP = "inserts steps, or queues and finishes those that are there; the states are their verbs'"
_CLOCK = "a mark of a clock keeps, as evidence, the state that its item had"
_MIRROR = "copies the state that a verb, or the first row, gave the noun to its work item"

ALLOWED = {
    "integrations/inbox/receive.py::STORE": _ARRIVAL,
    "integrations/inbox/receive.py::BESIDE": _ARRIVAL,
    "integrations/inbox/receive.py::_AGAIN": _ARRIVAL,
    "integrations/inbox/receive.py::read_again": _ARRIVAL,
    "routing/kernel/tables.py::Table.__init__": "holds the name of the column, not a state",
    "routing/runs/steps.py::DUE": _STEP,
    "routing/runs/steps.py::DONE": _STEP,
    "routing/runs/steps.py::_DUE": _STEP,
    "routing/runs/steps.py::_DONE": _STEP,
    "routing/sla/operations/clocks.py::_STARTED": "a clock has no state: its columns are spread",
    "routing/sla/operations/clocks.py::_FIRST_MARK": _CLOCK,
    "routing/sla/operations/clocks.py::_MARK": _CLOCK,
    "routing/work/creation.py::_create": _MIRROR,
    "routing/work/door.py::_turn": _MIRROR,
}
