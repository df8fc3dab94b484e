"""
Pages of docs/states: one for every model with a state machine, written from the declarations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import models

from routing.kernel.transitions import state_field
from routing.work.door import all_operations, operations_of
from routing.work.machines import (
    callers_of,
    gates_of,
    in_words,
    machines,
    moves,
    noun,
    states,
)

INDEX = "README.md"
WRITTEN = "<!-- Written by `make states`; edits are lost. -->\n"
ANY, SAME, FOLLOWS = "any", "the same", "follows other steps"
LEGEND = f"""How to read the tables:

- *who may*: roles of the agency, and of the client's contacts in the portal. Gates narrow this down for each row.
- *{FOLLOWS}*: nobody calls the verb. It follows from another step, a deadline or an answer from outside, and history
  names whoever caused it: a person of the agency, a contact of the client or a service user.
- *gates*: what is asked before the step, in this order; every page explains its gates."""  # noqa: E501


def pages() -> dict[str, str]:
    """Return the texts by file name."""
    found = {file_of(model): page(model) for model in machines()}
    return {INDEX: index(), **found}


def file_of(model: type[models.Model]) -> str:
    return f"{noun(model).replace(' ', '-')}.md"


def index() -> str:
    """Link every page, explain the tables, and show the verbs of nouns without a state machine."""
    nouns = [
        f"- [{noun(model)}]({file_of(model)}): {', '.join(map(in_words, states(model)))}"
        for model in machines()
    ]
    opening = (
        "# States\n\nEvery noun that has a state machine, with its states in the order of the work."
    )
    parts = [opening, "\n".join(nouns), LEGEND]
    for model in sorted({step.model for step in all_operations()} - set(machines()), key=noun):
        parts += [f"## Verbs of every {noun(model)}", table(model, {}), explained(model)]
    return WRITTEN + "\n\n".join(part for part in parts if part) + "\n"


def page(model: type[models.Model]) -> str:
    title = noun(model).capitalize()
    parts = [f"# {title}", diagram(model), table(model, moves(model)), explained(model)]
    return WRITTEN + "\n\n".join(part for part in parts if part) + "\n"


def diagram(model: type[models.Model]) -> str:
    """Return the diagram of a machine."""
    # Verbs that keep the state are in the table only. As loops they would hide the way of the work.
    arrows: dict[tuple[str, str], list[str]] = {}
    for verb, ways in moves(model).items():
        for source, target in ways.items():
            if source != target:
                arrows.setdefault((source, target), []).append(in_words(verb))
    start = str(state_field(model).get_default())
    ends = {target for _source, target in arrows} - {source for source, _target in arrows}
    lines = [
        f"[*] --> {start}",
        *(
            f"{source} --> {target}: {', '.join(verbs)}"
            for (source, target), verbs in arrows.items()
        ),
    ]
    lines += [f"{state} --> [*]" for state in states(model) if state in ends]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```"])


def table(model: type[models.Model], ways: Mapping[str, Mapping[str, str]]) -> str:
    steps = operations_of(model)
    lines = ["| verb | from | to | who may | gates |", "|---|---|---|---|---|"]
    for verb in sorted({*steps, *ways}):
        who, gates = who_may(model, verb), gates_before(model, verb)
        for target, sources in targets(ways.get(verb, {})).items():
            lines.append(
                f"| {in_words(verb)} | {', '.join(sources)} | {target} | {who} | {gates} |"
            )
    return "\n".join(lines)


def targets(ways: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """Return the states that a verb leads to, each with those it leads there from."""
    if not ways:
        return {SAME: [ANY]}
    found: dict[str, list[str]] = {}
    for source, target in ways.items():
        found.setdefault(SAME if source == target else in_words(target), []).append(
            in_words(source)
        )
    return found


def who_may(model: type[models.Model], verb: str) -> str:
    """Name the roles that may call a verb, and the client's people who may."""
    callers = callers_of(model, verb)
    contacts = [f"client {role.label.lower()}" for role in callers.contacts]
    return ", ".join([*(str(role.label) for role in callers.roles), *contacts]) or FOLLOWS


def gates_before(model: type[models.Model], verb: str) -> str:
    """
    Name the gates of a verb, or the steps that may become it, which ask their own gates instead.
    """
    steps = operations_of(model)
    via = [
        in_words(step.verb) for step in steps.values() if verb in step.becomes and step.verb != verb
    ]
    through = f"those of {' or '.join(via)}" if via else ""
    if verb not in steps or (steps[verb].system and through):
        return through
    return ", or ".join(part for part in (", ".join(gates_of(steps[verb])), through) if part)


def explained(model: type[models.Model]) -> str:
    """List the gates with their meanings, and the steps that may become another verb."""
    gates: dict[str, str] = {}
    becoming = []
    for verb, step in sorted(operations_of(model).items()):
        gates.update(gates_of(step))
        if step.becomes:
            becoming.append(
                f"- **{in_words(verb)}** can become: {', '.join(map(in_words, step.becomes))}"
            )
    parts = []
    if becoming:
        parts.append("Steps that can become another verb:\n\n" + "\n".join(becoming))
    if gates:
        lines = "\n".join(f"- **{name}**: {words}" for name, words in sorted(gates.items()))
        parts.append(f"What the gates do:\n\n{lines}")
    return "\n\n".join(parts)
