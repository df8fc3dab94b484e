"""
Next steps for a work item and the refusals of the others: the answers of the gates, sorted for a
person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing.desk.addresses import address
from routing.kernel.roles import holders
from routing.kernel.transitions import transition_of
from routing.people.actors import Actor
from routing.work.declaration import Facts
from routing.work.door import Operation, operations_of
from routing.work.gates import ContextWith, GateResult
from routing.work.items import WorkItem, WorkNoun
from routing.work.judging import judge


@dataclass(frozen=True, slots=True)
class Offer:
    """One step that can be taken now."""

    step: Operation[Any]
    url: str

    @property
    def plain(self) -> bool:
        """Return whether the button performs the step directly, without a form."""
        return not self.step.details and not self.step.needs_reason and not self.step.danger


@dataclass(frozen=True, slots=True)
class Held:
    """Steps that the same refusals hold back."""

    steps: list[Operation[Any]]
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


def steps_of(model: type[WorkNoun | WorkItem]) -> Mapping[str, Operation[Any]]:
    """
    The operations a person can call on the noun, then those on its work item, in the order they
    were declared.
    """
    both = {
        **operations_of(model),
        **{k: v for k, v in operations_of(WorkItem).items() if k not in operations_of(model)},
    }
    # What only contacts do is in the portal.
    return {verb: step for verb, step in both.items() if not step.system and step.may}


def target(step: Operation[Any], row: Any) -> Any:
    """Return the target of the step: the noun itself or its work item."""
    return row if isinstance(row, step.model) else row.item


class PageFacts:
    """
    What the gates say on one page, the facts that several steps need loaded once for all of them.

    It lives as long as the page is made for one person; an operation loads its facts anew, under
    its locks.
    """

    def __init__(self, by: Actor, at: datetime) -> None:
        self.by, self.at = by, at
        self._loaded: dict[tuple[Facts[Any], tuple[Any, ...]], Mapping[int, Any]] = {}

    def of(self, load: Facts[Any], rows: Sequence[Any]) -> Mapping[int, Any]:
        key = load, tuple(row.pk for row in rows)
        if key not in self._loaded:
            self._loaded[key] = load(rows, self.by, self.at, None)
        return self._loaded[key]

    def answers(self, step: Operation[Any], rows: Sequence[Any]) -> dict[int, list[GateResult]]:
        """What the step's gates would say now of each row, by id."""
        facts = self.of(step.facts, rows) if step.facts and rows else {}
        context: ContextWith[Any] = ContextWith(self.by, self.at, facts=facts, preview=True)
        return {row.pk: judge(step, row, context) for row in rows}

    def refusals(self, step: Operation[Any], row: Any) -> tuple[GateResult, ...]:
        return tuple(each for each in self.answers(step, [row])[row.pk] if not each.passed)


def answers(
    step: Operation[Any], rows: Sequence[Any], *, by: Actor, at: datetime
) -> dict[int, list[GateResult]]:
    """What the step's gates would say now of each row, by id, the facts loaded once for all."""
    return PageFacts(by, at).answers(step, rows)


def refusals(step: Operation[Any], row: Any, *, by: Actor, at: datetime) -> tuple[GateResult, ...]:
    return PageFacts(by, at).refusals(step, row)


def panel(row: Any, known: PageFacts, *, onward: Sequence[str] = ()) -> Panel:
    """
    The steps for one page. Left out is what is no step from here: another state, or something
    nobody can clear.

    :param onward: the verbs that carry this noun on, in their order; without any, every calm one
        that changes its state
    """
    made = Panel()
    held: dict[tuple[GateResult, ...], list[Operation[Any]]] = {}
    not_yours: dict[str, list[str]] = {}
    ready = []
    for step in steps_of(type(row)).values():
        about = target(step, row)
        if not leads_from(step, about.state):
            continue  # before its facts are loaded: most steps are from another state
        against = known.refusals(step, about)
        if any(
            each.code in {"state", "open"} or not (each.clears_by or each.where) for each in against
        ):
            continue
        if not known.by.may(step.permission):
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
    """
    The one step that carries the work on: the first that changes its state; for work on hold,
    resuming it.
    """
    calm = [offer for offer in ready if not offer.step.danger]
    onward = [offer for offer in calm if changes_state(offer.step)]
    if verbs:
        onward = sorted(
            (offer for offer in calm if offer.step.verb in verbs),
            key=lambda offer: verbs.index(offer.step.verb),
        )
    if not onward and getattr(row, "item", row).held_at is not None:
        onward = [offer for offer in calm if offer.step.model is WorkItem]
    return onward[0] if onward else None


def changes_state(step: Operation[Any]) -> bool:
    change = transition_of(step.model, step.verb)
    return change is not None and not change.is_still


def leads_from(step: Operation[Any], state: str) -> bool:
    """Whether the step can be taken in this state; one that is no transition can in any."""
    change = transition_of(step.model, step.verb)
    return change is None or state in change.targets


def target_state(step: Operation[Any], row: Any) -> str:
    """Where the step leads from here, in words; empty when the state stays."""
    change = transition_of(step.model, step.verb)
    if change is None or change.is_still or row.state not in change.targets:
        return ""
    return str(dict(row.State.choices).get(change.targets[row.state], ""))
