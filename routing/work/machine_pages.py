"""docs/states: a page for every noun that has a state machine, written from what the code declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import models

from routing.kernel.roles import Role, matrix
from routing.work.door import Operation, all_operations, operations_of
from routing.work.machines import gates_of, in_words, machines, moves, noun, state_field, states

INDEX = "README.md"
WRITTEN = "<!-- Written by `make states`; edits are lost. -->\n"
ANY, SAME = "any", "the same"


def pages() -> dict[str, str]:
    """Text by file name."""
    found = {file_of(model): page(model) for model in machines()}
    return {INDEX: index(), **found}


def file_of(model: type[models.Model]) -> str:
    return f"{noun(model).replace(' ', '-')}.md"


def index() -> str:
    listed = "\n".join(f"- [{noun(model)}]({file_of(model)}): {', '.join(map(in_words, states(model)))}" for model in machines())
    others = sorted({step.model for step in all_operations()} - set(machines()), key=noun)
    verbs = "\n\n".join(f"## Verbs of every {noun(model)}\n\n{table(model, {})}\n\n{explained(model)}".rstrip() for model in others)
    return f"{WRITTEN}# States\n\nEvery noun that has a state machine, with its states in the order of the work.\n\n{listed}\n\n{verbs}\n"


def page(model: type[models.Model]) -> str:
    title = noun(model).capitalize()
    parts = [f"# {title}", diagram(model), table(model, moves(model)), explained(model)]
    return WRITTEN + "\n\n".join(part for part in parts if part) + "\n"


def diagram(model: type[models.Model]) -> str:
    """Verbs that keep the state are in the table alone: as loops they hide the way of the work."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for verb, ways in moves(model).items():
        for source, target in ways.items():
            if source != target:
                arrows.setdefault((source, target), []).append(in_words(verb))
    start = str(state_field(model).get_default())
    ends = {target for _source, target in arrows} - {source for source, _target in arrows}
    lines = [f"[*] --> {start}", *(f"{source} --> {target}: {', '.join(verbs)}" for (source, target), verbs in arrows.items())]
    lines += [f"{state} --> [*]" for state in states(model) if state in ends]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```"])


def table(model: type[models.Model], ways: Mapping[str, Mapping[str, str]]) -> str:
    steps = operations_of(model)
    lines = [row for verb in sorted({*steps, *ways}) for row in rows_of(verb, steps.get(verb), ways.get(verb, {}))]
    return "\n".join(["| verb | from | to | who may | gates |", "|---|---|---|---|---|", *lines])


def rows_of(verb: str, step: Operation | None, ways: Mapping[str, str]) -> Iterable[str]:
    """A row for each state that the verb leads to."""
    sources: dict[str, list[str]] = {} if ways else {SAME: [ANY]}
    for source, target in ways.items():
        sources.setdefault(SAME if source == target else in_words(target), []).append(in_words(source))
    gates = ", ".join(gates_of(step)) if step else ""
    for target, found in sources.items():
        yield f"| {in_words(verb)} | {', '.join(found)} | {target} | {who_may(step)} | {gates} |"


def who_may(step: Operation | None) -> str:
    """The roles that hold its permission; what no role holds, only the system does."""
    if step is None:
        return "nobody"
    roles: Sequence[Any] = [role.label for role in Role if role in matrix().get(step.permission, ())]
    return ", ".join(map(str, roles)) or "the system"


def explained(model: type[models.Model]) -> str:
    """The gates that have more to say than their names."""
    found = {name: words for step in operations_of(model).values() for name, words in gates_of(step).items() if words}
    lines = "\n".join(f"- **{name}**: {words}" for name, words in sorted(found.items()))
    return f"What the gates do:\n\n{lines}" if lines else ""
