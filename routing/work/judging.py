"""The gates of a step in one order, for the door and for buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from routing.kernel.roles import holders
from routing.kernel.transitions import transition_of
from routing.people.actors import Actor
from routing.work.declaration import Declaration
from routing.work.gates import ContextWith, GateResult, passed, refused

NOT_FROM_HERE = _("Not allowed in this state.")
Step = TypeVar("Step", bound=Declaration[Any])


@dataclass(frozen=True, slots=True)
class CallContext:
    """Context of a call: actor, time, reason and details."""

    by: Actor
    at: datetime
    reason: str
    details: object = None


def judge(step: Declaration[Any], row: Any, context: ContextWith[Any]) -> list[GateResult]:
    """Return all answers, passed or not, in the order in which a person should clear them."""
    # The state comes first. In the wrong one, no other answer helps.
    return [_state(step, row), *(gate(row, context) for gate in step.all_gates)]


def preview(
    steps: Sequence[Step], row: Any, *, by: Actor, at: datetime
) -> list[tuple[Step, list[GateResult]]]:
    """
    Return the answer of each operation without doing it.

    Buttons use it. They agree with the door because both ask the same gates.
    """
    answers = []
    for step in steps:
        context = context_of(step, [row], CallContext(by, at, ""), preview=True)
        answers.append((step, [_permission(step, by), *judge(step, row, context)]))
    return answers


def context_of(
    step: Declaration[Any], rows: Sequence[Any], asked: CallContext, *, preview: bool = False
) -> ContextWith[Any]:
    """Load what the gates of a step need to know, once for all rows."""
    facts = step.facts(rows, asked.by, asked.at, asked.details) if step.facts and rows else {}
    return ContextWith(asked.by, asked.at, asked.reason, facts, preview, asked.details)


def _permission(step: Declaration[Any], by: Actor) -> GateResult:
    if step.open_to(by):
        return passed("permission")
    return refused(
        "permission", _("Your role does not allow this."), clears_by=holders(step.permission)
    )


def _state(step: Declaration[Any], row: Any) -> GateResult:
    change = transition_of(step.model, step.verb)
    if change is None or row.state in change.targets:
        return passed("state", evidence=row.state)
    return refused("state", NOT_FROM_HERE, evidence=row.state)
