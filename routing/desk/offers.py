"""
The steps that a page offers, and the reasons against the others, sorted for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    """One step that is possible now."""

    step: Operation[Any]
    url: str

    @property
    def plain(self) -> bool:
        """Return whether the button performs the step directly, without a form."""
        return not self.step.details and not self.step.needs_reason and not self.step.danger


@dataclass(frozen=True, slots=True)
class Held:
    """Steps that are refused for the same reasons."""

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
    Return the operations that people can call on rows of a model, and then those on their work
    items, in the order of declaration.
    """
    steps = dict(operations_of(model))
    for verb, step in operations_of(WorkItem).items():
        steps.setdefault(verb, step)
    # Steps without roles of the agency are for contacts, who find them in the portal.
    return {verb: step for verb, step in steps.items() if not step.system and step.may}


def target(step: Operation[Any], row: Any) -> Any:
    """Return the target of the step: the row itself or its work item."""
    return row if isinstance(row, step.model) else row.item


class PageFacts:
    """
    The answers of gates for one page. Facts that several steps need are loaded once.

    Use it for one request and one person only: an operation loads its facts again, under its locks.
    """

    def __init__(self, by: Actor, at: datetime) -> None:
        self.by, self.at = by, at
        self._loaded: dict[tuple[Facts[Any], tuple[Any, ...]], Mapping[int, Any]] = {}
        self._instead: dict[Facts[Any], Callable[[Sequence[Any]], Mapping[int, Any]]] = {}

    def instead(self, load: Facts[Any], make: Callable[[Sequence[Any]], Mapping[int, Any]]) -> None:
        """
        Make the facts of ``load`` from what the page has loaded.

        :param make: returns for some rows the same facts as ``load``
        """
        self._instead[load] = make

    def of(self, load: Facts[Any], rows: Sequence[Any]) -> Mapping[int, Any]:
        key = load, tuple(row.pk for row in rows)
        if key not in self._loaded:
            make = self._instead.get(load)
            self._loaded[key] = make(rows) if make else load(rows, self.by, self.at, None)
        return self._loaded[key]

    def answers(self, step: Operation[Any], rows: Sequence[Any]) -> dict[int, list[GateResult]]:
        """Return the current answers of the step's gates for each row, by id."""
        facts = self.of(step.facts, rows) if step.facts and rows else {}
        context: ContextWith[Any] = ContextWith(self.by, self.at, facts=facts, preview=True)
        return {row.pk: judge(step, row, context) for row in rows}

    def refusals(self, step: Operation[Any], row: Any) -> tuple[GateResult, ...]:
        return tuple(each for each in self.answers(step, [row])[row.pk] if not each.passed)


def answers(
    step: Operation[Any], rows: Sequence[Any], *, by: Actor, at: datetime
) -> dict[int, list[GateResult]]:
    """Return the current answers of the step's gates for each row, by id."""
    return PageFacts(by, at).answers(step, rows)


def refusals(step: Operation[Any], row: Any, *, by: Actor, at: datetime) -> tuple[GateResult, ...]:
    return PageFacts(by, at).refusals(step, row)


def panel(row: Any, known: PageFacts, *, onward: Sequence[str] = ()) -> Panel:
    """
    Return the steps for a page, without those that are impossible in this state or that nobody can
    unblock.

    :param onward: verbs for the main button, in order of preference. Without any, the first safe
        step that changes the state is used.
    """
    made = Panel()
    held: dict[tuple[GateResult, ...], list[Operation[Any]]] = {}
    not_yours: dict[str, list[str]] = {}
    ready = []
    for step in steps_of(type(row)).values():
        about = target(step, row)
        if not leads_from(step, about.state):
            continue  # checked before facts are loaded, because most steps need another state
        against = known.refusals(step, about)
        if any(each.is_final for each in against):
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
    Return the step for the main button: the first safe one that changes the state or, for work on
    hold, the one that resumes it.
    """
    safe = [offer for offer in ready if not offer.step.danger]
    if verbs:
        onward = [offer for offer in safe if offer.step.verb in verbs]
        onward.sort(key=lambda offer: verbs.index(offer.step.verb))
    else:
        onward = [offer for offer in safe if changes_state(offer.step)]
    if not onward and getattr(row, "item", row).held_at is not None:
        onward = [offer for offer in safe if offer.step.model is WorkItem]
    return onward[0] if onward else None


def changes_state(step: Operation[Any]) -> bool:
    change = transition_of(step.model, step.verb)
    return change is not None and not change.is_still


def leads_from(step: Operation[Any], state: str) -> bool:
    """Return whether the step is possible in this state. Without a transition it always is."""
    change = transition_of(step.model, step.verb)
    return change is None or state in change.targets


def target_state(step: Operation[Any], row: Any) -> str:
    """Return the label of the state to which the step leads, or empty if the state stays."""
    change = transition_of(step.model, step.verb)
    if change is None or change.is_still or row.state not in change.targets:
        return ""
    return str(dict(row.State.choices).get(change.targets[row.state], ""))
