"""Next steps for a work item and the refusals of the others: the answers of the gates, sorted for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.desk.addresses import address
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.work.door import Operation, judge, operations_of
from routing.work.gates import Context, GateResult
from routing.work.items import WorkItem, WorkNoun


@dataclass(frozen=True, slots=True)
class Offer:
    """One step that can be taken now."""

    step: Operation
    url: str

    @property
    def plain(self) -> bool:
        """Return whether the button performs the step directly, without a form."""
        return not self.step.details and not self.step.needs_reason and not self.step.danger


@dataclass(frozen=True, slots=True)
class Held:
    """Steps that the same refusals hold back."""

    steps: list[Operation]
    refusals: tuple[GateResult, ...]


@dataclass(slots=True)
class Panel:
    first: Offer | None = None
    others: list[Offer] = field(default_factory=list)
    dangers: list[Offer] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    not_yours: list[tuple[str, str]] = field(default_factory=list)  # steps, and the roles that may

    @property
    def empty(self) -> bool:
        return not (self.first or self.others or self.dangers)


def steps_of(model: type[WorkNoun | WorkItem]) -> Mapping[str, Operation]:
    """The operations a person can call on the noun, then those on its work item, in the order they were declared."""
    both = {**operations_of(model), **{k: v for k, v in operations_of(WorkItem).items() if k not in operations_of(model)}}
    return {verb: step for verb, step in both.items() if not step.system and step.may}  # what only contacts do is in the portal


def target(step: Operation, row: Any) -> Any:
    """Return the target of the step: the noun itself or its work item."""
    return row if isinstance(row, step.model) else row.item


def answers(step: Operation, rows: Sequence[Any], *, by: Actor, at: datetime) -> dict[int, list[GateResult]]:
    """Return the gates' answers for each row by id. The facts are loaded once for all rows."""
    facts = step.facts(rows, by, at, {}) if step.facts and rows else {}
    context = Context(by, at, {}, facts, preview=True)
    return {row.pk: judge(step, row, context) for row in rows}


def refusals(step: Operation, row: Any, *, by: Actor, at: datetime) -> tuple[GateResult, ...]:
    found = answers(step, [row], by=by, at=at)[row.pk]
    return tuple(each for each in found if not each.passed)


def panel(row: Any, *, by: Actor, at: datetime, onward: Sequence[str] = ()) -> Panel:
    """
    The steps for one page. Left out is what is no step from here: another state, or something nobody can clear.

    :param onward: the verbs that carry this noun on, in their order; without any, every calm one that changes its state
    """
    made = Panel()
    held: dict[tuple[GateResult, ...], list[Operation]] = {}
    not_yours: dict[str, list[str]] = {}
    ready = []
    for step in steps_of(type(row)).values():
        against = refusals(step, target(step, row), by=by, at=at)
        if any(each.code in {"state", "open"} or not (each.clears_by or each.where) for each in against):
            continue
        if not by.may(step.permission):
            not_yours.setdefault(holders(step.permission), []).append(str(step.label))
        elif against:
            held.setdefault(against, []).append(step)
        else:
            ready.append(Offer(step, address(type(row), "step", row.pk, step.verb)))
    made.first = _first(ready, row, onward)
    made.others = [offer for offer in ready if not offer.step.danger and offer is not made.first]
    made.dangers = [offer for offer in ready if offer.step.danger]
    made.held = [Held(steps, against) for against, steps in held.items()]
    made.not_yours = [(", ".join(labels), roles) for roles, labels in not_yours.items()]
    return made


def _first(ready: Sequence[Offer], row: Any, verbs: Sequence[str]) -> Offer | None:
    """The one step that carries the work on: the first that changes its state; for work on hold, resuming it."""
    calm = [offer for offer in ready if not offer.step.danger]
    onward = [offer for offer in calm if changes_state(offer.step)]
    if verbs:
        onward = sorted((offer for offer in calm if offer.step.verb in verbs), key=lambda offer: verbs.index(offer.step.verb))
    if not onward and getattr(row, "item", row).held_at is not None:
        onward = [offer for offer in calm if offer.step.model is WorkItem]
    return onward[0] if onward else None


def changes_state(step: Operation) -> bool:
    machine = getattr(getattr(step.model, step.verb, None), "_django_fsm", None)
    return machine is not None and any(way.target is not None for way in machine.transitions.values())


def target_state(step: Operation, row: Any) -> str:
    """Return the label of the state after the step, or an empty string if the state does not change."""
    machine = getattr(getattr(step.model, step.verb, None), "_django_fsm", None)
    if machine is None or not machine.has_transition(row.state):
        return ""
    goal = machine.next_state(row.state)
    return str(dict(row.State.choices).get(goal, "")) if goal else ""
